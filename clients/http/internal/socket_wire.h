// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_SOCKET_WIRE_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_SOCKET_WIRE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <weft/clients/http/internal/wire.h>
#include <weft/concurrency/loop.h>
#include <weft/net/internal/fd.h>
#include <weft/net/internal/progress.h>
#include <weft/net/internal/tls/channel.h>
#include <weft/net/internal/watched_socket.h>

namespace weft::internal {

// A socket that the loop watches, plain or under TLS. While idle it has no fiber and no buffer: an event finds out whether it
// is still usable.
class SocketWire final : public ClientWire, private WatchedSocket {
 public:
  // Of a connection that several requests share: what can be done now, on the loop's stack. The wire may be destroyed there.
  class Listener {
   public:
    virtual void OnReadable() noexcept = 0;
    virtual void OnWritable() noexcept = 0;

   protected:
    ~Listener() = default;
  };

  SocketWire(Loop& loop, Fd fd, bool is_unix, const Pace& pace);
  ~SocketWire() override;

  // Before all else.
  Error Begin() { return Watch(loop_); }
  // The handshake. Errors: the context's, the system's, and one of the peer's or OpenSSL's words otherwise.
  Error Handshake(const Context& ctx, std::unique_ptr<TlsSession> session);
  TlsSession* Tls() override { return channel_ != nullptr ? &channel_->session() : nullptr; }

  Result<std::size_t> Read(const Context& ctx, std::span<char> buffer, TimePoint until) override;
  std::size_t ReadAtOnce(std::span<char> buffer) override;
  Error Write(const Context& ctx, iovec* parts, std::size_t count) override;
  Result<std::size_t> WriteAtOnce(iovec* parts, std::size_t count) override;
  Error CloseWrite() override;
  bool Rest(Keeper& keeper) override;
  void Wake() noexcept override { keeper_ = nullptr; }
  bool StaysQuiet() override;
  bool SeesItsEnd() const override { return true; }
  void Close() noexcept override;

  // --- for a Listener, for as long as the wire lives; instead of Read, Write, Rest and Wake

  void Listen(Listener& listener) { listener_ = &listener; }
  // Bytes may have arrived that were not reported yet: the next TakeNow asks the socket.
  void LookAgain() { SetMayHaveInput(true); }
  struct Taken {
    enum class State : std::uint8_t { kBytes, kNothing, kEnd, kFailed } state = State::kNothing;
    std::size_t size = 0;
    int failure = 0;  // of the system
  };
  Taken TakeNow(std::span<char> buffer);
  // From now on OnWritable is called.
  void AwaitRoom() { WatchWritable(loop_); }
  // A wait of a fiber for what only this connection can bring.
  LoopSignal::Outcome WaitFor(LoopSignal& signal, const Context& ctx, const char* what, TimePoint until);
  bool IsBroken() const { return Broken(); }

 private:
  void OnFdEvents(std::uint32_t events) override;
  SocketLayer& Layer() override { return *channel_; }
  void OnHeld() override { WatchWritable(loop_); }
  Error WaitWritable(const Context& ctx);
  bool NothingCame();

  Loop& loop_;
  Keeper* keeper_ = nullptr;  // while it is idle
  Listener* listener_ = nullptr;
  std::unique_ptr<TlsChannel> channel_;
  LoopSignal readable_;
  LoopSignal writable_;
  Progress read_progress_;
  Progress write_progress_;
  int reads_ = 0;   // without a wait
  int writes_ = 0;
  bool open_ = true;
};

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_SOCKET_WIRE_H_
