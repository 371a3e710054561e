// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_STRUCTURE_SIGNAL_WATCH_H_
#define WEFT_CONCURRENCY_INTERNAL_STRUCTURE_SIGNAL_WATCH_H_

#include <semaphore.h>

#include <atomic>
#include <csignal>
#include <initializer_list>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/thread_mutex.h>

namespace weft::internal {

inline constexpr int kSignalsMax = 65;

// Watches some signals from its construction until it is stopped. The derived class decides what they mean. The handler needs no other
// code to run, and no descriptor. A thread of the watch, which has just these signals unblocked, whatever mask the process has inherited,
// does what a handler must not do.
//
// The constructor of the derived class calls Begin last, its destructor Stop first.
class SignalWatch {
 public:
  // `function` is what the user has called, for messages. Aborts if a number is not a signal.
  SignalWatch(const char* function, std::initializer_list<int> signals);
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  // Installs the handlers and starts the thread. An error: there is no thread, and nothing is watched. Aborts if a signal cannot be
  // caught or belongs to another watch.
  Error Begin();
  // Restores what was set before and joins the thread. May be called by several threads at once, and again: all wait for the end.
  void Stop() noexcept;

 protected:
  virtual ~SignalWatch();
  // In the signal handler, possibly on several threads at once: calls only what a handler may call. True: wake the thread.
  virtual bool Note(int signal) noexcept = 0;
  // On the thread of the watch, some time after a Note that was true.
  virtual void Look() noexcept = 0;

  const struct sigaction& Action() const noexcept { return action_; }  // of the handler

 private:
  static void OnSignal(int signal) noexcept;
  void Take(int signal, struct sigaction& before);
  void Restore() noexcept WEFT_REQUIRES(stop_lock_);
  void Run() noexcept;

  const char* const function_;
  const std::vector<int> signals_;
  sigset_t set_;
  struct sigaction action_{};
  sem_t news_;
  std::atomic<bool> stop_{false};
  ThreadMutex stop_lock_;
  std::vector<struct sigaction> before_ WEFT_GUARDED_BY(stop_lock_);  // in the order of signals_
  bool watches_ WEFT_GUARDED_BY(stop_lock_) = false;
  std::thread thread_ WEFT_GUARDED_BY(stop_lock_);
};

// "signal: interrupt"
std::string SignalName(int signal);

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_STRUCTURE_SIGNAL_WATCH_H_
