// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/http1/handshake_turns.h>

namespace weft::internal::http1 {

void HandshakeTurns::Add(Waiter& waiter) {
  if (waiter.Linked()) return;
  waiting_.AddBack(waiter);
  PostTurn();
}

void HandshakeTurns::PostTurn() {
  if (turn_.posted) return;
  turn_.posted = true;
  loop_.Post(turn_);
}

void HandshakeTurns::OnTurn(LoopTask* task) {
  auto* turn = static_cast<Turn*>(task);
  HandshakeTurns& self = *turn->turns;
  turn->posted = false;
  for (int steps = 0, looks = 0; steps < kStepsInATurn && looks < kLooksInATurn; ++looks) {
    TimeoutLink* const first = self.waiting_.First();
    if (first == nullptr) return;
    first->Unlink();
    if (static_cast<Waiter*>(first)->TakeStep()) ++steps;
  }
  if (self.waiting_.First() != nullptr) self.PostTurn();
}

}  // namespace weft::internal::http1
