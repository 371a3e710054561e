// SPDX-License-Identifier: Apache-2.0
//
// How many steps of handshakes a loop takes before others have their turn.
#include <deque>
#include <string>

#include <gtest/gtest.h>

#include <weft/concurrency/loop.h>
#include <weft/server/internal/http1/handshake_turns.h>

#include "../kit/run.h"

namespace weft {
namespace {

using internal::http1::HandshakeTurns;

class Turn final : public HandshakeTurns::Waiter {
 public:
  Turn(std::string& order, bool computes) : order_(order), computes_(computes) {}

 private:
  bool TakeStep() noexcept override {
    order_ += computes_ ? 's' : 'l';
    return computes_;
  }
  std::string& order_;
  const bool computes_;
};

// Something else that the loop has to do in so many turns.
class Others final : public LoopTask {
 public:
  Others(std::string& order, int turns) : LoopTask(&Run), order_(order), turns_(turns) { loop_.Post(*this); }

 private:
  static void Run(LoopTask* task) {
    auto& self = *static_cast<Others*>(task);
    self.order_ += '|';
    if (--self.turns_ > 0) self.loop_.Post(self);
  }
  Loop& loop_ = *Loop::Current();
  std::string& order_;
  int turns_;
};

// What becomes of waiters that compute (s) or find that they cannot yet (l), in this order, among others (|).
std::string OrderOf(std::string_view waiters, int turns) {
  std::string order;
  Virtually([&](const Context& ctx) {
    HandshakeTurns in_turns(*Loop::Current());
    std::deque<Turn> steps;
    for (const char one : waiters) in_turns.Add(steps.emplace_back(order, one == 's'));
    Others others(order, turns);
    Settle(ctx);
  });
  return order;
}

TEST(TlsTurns, OthersHaveTheirTurnAfterEveryTwoSteps) {
  EXPECT_EQ(OrderOf("sssssss", 5), "ss|ss|ss|s||");
  EXPECT_EQ(OrderOf("lslslslsl", 3), "lsls|lsls|l|");
}

TEST(TlsTurns, OthersHaveTheirTurnWhereNothingCanBeComputed) {
  EXPECT_EQ(OrderOf(std::string(40, 'l'), 3), std::string(32, 'l') + "|" + std::string(8, 'l') + "||");
}

}  // namespace
}  // namespace weft
