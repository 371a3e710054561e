// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP1_HANDSHAKE_TURNS_H_
#define WEFT_SERVER_INTERNAL_HTTP1_HANDSHAKE_TURNS_H_

#include <weft/concurrency/loop.h>
#include <weft/server/internal/shard/timeout_list.h>

namespace weft::internal::http1 {

// The connections that must take a step of a handshake. One step takes as long as a hundred requests, so a loop takes few of
// them in a turn, in order of arrival, and serves established connections in between.
class HandshakeTurns {
 public:
  // Queues the connection for a step, at most once.
  class Waiter : private TimeoutLink {
   protected:
    Waiter() = default;
    ~Waiter() { Unlink(); }
    bool Waiting() const { return Linked(); }
    // False: too little had arrived for anything to be computed.
    virtual bool TakeStep() noexcept = 0;

   private:
    friend class HandshakeTurns;
  };

  explicit HandshakeTurns(Loop& loop) : loop_(loop) {}
  HandshakeTurns(const HandshakeTurns&) = delete;
  HandshakeTurns& operator=(const HandshakeTurns&) = delete;

  void Add(Waiter& waiter);

 private:
  static constexpr int kStepsInATurn = 2;    // that compute something
  static constexpr int kLooksInATurn = 32;  // together with those that do not

  struct Turn : LoopTask {
    explicit Turn(HandshakeTurns* t) : LoopTask(&HandshakeTurns::OnTurn), turns(t) {}
    HandshakeTurns* turns;
    bool posted = false;
  };
  static void OnTurn(LoopTask* task);
  void PostTurn();

  Loop& loop_;
  TimeoutList waiting_{Duration::max()};
  Turn turn_{this};
};

}  // namespace weft::internal::http1

#endif  // WEFT_SERVER_INTERNAL_HTTP1_HANDSHAKE_TURNS_H_
