// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_TLS_CHANNEL_H_
#define WEFT_NET_INTERNAL_TLS_CHANNEL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include <weft/net/internal/byte_buffer.h>
#include <weft/net/internal/socket.h>
#include <weft/net/internal/socket_layer.h>
#include <weft/net/internal/tls/session.h>

namespace weft::internal {

// TLS between the bytes of a connection and its socket: one recv and one send for all that can be
// read or written at once. Ciphertext that the socket has not taken is held here. Otherwise it has
// no buffer of its own: it uses buffers of the thread.
//
// One call at a time, from whichever thread.
class TlsChannel final : public SocketLayer {
 public:
  TlsChannel() = default;
  TlsChannel(const TlsChannel&) = delete;
  TlsChannel& operator=(const TlsChannel&) = delete;

  bool Begun() const { return session_ != nullptr; }
  void Begin(std::unique_ptr<TlsSession> session, bool is_unix = false) {
    session_ = std::move(session);
    unix_ = is_unix;
  }
  TlsSession& session() { return *session_; }
  // Drops the session: nothing is encrypted or held any more.
  void End() { session_ = nullptr; }
  // After the handshake: why the connection was ended, for what the peer has sent or has not taken; null: it was not. In OpenSSL's
  // words, as TlsSession::Failure.
  const char* GivenUp() const;

  // Of a client, which speaks first. False: the connection is gone.
  bool Start(const Socket& socket);
  // Continues the handshake as far as possible with what has arrived: `first`, which was already
  // read, and what the socket has. Nothing else may be called until it is done.
  TlsSession::Step Handshake(const Socket& socket, std::string_view first);

  // SocketLayer
  ssize_t Read(const Socket& socket, char* buffer, std::size_t size, bool& more) override;
  ssize_t Send(const Socket& socket, const iovec* parts, std::size_t count) override;
  ssize_t SendFile(const Socket& socket, int file, std::uint64_t offset, std::size_t size) override;
  bool Flush(const Socket& socket) override;
  std::size_t Held() const override { return session_ != nullptr ? session_->Owed().size() : 0; }
  bool HasPending() const override { return session_->HasPending(); }
  bool InMessage() const override { return session_->InRecord(); }
  bool ShutWrite(const Socket& socket) override;
  std::size_t TakeArrived() override { return std::exchange(arrived_, 0); }

 private:
  enum class Peer : std::uint8_t { kSpeaks, kHasEnded, kIsBroken };

  // The result of a read that got nothing.
  ssize_t EndOf(TlsSession::ReadState state);
  // Sends the ciphertext, and holds what the socket does not take. False: the connection is gone; `any`, if given, is set where the
  // peer may have received some of it all the same.
  bool SendSealed(const Socket& socket, std::string_view sealed, bool* any = nullptr);

  std::unique_ptr<TlsSession> session_;
  Peer peer_ = Peer::kSpeaks;
  bool flooded_ = false;          // the peer does not take what it makes TLS send
  bool drained_ = true;           // the last recv had room for more than there was
  bool shut_when_sent_ = false;
  bool unix_ = false;  // the kernel may end a recv after a message that carries descriptors
  std::size_t arrived_ = 0;
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_TLS_CHANNEL_H_
