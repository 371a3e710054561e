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

// Signals of the operating system that may arrive again and again and ask for something, such as
// SIGHUP for reloading files (Go's signal.Notify). For a signal that ends the program there is
// NotifyContext (context.h).
//
//   weft::Error ReloadAtHangups(const weft::Context& ctx, weft::Signals& hangups) {
//     for (;;) {
//       weft::Result<int> signal = hangups.Wait(ctx);
//       if (weft::Error err = signal.Err()) return err;
//       Reload();
//     }
//   }
//
//   int main() {
//     weft::Signals hangups({SIGHUP});               // first in main: until then SIGHUP kills
//     weft::Error err = weft::Run(weft::Background(), [&](const weft::Context& ctx) {
//       return ReloadAtHangups(ctx, hangups);
//     });
//     return err ? 1 : 0;
//   }
//
// It watches from its construction to its destruction, which restores the previous signal actions.
// A signal that arrives is kept until it is taken, in the order of arrival; several arrivals of the
// same signal count as one. Each one is taken by one waiter. A signal that arrived before the
// construction, and was not blocked, is lost.
//
// Build it in main, before there are loops. Fibers of any loop and plain threads may then use it;
// it must outlive all waits. It uses no file descriptor, and works even if every thread of the
// process blocks the signals. RunTest does not know of signals, so run a test that sends some in
// real time.
//
// A signal belongs to one Signals or NotifyContext at a time; a second one aborts. If its own
// thread cannot be started it watches nothing: Wait fails and says so, and OnSignal is never ready.
class Signals {
 public:
  explicit Signals(std::initializer_list<int> signals);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Waits until there is a signal that was not taken yet, takes it and returns its number. Parks; a
  // plain thread blocks. Fails with the context's error if that is done first.
  Result<int> Wait(const Context& ctx);

 private:
  template <class F>
  friend auto OnSignal(Signals& signals, F f);
  const Chan<int>& Arrivals() const noexcept;
  void Taken(int signal) noexcept;

  const std::unique_ptr<internal::SignalQueue> queue_;
};

// A case of a Select: a signal has arrived, and is taken. f(int) gets its number, and returns void
// or Error.
//
//   weft::Error WorkOrReload(const weft::Context& ctx, weft::Signals& hangups,
//                            const weft::Chan<Job>& jobs) {
//     return weft::Select(ctx, weft::OnSignal(hangups, [](int) { Reload(); }),
//                         weft::OnReceive(jobs, [](weft::Result<Job> job) { return Work(job); }))
//         .Err();
//   }
template <class F>
auto OnSignal(Signals& signals, F f) {
  return OnReceive(signals.Arrivals(),
                   [&signals, f = std::move(f)](const Result<int>& signal) mutable {
                     signals.Taken(*signal);
                     return f(*signal);
                   });
}

}  // namespace weft

#endif  // WEFT_CONCURRENCY_SIGNALS_H_
