// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/http1/upgraded_stream.h>

#include <algorithm>
#include <cstring>

#include <weft/net/internal/socket.h>

namespace weft::internal::http1 {

Result<std::size_t> UpgradedStream::ReadStream(const Context& ctx, std::span<char> buffer) {
  if (io_.SomebodyReads()) AbortMisuse("Stream::Read", "another fiber is already reading");
  if (surplus_.empty()) return io_.Receive(ctx, buffer, "hijacked stream", Duration::max());
  const std::size_t got = std::min(buffer.size(), surplus_.size());
  std::memcpy(buffer.data(), surplus_.data(), got);
  surplus_.remove_prefix(got);
  if (surplus_.empty()) bytes_.ForgetAhead();
  return got;
}

// One fiber may wait for the one that writes; there is no queue for more. A woken fiber still counts as waiting until it runs.
Error UpgradedStream::WaitForTurn(const char* function, const Context& ctx) {
  if (!io_.turn().Taken()) return {};
  if (io_.turn().SomebodyWaits()) AbortMisuse(function, "another fiber is already waiting for its turn to write");
  return io_.turn().Wait(ctx, "turn to write to the stream") ? Error() : ctx.Err();
}

Error UpgradedStream::WriteStream(const Context& ctx, std::string_view data) {
  if (io_.WritingClosed()) return kClosed;
  // Most messages fit into the socket, and then no context can end the write.
  if (out_.Empty() && !out_.Finished() && !io_.Failed()) {
    const ssize_t sent = io_.SendAtOnce(data);
    if (sent > 0) data.remove_prefix(static_cast<std::size_t>(sent));
  }
  Error err;
  try {
    if (!data.empty()) err = SendRest(ctx, data);
  } catch (...) {  // no memory: how much of the message was sent is unknown
    io_.socket().SetBroken();
    io_.NoteFailure();
    throw;
  }
  io_.AfterPiece();
  return err;
}

// A message of which only a part was sent cannot be continued: nothing is written after it. Reading continues.
Error UpgradedStream::SendRest(const Context& ctx, std::string_view data) {
  bool sending = true;
  bool given_up = false;
  const StopFunc at_end = AfterFunc(ctx, [&] {
    if (!sending) return;
    given_up = true;
    io_.CloseWriting();
  });
  iovec parts[2];
  parts[1] = Part(data);
  Error err = out_.SendWith(parts, 2);
  sending = false;
  return given_up && err.Is(kClosed) ? ctx.Err() : err;
}

Error UpgradedStream::CloseStreamWrite() {
  if (Error err = WaitForTurn("Stream::CloseWrite", Background())) return err;
  if (io_.Failed() || io_.WritingClosed()) return kClosed;
  if (io_.socket().ShutWrite()) return {};
  return io_.socket().Forced() ? kServerClosing : kClientGone;
}

void UpgradedStream::CloseStream() noexcept {
  static_cast<void>(io_.socket().ShutWrite());
  io_.Close();
}

}  // namespace weft::internal::http1
