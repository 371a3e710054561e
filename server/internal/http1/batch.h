// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP1_BATCH_H_
#define WEFT_SERVER_INTERNAL_HTTP1_BATCH_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/loop.h>
#include <weft/net/internal/byte_buffer.h>
#include <weft/server/internal/http1/client.h>
#include <weft/server/internal/http1/lending.h>

namespace weft::internal::http1 {

// Requests of one loop whose events came together: all are read, then all are served, then their responses
// are sent. Each system call drives the caches of a core full with the kernel's code, and whatever comes after
// it runs cold; in groups most of it runs warm.
//
//   events:        Take ×N                 (recv, recv, recv)
//   after events:  Finish ─ Serve ×N       (parse, handler, parse, handler), where sessions leave their
//                         └ SendResponses  (send, send, send)                responses by Keep
//
// A batch lives within one turn of the loop: it begins with an event, and is finished when all events were
// handed out, or before a request is served that does not belong to it. Until then, connections get nothing but
// events; timers, evictions, posted tasks and the steps of the drain have their own time in the turn. So a
// connection that is in a batch stays as it is.
//
// A response must not wait for another handler's long computation. So responses are kept only while handlers are quick, and not
// for longer than kPatience plus the handler that is then running. After a few slow handlers nothing is kept for a while. If that handler
// computes for long, the watchdog thread sends them (Lending). Servers that share a loop have a batch each, which are
// finished one after the other: there a request may wait for the kMax handlers of another server.
class Batch final : private Lendable {
 public:
  Batch(Loop& loop, Lending& lending);
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // Reads what an event of the connection has announced, to be served with the others. False: nothing was read;
  // proceed as without a batch.
  bool Take(Client& client);

  // Takes a copy of the last responses of a session, to be sent with the others. The connection is idle once its
  // session has ended, and has nothing more to read. False: the caller must send them.
  bool Keep(Client& client, std::string_view responses);

  // Called before each handler: sends what was kept for long enough.
  void BeforeHandler() {
    if (begun_) NoteTime();
  }
  // What it keeps, to be lent while a handler runs; null: nothing.
  Lendable* Kept() { return kept_count_ != 0 ? this : nullptr; }

  // Serves what was read and sends what is kept. On the loop's stack.
  void Finish() {
    if (taken_count_ + kept_count_ != 0) ServeAndSend();
  }

 private:
  // The most connections in a batch: the first one waits for as many reads, some 20 us.
  static constexpr std::size_t kMax = 16;
  static constexpr std::size_t kReadBytes = 64 * 1024;
  static constexpr std::size_t kResponsesMax = 4096;  // of one connection: for more bytes, the call costs less than its work
  static constexpr Duration kQuick = std::chrono::microseconds(20);  // a handler that takes longer gains nothing from a batch
  static constexpr Duration kPatience = std::chrono::microseconds(50);
  // Each quick handler adds one, up to twice this; a slow one subtracts this. A moment without the core looks like a
  // slow handler, so a single one decides nothing.
  static constexpr int kTrust = 32;
  static constexpr TimePoint kNoHandler = TimePoint::min();

  struct Taken {
    Client* client;
    const char* bytes;
    std::size_t size;
    bool more;  // there may be more after it
  };
  struct KeptResponses {
    Client* client = nullptr;
    ByteBuffer bytes;
    std::size_t sent_from_watchdog = 0;
  };
  struct AfterEvents : LoopTask {
    explicit AfterEvents(Batch* b) : LoopTask(&Batch::OnAfterEvents), batch(b) {}
    Batch* batch;
  };

  static void OnAfterEvents(LoopTask* task);
  bool Begin();
  void NoteTime();
  void ServeAndSend();
  void SendResponses();
  bool HandlersAreQuick() const { return trust_ >= kTrust; }
  void SendFromWatchdog() noexcept override;
  void NoteSentFromWatchdog() noexcept override;

  Loop& loop_;
  Lending& lending_;
  AfterEvents after_events_{this};
  bool begun_ = false;
  int trust_ = 2 * kTrust;
  TimePoint handler_since_ = kNoHandler;  // the last one, and what is between it and the next
  TimePoint kept_since_;                  // when the first of those that are kept was finished
  std::unique_ptr<char[]> buffer_;
  std::size_t used_ = 0;
  std::size_t taken_count_ = 0;
  std::size_t kept_count_ = 0;
  std::array<Taken, kMax> taken_;
  std::array<KeptResponses, kMax> kept_;
};

}  // namespace weft::internal::http1

#endif  // WEFT_SERVER_INTERNAL_HTTP1_BATCH_H_
