// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_INCOMING_BODY_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_INCOMING_BODY_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <weft/clients/http/internal/wire.h>
#include <weft/concurrency/result.h>
#include <weft/http/fields.h>
#include <weft/http/internal/http1/chunked_decoder.h>
#include <weft/http/internal/http1/received_response.h>
#include <weft/net/internal/byte_buffer.h>

namespace weft::internal {

// The body of a response, off a wire, without its framing. Chunks are decoded where they were read, in the memory of the caller.
class IncomingBody {
 public:
  static constexpr char kCutShort[] = "the connection ended within the body of the response";

  // `first` came with the head, and stays where it is.
  void Begin(const ReceivedFraming& framing, std::string_view first);
  void Reset();

  bool AtEnd() const { return at_end_; }
  // Something unexpected follows the body. At the end.
  bool HasExcess() const { return excess_ || !pending_.empty(); }
  // With kLength, how much is still to come; else unknown: the largest number.
  std::uint64_t BytesLeft() const;

  // At least one byte, or 0 at the end. An Error of the wire, or by `wrong` what is wrong with the framing.
  Result<std::size_t> Read(ClientWire& wire, const Context& ctx, std::span<char> buffer, const char*& wrong);
  // Discards what is there, up to this many bytes. True: that was the rest. Also false without memory.
  bool DrainAtOnce(ClientWire& wire, std::size_t most) noexcept;

  const Fields& trailers() const { return trailers_; }
  // What came with the head and was not read.
  std::string_view pending() const { return pending_; }

 private:
  static constexpr std::size_t kSmall = 2048;     // buffers below are filled by way of one of ours
  static constexpr std::size_t kRoom = 16 * 1024;

  // Whether the next read may bring the end of the body on a wire that cannot be asked afterwards: then one of ours has room for what follows.
  bool LooksBeyond(const ClientWire& wire) const { return framing_.kind == BodyKind::kLength && left_ < kRoom && !wire.SeesItsEnd(); }
  Result<std::size_t> ReadRaw(ClientWire& wire, const Context& ctx, std::span<char> buffer);
  std::size_t TakePending(std::span<char> buffer);
  // Decodes `raw`, which may lie in `out` itself; returns how many bytes of the body there are now at the start of `out`.
  std::size_t Decode(std::string_view raw, char* out, const char*& wrong);

  ReceivedFraming framing_;
  std::uint64_t left_ = 0;    // of kLength
  std::string_view pending_;  // raw, not looked at
  ByteBuffer raw_;            // for small reads
  ChunkedDecoder decoder_;
  Fields trailers_;
  bool at_end_ = true;
  bool excess_ = false;
};

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_INCOMING_BODY_H_
