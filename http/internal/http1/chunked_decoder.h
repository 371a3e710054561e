// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP1_CHUNKED_DECODER_H_
#define WEFT_HTTP_INTERNAL_HTTP1_CHUNKED_DECODER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <weft/http/fields.h>
#include <weft/http/internal/http1/refusal.h>

namespace weft::internal {

// Decodes the chunked transfer coding of a body (RFC 9112 section 7.1), piece by piece, without copying the body.
// Linear in the bytes however they are split; only trailers are stored.
//
//   for (;;) {
//     ChunkedDecoder::Step step = decoder.Next(bytes);
//     bytes.remove_prefix(step.consumed);
//     if (step.state == ChunkedDecoder::State::kData) Use(step.data); else break;
//   }
class ChunkedDecoder {
 public:
  enum class State : std::uint8_t {
    kNeedMore,  // all bytes were consumed, the body continues
    kData,      // `data` is the next piece of the body
    kDone,      // the body and its trailers have ended; what was not consumed belongs to the next message
    kBad,       // `status` and `reason` say why; the connection can no longer be used
  };

  struct Step {
    State state;
    std::size_t consumed = 0;    // bytes to discard, including `data`
    std::string_view data = {};  // into the bytes that were given; not empty if kData
    int status = 0;
    const char* reason = nullptr;
  };

  static constexpr std::size_t kSizeDigitsMax = 16;            // leading zeros count
  static constexpr std::uint32_t kExtensionSlack = 4 * 1024;   // bytes of extensions without any body
  static constexpr std::uint32_t kDataPerExtensionByte = 16;   // and one more for each 16 bytes of body
  static constexpr std::size_t kTrailerBytesMax = 8 * 1024;
  static constexpr std::size_t kTrailerFieldsMax = 32;

  // Takes the next step on `bytes`, which begin where the last step stopped. After kDone or kBad it must not be
  // called.
  Step Next(std::string_view bytes);

  // The trailer fields after kDone, copied into `out`. They are kept apart from the head's fields, and names that
  // frame, route or authenticate a message are refused (RFC 9110 section 6.5.1).
  void CopyTrailersTo(Fields& out) const;

  // Bytes of the chunk that is being read that were announced but not yet handed out: a body limit can refuse them
  // early.
  std::uint64_t ChunkRemaining() const { return chunk_remaining_; }

 private:
  enum class Stage : std::uint8_t {
    kSize,
    kSizeBlank,       // an extension must follow
    kExtensionBegin,  // after ';'
    kExtensionName,
    kNameBlank,
    kValueBegin,      // after '='
    kValueToken,
    kValueQuoted,
    kValueEscape,
    kValueEnd,        // after the closing quote
    kValueBlank,      // another extension must follow
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,  // from here on: after the last chunk
    kTrailerLine,
    kTrailerLf,
    kEndLf,
    kDone,
  };

  Refusal ReadFrameByte(char c);
  Refusal ReadExtensionByte(char c);
  Refusal TokenByte(char c, Stage token);
  Refusal EndOfExtension(char c);
  Refusal BeforeExtension(char c, Stage blank);
  Refusal CountExtension();
  Refusal EndSizeLine();
  Step ReadTrailers(std::string_view bytes, std::size_t at);

  Stage stage_ = Stage::kSize;
  std::uint8_t size_digits_ = 0;
  std::uint16_t trailer_fields_ = 0;
  std::uint32_t extension_excess_ = 0;
  std::uint32_t trailer_line_ = 0;  // start of the line that is being read, in trailers_
  std::uint64_t chunk_remaining_ = 0;
  std::string trailers_;            // complete lines, each with CRLF, and the one that is being read
};

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_HTTP1_CHUNKED_DECODER_H_
