// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_WIRE_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_WIRE_H_

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>
#include <weft/net/internal/progress.h>

namespace weft::internal {

struct OriginPool;
class TlsSession;

// One connection of a client to a server, as bytes: a socket of our own, or a Stream that the program has dialled. It is in one of
// three hands: an exchange that uses it, the kept ones of its loop, or a Stream that has taken it over. On the loop on which it was
// made; one fiber may read while another one writes.
class ClientWire {
 public:
  // Learns that an idle connection is of no use any more. On the loop's stack; the wire may be destroyed there.
  class Keeper {
   public:
    virtual void OnIdleEnd(ClientWire& wire) noexcept = 0;

   protected:
    ~Keeper() = default;
  };

  struct Pace {
    Duration stall = Duration::max();  // in each period of waiting `least` bytes have to move
    std::uint64_t least = 1024;
  };

  explicit ClientWire(const Pace& pace) : pace_(&pace) {}
  virtual ~ClientWire() = default;
  ClientWire(const ClientWire&) = delete;
  ClientWire& operator=(const ClientWire&) = delete;

  // At least one byte; 0 at the end of the server's side. Gives up at `until` with kTimeout, and when it stalls with Stalled(). Other errors:
  // the context's, the system's.
  virtual Result<std::size_t> Read(const Context& ctx, std::span<char> buffer, TimePoint until) = 0;
  // What is there; 0: nothing, or the end. Never suspends.
  virtual std::size_t ReadAtOnce(std::span<char> buffer) = 0;
  // All parts; changes them. Errors: the context's, Stalled(), the system's.
  virtual Error Write(const Context& ctx, iovec* parts, std::size_t count) = 0;
  // As much as goes out without a wait; of a wire that does not know, nothing. An error of the system: the connection is
  // broken.
  virtual Result<std::size_t> WriteAtOnce(iovec* parts, std::size_t count) = 0;
  // The server sees the end of what we send.
  virtual Error CloseWrite() = 0;

  // It is idle from now on. False: it has ended, or unexpected bytes came; it is to be destroyed.
  virtual bool Rest(Keeper& keeper) = 0;
  // It is in use again.
  virtual void Wake() noexcept = 0;
  // Checks that no unexpected bytes have come, and no end, at the moment at which it is used again. In a fiber: it may suspend
  // for one turn of the loop.
  virtual bool StaysQuiet() = 0;
  // Whether the end of a resting connection is seen before it is used.
  virtual bool SeesItsEnd() const = 0;
  // Null: in plain.
  virtual TlsSession* Tls() = 0;
  // The end of both sides, without a reset where that can be helped.
  virtual void Close() noexcept = 0;

  // How long another protocol may be silent is unknown.
  void LiftPace() noexcept;
  // While a response has not begun it does not stall: how long that may take other limits say.
  void AwaitHead(bool awaits) noexcept { awaits_head_ = awaits; }
  // Of a stream of events a single byte is a sign of life.
  void CountEachByte(bool each) noexcept { each_byte_ = each; }
  // A wait that moved too little.
  static const Error& Stalled() noexcept;

  OriginPool* pool = nullptr;  // whose connection it is

 protected:
  // A wait for the server's bytes begins: when it has stalled.
  TimePoint StallsAt(Progress& progress) const {
    if (awaits_head_) progress.Restart();
    return awaits_head_ ? TimePoint::max() : progress.WaitUntil(Now(), pace_->stall, each_byte_ ? 1 : pace_->least);
  }
  // It has ended.
  void NoteWaited(Progress& progress, TimePoint now) const {
    if (!awaits_head_) progress.Waited(now);
  }

  const Pace* pace_;

 private:
  bool awaits_head_ = false;
  bool each_byte_ = false;
};

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_WIRE_H_
