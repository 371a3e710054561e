// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP2_REQUEST_BODY_H_
#define WEFT_SERVER_INTERNAL_HTTP2_REQUEST_BODY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/loop_signal.h>
#include <weft/concurrency/result.h>
#include <weft/handlers/server_side.h>
#include <weft/http/fields.h>
#include <weft/http/internal/http2/field_block.h>
#include <weft/net/internal/byte_buffer.h>
#include <weft/net/internal/progress.h>
#include <weft/server/internal/shard/shard.h>

namespace weft::internal::http2 {

// The part of a stream's body that has arrived and was not read yet, which the windows bound, and the fiber that reads it.
class RequestBody final : public BodySource {
 public:
  class Owner {
   public:
    // The client waits for "100 Continue" before it sends the body (RFC 9110 section 10.1.1).
    virtual Error SendContinue() = 0;
    // Its handler begins to read: more may be sent.
    virtual void OnFirstRead() = 0;
    // This much was read, so as much more may be sent.
    virtual void OnRead(std::size_t bytes) = 0;
    virtual void OnReadStalled() = 0;
    virtual void OnBadTrailer(int status, std::string_view reason) = 0;
    // Why nothing more will arrive, once the stream is closed.
    virtual Error WhyClosed() const = 0;

   protected:
    ~Owner() = default;
  };

  RequestBody(Shard& shard, Owner& owner) : shard_(shard), owner_(owner) {}

  void Begin();
  // The head is complete. Its trailers go to `trailer` when the body was read.
  void Expect(std::optional<std::uint64_t> declared, bool expects_continue, Fields& trailer);

  // What the session reports.
  void Append(std::string_view bytes);
  FieldBlock& Trailer() { return trailer_block_; }
  // The trailers are longer than allowed: a reader that reaches the end gets an Error, and none of them.
  void NoteTrailerTooLarge() { trailer_too_large_ = true; }
  void NoteEnd();
  void NoteClosed();

  bool Ended() const { return ended_; }
  bool ExpectsContinue() const { return expects_continue_ && !continue_sent_; }
  void NoteContinueSent() { continue_sent_ = true; }
  std::size_t Unread() const { return bytes_.size() - at_; }
  // Discards what was not read, and returns how much that was.
  std::size_t DropUnread();
  void Recycle();

  Result<std::size_t> Read(const Context& ctx, std::span<char> buffer) override;
  // The same for a tunnel: the client may be silent for as long as it likes.
  Result<std::size_t> ReadTunnel(const Context& ctx, std::span<char> buffer);
  std::optional<std::uint64_t> Declared() const override { return declared_; }
  bool SomebodyReads() const { return readable_.Waiting(); }
  // A tunnel that its handler has closed: a read that waits fails.
  void Close() noexcept;

 private:
  Result<std::size_t> ReadWithin(const Context& ctx, std::span<char> buffer, const char* waits_for, Duration stall);
  std::size_t Take(std::span<char> buffer);
  Result<std::size_t> End();

  Shard& shard_;
  Owner& owner_;
  ByteBuffer bytes_;
  std::size_t at_ = 0;  // of bytes_ that was read
  bool ended_ = false;
  bool closed_ = false;
  bool given_up_ = false;
  bool trailer_too_large_ = false;
  bool expects_continue_ = false;
  bool continue_sent_ = false;
  bool reading_ = false;
  std::uint8_t pieces_ = 0;
  std::optional<std::uint64_t> declared_;
  Fields* trailer_ = nullptr;
  FieldBlock trailer_block_;
  LoopSignal readable_;
  Progress progress_;
};

}  // namespace weft::internal::http2

#endif  // WEFT_SERVER_INTERNAL_HTTP2_REQUEST_BODY_H_
