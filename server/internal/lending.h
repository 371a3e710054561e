// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_LENDING_H_
#define WEFT_SERVER_INTERNAL_LENDING_H_

#include <atomic>

namespace weft::internal {

// Responses that are ready are held back while the next handler runs, to leave with its own. Should that handler hold the loop, the thread
// beside the loops sends them: the loop lends them to it for as long as the handler runs, and takes them back before it touches them.
//
//   loop:    Lend ── handler runs ── TakeBack        two atomic steps on a line that nobody else touches
//   thread:            Borrow ── send ── Return      where the loop is held
class Lending {
 public:
  // The loop's side.
  void Lend() {
    lent_ = true;
    state_.store(State::kLent, std::memory_order_release);
  }
  bool Lent() const { return lent_; }
  // True: they were used meanwhile. Waits for a thread that is at it, for some microseconds.
  bool TakeBack() {
    lent_ = false;
    State state = State::kLent;
    if (state_.compare_exchange_strong(state, State::kMine, std::memory_order_acquire)) return false;
    while (state_.load(std::memory_order_acquire) == State::kBorrowed) {
    }
    state_.store(State::kMine, std::memory_order_relaxed);
    return true;
  }

  // The thread's. False: there is nothing to borrow.
  bool Borrow() {
    State state = State::kLent;
    return state_.compare_exchange_strong(state, State::kBorrowed, std::memory_order_acquire);
  }
  void Return() { state_.store(State::kUsed, std::memory_order_release); }

 private:
  enum class State : int { kMine, kLent, kBorrowed, kUsed };

  bool lent_ = false;
  std::atomic<State> state_{State::kMine};
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_LENDING_H_
