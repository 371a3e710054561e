// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_MULTIPART_SCANNER_H_
#define WEFT_HTTP_INTERNAL_MULTIPART_SCANNER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weft::internal {

// Finds the parts in the bytes of a multipart body (RFC 2046 section 5.1.1). It keeps none of the
// bytes, and reports the same however they are split. It is strict where two
// readers could differ: lines end in CRLF, and a line that begins with the boundary and continues is an error (for the RFC it
// is a boundary, "an exact match of the entire candidate line is not required", so no content may have it; for Go it is
// content).
class MultipartScanner {
 public:
  enum class Step : std::uint8_t {
    kNeedMore,  // nothing more can be said about these bytes
    kHead,      // `data` is the head of a part: lines with their CRLF, without the empty one
    kData,      // `data` is content of the part
    kPartEnd,   // the part has ended
    kEnd,       // there are no more parts; what follows has no meaning
    kBad,       // `why`
  };
  struct Found {
    Step step = Step::kNeedMore;
    std::size_t consumed = 0;  // this many bytes need not be passed again, even with kNeedMore
    std::string_view data = {};
    const char* why = nullptr;
  };

  // Whether it has 1 to 70 characters, all of which a boundary may contain.
  static bool IsBoundary(std::string_view boundary);

  // The boundary must be valid.
  MultipartScanner(std::string_view boundary, std::size_t head_max)
      : delimiter_("\r\n--"), head_max_(head_max) {
    delimiter_ += boundary;
  }

  // The most bytes that it must see at a time to make progress.
  std::size_t Window() const { return head_max_ + 4 + delimiter_.size() + kPaddingMax; }

  // Takes the bytes that were not consumed yet, and those after them; `at_end`: none will follow.
  Found Next(std::string_view bytes, bool at_end);

 private:
  enum class State : std::uint8_t { kPreamble, kHead, kContent, kDone };
  static constexpr std::size_t kPaddingMax = 64;

  Found FindDelimiter(std::string_view bytes, bool at_end);
  Found AfterDelimiter(std::string_view bytes, std::size_t at, bool at_end);
  Found FindHead(std::string_view bytes, bool at_end);
  Found More(std::size_t consumed, bool at_end) const;

  std::string delimiter_;
  std::size_t head_max_;
  State state_ = State::kPreamble;
  bool line_starts_ = true;  // a delimiter may be here without its CRLF
};

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_MULTIPART_SCANNER_H_
