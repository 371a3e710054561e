// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP1_LENDING_H_
#define WEFT_SERVER_INTERNAL_HTTP1_LENDING_H_

#include <atomic>

namespace weft::internal::http1 {

// Responses that are ready to be sent and can be lent.
class Lendable {
 public:
  // On the watchdog thread: sends what the socket takes, and counts it.
  virtual void SendFromWatchdog() noexcept = 0;
  // On the loop, afterwards: takes note of what was sent.
  virtual void NoteSentFromWatchdog() noexcept = 0;

 protected:
  ~Lendable() = default;
};

// Responses that are ready are held back while the next handler runs, to be sent with its own. If that
// handler holds the loop, the watchdog thread sends them: the loop lends them to it for as long as the
// handler runs, and takes them back before it touches them.
//
//   loop:    Lend ── handler runs ── TakeBack      two atomic steps on a line that no other thread touches
//   thread:            SendWhatIsLent              where the loop is held
class Lending {
 public:
  // The loop's side. What is lent: a session's responses, a batch's, or both; null: none.
  void Lend(Lendable* session, Lendable* batch) {
    session_ = session;
    batch_ = batch;
    lent_ = true;
    state_.store(State::kLent, std::memory_order_release);
  }
  // Must be called before anything that may be lent is touched.
  void TakeBack() noexcept {
    if (lent_) [[unlikely]] EndLending();
  }

  // The thread's side: sends what is lent, if anything is.
  void SendWhatIsLent() noexcept {
    State state = State::kLent;
    if (!state_.compare_exchange_strong(state, State::kBorrowed, std::memory_order_acquire)) return;
    if (session_ != nullptr) session_->SendFromWatchdog();
    if (batch_ != nullptr) batch_->SendFromWatchdog();
    state_.store(State::kUsed, std::memory_order_release);
  }

 private:
  enum class State : int { kMine, kLent, kBorrowed, kUsed };

  void EndLending() noexcept {
    lent_ = false;
    State state = State::kLent;
    if (state_.compare_exchange_strong(state, State::kMine, std::memory_order_acquire)) return;
    while (state_.load(std::memory_order_acquire) == State::kBorrowed) {  // for some microseconds
    }
    state_.store(State::kMine, std::memory_order_relaxed);
    if (session_ != nullptr) session_->NoteSentFromWatchdog();
    if (batch_ != nullptr) batch_->NoteSentFromWatchdog();
  }

  bool lent_ = false;
  std::atomic<State> state_{State::kMine};
  Lendable* session_ = nullptr;
  Lendable* batch_ = nullptr;
};

}  // namespace weft::internal::http1

#endif  // WEFT_SERVER_INTERNAL_HTTP1_LENDING_H_
