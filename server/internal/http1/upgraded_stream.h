// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP1_UPGRADED_STREAM_H_
#define WEFT_SERVER_INTERNAL_HTTP1_UPGRADED_STREAM_H_

#include <cstddef>
#include <span>
#include <string_view>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/result.h>
#include <weft/handlers/server_side.h>
#include <weft/net/internal/paced_io.h>
#include <weft/server/internal/http1/outgoing.h>
#include <weft/server/internal/http1/request_bytes.h>
#include <weft/server/internal/request/request_run.h>

namespace weft::internal::http1 {

// A connection that its handler has taken over (Hijack): the same socket, with the same signals, but without
// HTTP. What arrived after the request's head is read first.
class UpgradedStream final : public StreamTransport {
 public:
  UpgradedStream(PacedIo& io, Outgoing& out, RequestBytes& bytes, const RequestRun& run)
      : io_(io), out_(out), bytes_(bytes), run_(run) {}

  // For a new connection.
  void Reset() { taken_over_ = false; }
  void TakeOver() {
    taken_over_ = true;
    io_.socket().ExpectBothEnds();
    surplus_ = bytes_.Rest();
  }
  bool TakenOver() const { return taken_over_; }

  const Context* StreamContext() const override { return &run_.Ctx(); }
  Result<std::size_t> ReadStream(const Context& ctx, std::span<char> buffer) override;
  Error WaitToWrite(const Context& ctx) override { return WaitForTurn("Stream::Write", ctx); }
  Error WriteStream(const Context& ctx, std::string_view data) override;
  Error CloseStreamWrite() override;
  void CloseStream() noexcept override;

 private:
  Error WaitForTurn(const char* function, const Context& ctx);
  Error SendRest(const Context& ctx, std::string_view data);

  PacedIo& io_;
  Outgoing& out_;
  RequestBytes& bytes_;
  const RequestRun& run_;
  bool taken_over_ = false;
  std::string_view surplus_;  // what came after the request and was not read yet
};

}  // namespace weft::internal::http1

#endif  // WEFT_SERVER_INTERNAL_HTTP1_UPGRADED_STREAM_H_
