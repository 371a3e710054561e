// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP1_REQUEST_BODY_H_
#define WEFT_SERVER_INTERNAL_HTTP1_REQUEST_BODY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/result.h>
#include <weft/handlers/server_side.h>
#include <weft/http/fields.h>
#include <weft/http/internal/http1/chunked_decoder.h>
#include <weft/http/internal/http1/keep_alive.h>
#include <weft/http/internal/http1/request_framing.h>
#include <weft/net/internal/paced_io.h>
#include <weft/server/internal/http1/request_bytes.h>
#include <weft/server/internal/shard/shard.h>

namespace weft::internal::http1 {

// The body of the current request, as its framing delimits it: first what arrived with the head, then what the
// client sends.
class RequestBody final : public BodySource {
 public:
  class Owner {
   public:
    // The client waits for "100 Continue" before it sends the body (RFC 9110 section 10.1.1). Sends it, unless
    // the final response has begun.
    virtual Error SendContinue() = 0;
    // The bytes are not a valid body.
    virtual void OnMalformedBody(int status, const char* reason) = 0;

   protected:
    ~Owner() = default;
  };

  RequestBody(Shard& shard, RequestBytes& bytes, PacedIo& io, KeepAliveFacts& facts, Owner& owner)
      : shard_(shard), bytes_(bytes), io_(io), facts_(facts), owner_(owner) {}

  // The request with this head begins; its trailer goes to `trailer`.
  void Begin(const Head& head, Fields& trailer);

  bool HasOne() const { return framing_.kind != BodyKind::kNone; }
  bool Ended() const { return ended_; }
  bool Failed() const { return failed_; }
  // Whether an unread body is worth reading to keep the connection: it is small enough, and on its way.
  bool WorthReading() const;
  void NoteContinueSent() { continue_sent_ = true; }

  Result<std::size_t> Read(const Context& ctx, std::span<char> buffer) override;
  std::optional<std::uint64_t> Declared() const override;

  // Reads the rest and discards it, within bounds of bytes and time, so that the next request can be found. The
  // response was sent. If the client does not send the rest in time, the connection ends.
  void Drain();

 private:
  static constexpr std::uint64_t kDrainBytes = 256 * 1024;

  Result<std::size_t> ReadLength(const Context& ctx, std::span<char> buffer);
  Result<std::size_t> ReadChunked(const Context& ctx, std::span<char> buffer);
  Result<std::size_t> Decode(std::string_view& raw, std::span<char> buffer);
  void NoteFailure();
  Result<std::size_t> Receive(const Context& ctx, std::span<char> buffer);

  Shard& shard_;
  RequestBytes& bytes_;
  PacedIo& io_;
  KeepAliveFacts& facts_;
  Owner& owner_;
  Fields* trailer_ = nullptr;
  RequestFraming framing_;
  std::uint64_t left_ = 0;  // of kLength
  bool ended_ = true;
  bool failed_ = false;
  bool continue_sent_ = false;
  ChunkedDecoder decoder_;
};

}  // namespace weft::internal::http1

#endif  // WEFT_SERVER_INTERNAL_HTTP1_REQUEST_BODY_H_
