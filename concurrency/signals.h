// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_SIGNALS_H_
#define WEFT_CONCURRENCY_SIGNALS_H_

#include <initializer_list>
#include <memory>
#include <type_traits>
#include <utility>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>
#include <weft/concurrency/select.h>

namespace weft {

namespace internal {
class SignalQueue;
}

// Signals that come again and again and ask for something, such as SIGHUP to load files anew (Go's
// signal.Notify). One that is to end the program is NotifyContext's.
//
//   weft::Signals hangups({SIGHUP});          // first in main: until then SIGHUP kills
//   ...
//   for (;;) {
//     weft::Result<int> signal = hangups.Wait(ctx);
//     if (weft::Error err = signal.Err()) return err;
//     if (weft::Error err = tls.Reload()) Report(err);
//   }
//
// It watches from its construction until its destruction, which restores what was set before, and
// keeps what arrives until somebody takes it: in the order of arrival, several of one kind as one.
// An arrival is taken by one waiter. It needs no descriptor, and no thread of the process that has
// the signals unblocked. Signals that have come before it, and were not blocked, are lost.
//
// Built in main before there are loops, it may be used by any of them, and by plain threads; it
// outlives all waits. RunTest does not know of signals: a test that sends some runs on real time. One
// signal belongs to one NotifyContext or Signals at a time: a second one aborts by name. If its own
// thread cannot be started it watches nothing; Wait fails and says so, and OnSignal is never ready.
class Signals {
 public:
  explicit Signals(std::initializer_list<int> signals);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Parks, or blocks a plain thread, until a signal has arrived that nobody has taken yet, and
  // takes it. Fails with the context's error when that is done first.
  Result<int> Wait(const Context& ctx);

 private:
  template <class F>
  friend auto OnSignal(Signals& signals, F f);
  const Chan<int>& Arrivals() const noexcept;
  void Taken(int signal) noexcept;

  const std::unique_ptr<internal::SignalQueue> queue_;
};

// A case of a Select: f(int) when a signal has arrived, which it takes. f returns void or Error.
//
//   weft::Select(ctx, weft::OnSignal(hangups, [&](int) { return Reload(ctx); }),
//                     weft::OnReceive(jobs, [&](weft::Result<Job> job) { ... }));
template <class F>
auto OnSignal(Signals& signals, F f) {
  return OnReceive(signals.Arrivals(), [&signals, f = std::move(f)](const Result<int>& signal) mutable {
    signals.Taken(*signal);
    return f(*signal);
  });
}

}  // namespace weft

#endif  // WEFT_CONCURRENCY_SIGNALS_H_
