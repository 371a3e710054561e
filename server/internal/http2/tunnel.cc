// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/http2/tunnel.h>

namespace weft::internal::http2 {

Result<std::size_t> Tunnel::ReadStream(const Context& ctx, std::span<char> buffer) {
  if (in_.SomebodyReads()) AbortMisuse("Stream::Read", "another fiber is already reading");
  return in_.ReadTunnel(ctx, buffer);
}

// A call that Close has broken off says so, however the end of the stream is noticed.
Error Tunnel::WriteStream(const Context& ctx, std::string_view data) {
  Error err = out_.Write(&ctx, data);
  return err && closed_ ? Error(kClosed) : err;
}

// One fiber may wait for the one that writes; there is no queue for more.
Error Tunnel::WaitForTurn(const char* function, const Context& ctx) {
  FiberTurn& turn = out_.turn();
  if (!turn.Taken()) return {};
  if (turn.SomebodyWaits()) AbortMisuse(function, "another fiber is already waiting for its turn to write");
  return turn.Wait(ctx, "turn to write to the stream") ? Error() : ctx.Err();
}

Error Tunnel::CloseStreamWrite() {
  if (Error err = WaitForTurn("Stream::CloseWrite", Background())) return err;
  return out_.EndTunnel();
}

void Tunnel::CloseStream() noexcept {
  closed_ = true;
  in_.Close();
  out_.CloseTunnel();
}

}  // namespace weft::internal::http2
