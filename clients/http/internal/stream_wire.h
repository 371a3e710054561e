// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_STREAM_WIRE_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_STREAM_WIRE_H_

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include <weft/clients/http/internal/wire.h>
#include <weft/net/internal/byte_buffer.h>
#include <weft/net/internal/fiber_turn.h>
#include <weft/net/internal/progress.h>
#include <weft/net/internal/tls/session.h>
#include <weft/net/stream.h>

namespace weft::internal {

// A Stream that the program has dialed (HttpClientOptions::dial), plain or under TLS of ours. Its end goes unnoticed while it
// is idle.
class StreamWire final : public ClientWire {
 public:
  StreamWire(Stream stream, const Pace& pace) : ClientWire(pace), stream_(std::move(stream)) {}
  ~StreamWire() override = default;

  // As that of SocketWire.
  Error Handshake(const Context& ctx, std::unique_ptr<TlsSession> session);
  TlsSession* Tls() override { return session_.get(); }

  Result<std::size_t> Read(const Context& ctx, std::span<char> buffer, TimePoint until) override;
  std::size_t ReadAtOnce(std::span<char>) override { return 0; }
  Error Write(const Context& ctx, iovec* parts, std::size_t count) override;
  Result<std::size_t> WriteAtOnce(iovec*, std::size_t) override { return std::size_t{0}; }
  Error CloseWrite() override;
  bool Rest(Keeper&) override { return !ended_ && (session_ == nullptr || !session_->HasPending()); }
  void Wake() noexcept override {}
  bool StaysQuiet() override;
  bool SeesItsEnd() const override { return false; }
  void Close() noexcept override { stream_.Close(); }

 private:
  Result<std::size_t> ReadRaw(const Context& ctx, std::span<char> buffer, TimePoint until);
  Result<std::size_t> ReadInThisTurn(std::span<char> buffer);
  Error WriteRaw(const Context& ctx, std::string_view bytes);
  Error SendSealed(const Context& ctx);

  Stream stream_;
  std::unique_ptr<TlsSession> session_;
  ByteBuffer sealed_;                 // to be sent
  FiberTurn turn_;                    // to send it
  std::unique_ptr<char[]> received_;  // ciphertext
  Progress read_progress_;
  bool ended_ = false;
};

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_STREAM_WIRE_H_
