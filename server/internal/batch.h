// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_BATCH_H_
#define WEFT_SERVER_INTERNAL_BATCH_H_

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/loop.h>
#include <weft/net/internal/byte_buffer.h>

namespace weft::internal {

class Connection;
class LoopServer;

// Requests of one loop whose events came together: all are read, then all are served, then their answers are sent. Each system call
// drives the caches of a core full with the kernel's code, and whatever comes behind it runs cold; in groups most of it runs warm.
//
//   events:        Take ×N               (recv, recv, recv)
//   after events:  Finish ─ Serve ×N     (parse, handler, parse, handler), where exchanges leave their answers by Keep
//                         └ SendAnswers  (send, send, send)
//
// A batch lives inside one turn of the loop: it begins with an event and is finished when those events are handed out, or before a request
// is served that is no part of it. Until then nothing but events comes to connections; timers, evictions, posted tasks and the steps of the
// drain have turns of their own. So a connection that is in a batch stays as it is.
//
// An answer must not wait for somebody else's long computation. So answers are kept only while handlers are quick, and not for longer than
// kPatience and the handler that runs then; some that are not quick end that for a while. If that handler computes for long, the thread
// beside the loops sends them (Lending). Servers that share a loop have a batch each,
// which are finished one after the other: there a request may wait for the kMax handlers of another server.
class Batch {
 public:
  explicit Batch(LoopServer& server);
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // Reads what an event of the connection has announced, to be served with the rest. False: nothing was read, do as without a batch.
  bool Take(Connection& connection);

  // Takes a copy of the last answers of an exchange, to be sent with the rest. The connection is idle once its exchange has ended,
  // and has nothing more to read. False: they are the caller's to send.
  bool Keep(Connection& connection, std::string_view answers);

  // Before each handler: sends what was kept for long enough.
  void BeforeHandler() {
    if (begun_) NoteTime();
  }

  // For LoopServer, while responses are lent: sends what is kept (on the thread beside the loops), and takes note of it.
  bool Keeps() const { return kept_count_ != 0; }
  void SendFromBeside() noexcept;
  void NoteSentFromBeside() noexcept;

  // Serves what was read and sends what is kept. On the loop's stack.
  void Finish() {
    if (taken_count_ + kept_count_ != 0) ServeAndSend();
  }

 private:
  // So many connections, at most: who is first waits for as many reads, some 20 us.
  static constexpr std::size_t kMax = 16;
  static constexpr std::size_t kReadBytes = 64 * 1024;
  static constexpr std::size_t kAnswersMax = 4096;  // of one connection: with more the call costs less than its work
  static constexpr Duration kQuick = std::chrono::microseconds(20);  // a handler that takes longer gains nothing here
  static constexpr Duration kPatience = std::chrono::microseconds(50);
  // Each quick handler counts one, up to twice this; one that was not takes as much away. The system takes the core away for moments
  // too, which looks the same, so a single one decides nothing.
  static constexpr int kTrust = 32;
  static constexpr TimePoint kNoHandler = TimePoint::min();

  struct Taken {
    Connection* connection;
    const char* bytes;
    std::size_t size;
    bool more;  // there may be more behind it
  };
  struct Kept {
    Connection* connection = nullptr;
    ByteBuffer answers;
    std::size_t sent_from_beside = 0;
  };
  struct AfterEvents : LoopTask {
    explicit AfterEvents(Batch* b) : LoopTask(&Batch::OnAfterEvents), batch(b) {}
    Batch* batch;
  };

  static void OnAfterEvents(LoopTask* task);
  bool Begin();
  void NoteTime();
  void ServeAndSend();
  void SendAnswers();
  bool HandlersAreQuick() const { return trust_ >= kTrust; }

  LoopServer& server_;
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
  std::array<Kept, kMax> kept_;
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_BATCH_H_
