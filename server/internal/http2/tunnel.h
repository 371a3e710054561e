// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP2_TUNNEL_H_
#define WEFT_SERVER_INTERNAL_HTTP2_TUNNEL_H_

#include <cstddef>
#include <span>
#include <string_view>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/result.h>
#include <weft/handlers/server_side.h>
#include <weft/server/internal/http2/request_body.h>
#include <weft/server/internal/http2/stream_response.h>
#include <weft/server/internal/request/request_run.h>

namespace weft::internal::http2 {

// A stream that its handler has taken over after CONNECT (Hijack): its DATA is a stream of bytes in both directions
// (RFC 9113 section 8.5, RFC 8441).
class Tunnel final : public StreamTransport {
 public:
  Tunnel(RequestBody& in, StreamResponse& out, const RequestRun& run) : in_(in), out_(out), run_(run) {}

  void Begin() { taken_over_ = closed_ = false; }
  void TakeOver() { taken_over_ = true; }
  bool TakenOver() const { return taken_over_; }

  const Context* StreamContext() const override { return &run_.Ctx(); }
  Result<std::size_t> ReadStream(const Context& ctx, std::span<char> buffer) override;
  Error WaitToWrite(const Context& ctx) override { return WaitForTurn("Stream::Write", ctx); }
  Error WriteStream(const Context& ctx, std::string_view data) override;
  Error CloseStreamWrite() override;
  void CloseStream() noexcept override;

 private:
  Error WaitForTurn(const char* function, const Context& ctx);

  RequestBody& in_;
  StreamResponse& out_;
  const RequestRun& run_;
  bool taken_over_ = false;
  bool closed_ = false;
};

}  // namespace weft::internal::http2

#endif  // WEFT_SERVER_INTERNAL_HTTP2_TUNNEL_H_
