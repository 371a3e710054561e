// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP1_TLS_CONNECTION_H_
#define WEFT_SERVER_INTERNAL_HTTP1_TLS_CONNECTION_H_

#include <string_view>

#include <weft/net/internal/tls/channel.h>
#include <weft/server/internal/http1/connection.h>
#include <weft/server/internal/http1/handshake_turns.h>

namespace weft::internal::http1 {

// A connection that begins with a TLS handshake (State::kHandshake); after it, its bytes pass through a TlsChannel, and
// everything else is as in plain text. The handshake has no fiber, and what it needs is made when its first byte has arrived.
class TlsConnection final : public Connection, private HandshakeTurns::Waiter {
 public:
  TlsConnection(Shard& shard, Fd fd, const Peer& peer) : Connection(shard, std::move(fd), peer) {}

  const TlsInfo* Tls() override { return Layered() ? &channel_.session().Info() : nullptr; }
  bool ServesHost(std::string_view host) override { return !Layered() || channel_.session().ServesHost(host); }
  void Evict() noexcept override;
  bool IsSpared() override;

 private:
  SocketLayer& Layer() override { return channel_; }
  void OnHeld() override { WatchWritable(shard_.loop()); }
  void OnLayerFailed() override;
  bool BeginHandshake(std::string_view first) override;
  void GoOnWithHandshake() override;
  bool MayTakeLonger() override;
  bool TakeStep() noexcept override;
  void StepOn();
  bool BeginSession();
  void Succeed();
  void RefusePlainText();
  void Fail();
  void DropSession();

  TlsChannel channel_;
  ByteBuffer first_;  // what came after a PROXY header
  bool worked_ = false;    // the last step computed something
  bool given_up_ = false;  // the failure was reported, after the handshake
  bool extended_ = false;  // the handshake has had its time, and once more because the loop was late
};

}  // namespace weft::internal::http1

#endif  // WEFT_SERVER_INTERNAL_HTTP1_TLS_CONNECTION_H_
