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
// A batch lives inside one turn of the loop: it begins with an event and is finished when those events are
// handed out, or before a request is served that is no part of it. Until then nothing but events comes to
// connections; timers, evictions, posted tasks and the steps of the drain have turns of their own. So a
// connection that is in a batch stays as it is.
//
// A response must not wait for another handler's long computation. So responses are kept only while handlers are quick, and not
// for longer than kPatience and the handler that runs then; some that are not quick end that for a while. If that handler
// computes for long, the watchdog thread sends them (Lending). Servers that share a loop have a batch each, which are
// finished one after the other: there a request may wait for the kMax handlers of another server.
class Batch final : private Lendable {
 public:
  Batch(Loop& loop, Lending& lending);
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // Reads what an event of the connection has announced, to be served with the rest. False: nothing was read,
  // do as without a batch.
  bool Take(Client& client);

  // Takes a copy of the last responses of a session, to be sent with the rest. The connection is idle once its
  // session has ended, and has nothing more to read. False: they are the caller's to send.
  bool Keep(Client& client, std::string_view responses);

  // Before each handler: sends what was kept for long enough.
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
  // So many connections, at most: the first one waits for as many reads, some 20 us.
  static constexpr std::size_t kMax = 16;
  static constexpr std::size_t kReadBytes = 64 * 1024;
  static constexpr std::size_t kResponsesMax = 4096;  // of one connection: with more the call costs less than its work
  static constexpr Duration kQuick = std::chrono::microseconds(20);  // a handler that takes longer gains nothing here
  static constexpr Duration kPatience = std::chrono::microseconds(50);
  // Each quick handler counts one, up to twice this; one that was not takes as much away. The system takes the
  // core away for moments too, which looks the same, so a single one decides nothing.
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
  TimePoint handler_since_ = kNoHandler;  // the last one, and what lies between it and the next
  TimePoint kept_since_;                  // the first of those that are kept
  std::unique_ptr<char[]> buffer_;
  std::size_t used_ = 0;
  std::size_t taken_count_ = 0;
  std::size_t kept_count_ = 0;
  std::array<Taken, kMax> taken_;
  std::array<KeptResponses, kMax> kept_;
};

}  // namespace weft::internal::http1

#endif  // WEFT_SERVER_INTERNAL_HTTP1_BATCH_H_
