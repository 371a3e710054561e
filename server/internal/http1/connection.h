// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP1_CONNECTION_H_
#define WEFT_SERVER_INTERNAL_HTTP1_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>
#include <variant>

#include <weft/concurrency/loop.h>
#include <weft/net/internal/fd.h>
#include <weft/net/internal/peer.h>
#include <weft/server/internal/http1/client.h>
#include <weft/server/internal/http1/head_reader.h>
#include <weft/server/internal/http1/lingering.h>
#include <weft/server/internal/http1/loop_part.h>
#include <weft/server/internal/http1/partial_head.h>
#include <weft/server/internal/http1/session.h>
#include <weft/server/internal/http1/successor.h>

namespace weft::internal::http1 {

// The T in a variant; null if it holds something else.
template <class T, class Variant>
T* HeldIn(Variant& variant) {
  auto* its = std::get_if<std::unique_ptr<T>>(&variant);
  return its != nullptr ? its->get() : nullptr;
}

// Drives one client's HTTP/1.1 connection: reads heads, starts a session when one is complete, and handles the
// end of the connection, by the client, a timeout, a drain, or the session. It has neither a fiber nor a buffer
// while it is idle: bytes are read into a buffer of the loop.
//
// If there is no memory for a call by the shard, the batch or the loop, only this connection ends (Guard). A
// closed one stays until its shard destroys it, on a stack of its own: nothing that runs on a connection has to
// check whether it still exists.
class Connection : public Client {
 public:
  Connection(Shard& shard, Fd fd, const Peer& peer) : Client(shard, std::move(fd), peer) {}

  // Begins to watch the socket, once the shard has the connection. If that fails, the connection ends.
  void Open() noexcept;

  // FdWatch
  void OnFdEvents(std::uint32_t events) noexcept override;

  // Client
  void Serve(std::string_view bytes, bool more) noexcept override;
  void SendRest(std::string_view responses) noexcept override;
  void SessionEnded(const SessionOutcome& outcome, Head& head) noexcept override;

  // ShardMember
  void OnTimeout() noexcept override;
  bool Resume() noexcept override;
  void TakeSlot() noexcept override;
  void Evict() noexcept override;
  void CloseUnlessSpoken() noexcept override;
  void RejectQueued() noexcept override;
  void ForceClose() noexcept override;

  // Our side is closed; the descriptor stays until the client has closed its own. Or it is closed at once, and the object
  // goes when its turn comes. A Successor is destroyed.
  void CloseGently();
  void Close();

 protected:
  template <class F>
  void Guard(F call) noexcept {
    try {
      call();
    } catch (const std::bad_alloc&) {
      driving_ = false;
      Lose();
    }
  }
  // For a connection that speaks TLS (TlsConnection). Before a head is read: whether a handshake comes first. If
  // so, it has begun; `first` is what was already read of it.
  virtual bool BeginHandshake(std::string_view first) {
    static_cast<void>(first);
    return false;
  }
  // In kHandshake: something has arrived.
  virtual void GoOnWithHandshake() {}
  // In kHandshake, when its time is up: the client has done its part, and others were first.
  virtual bool MayTakeLonger() { return false; }
  // The handshake is complete: reads heads.
  void Drive();
  LoopPart& part() { return shard_.http1_part(); }
  // What arrives is HTTP/2; `first` is what was already read of it.
  void HandOver(std::string_view first);

 private:
  // Requests that are read in one go before other connections of the loop get their turn.
  static constexpr int kReadsInARow = 16;
  static constexpr int kLayeredReadsInARow = 2;  // what arrives may concern the layer alone, such as a change of keys

  void TakeEvents(std::uint32_t events);
  bool MayBeBatched() const;

  // Reading.
  void ReadOnce();
  inline void Take(const HeadRead& read);
  inline void TakeFirst(std::string_view bytes);
  inline void TakeRequest(std::string_view bytes, std::size_t head_size, Head& head);
  void TakeOther(const HeadRead& read);
  void TakeProxied(const HeadRead& read);
  void CloseIfQuietInDrain();
  void KeepPartial(std::string_view bytes, Head& head);
  void ForgetPartial();

  // Serving.
  void Queue(std::string_view bytes, std::size_t head_size, Head& head);
  void StartSession(std::string_view bytes, std::size_t head_size, Head& head, TimePoint head_at);
  std::unique_ptr<Session> LetGoOfSession();
  void AfterSession(const SessionOutcome& outcome, Head& head);
  void StaysOpen(const SessionOutcome& outcome, Head& head);

  // Ending.
  void RejectBadRequest(const HeadRead& read);
  void RejectOverload(bool method_is_head);
  bool LooksOnceMore();
  void ServeQueued();
  void Linger();
  void AbortGently();
  void LookWhetherAcknowledged();
  void Lose() noexcept;

  PartialHead* partial() { return HeldIn<PartialHead>(has_); }
  Successor* successor() { return HeldIn<Successor>(has_); }
  bool HasPartial() const { return std::holds_alternative<std::unique_ptr<PartialHead>>(has_); }
  Session* session() { return HeldIn<Session>(has_); }

  // What its state needs: nothing while it is quiet; bytes that wait for more (kHead, kQueued, and before a
  // PROXY header); a session (kBusy); another protocol (kHttp2); the progress of its end (kClosing, kAborting).
  std::variant<std::monostate, std::unique_ptr<PartialHead>, std::unique_ptr<Session>, Lingering, std::unique_ptr<Successor>> has_;
};

}  // namespace weft::internal::http1

#endif  // WEFT_SERVER_INTERNAL_HTTP1_CONNECTION_H_
