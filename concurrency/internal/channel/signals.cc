// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/signals.h>

#include <atomic>
#include <bit>
#include <cstdint>

#include <weft/concurrency/internal/structure/signal_watch.h>

namespace weft {
namespace internal {

// Signals on their way: first a bit for each kind, from the handler to the thread of the watch; then in a channel, which holds each kind
// at most once, so it is never full.
class SignalQueue final : public SignalWatch {
 public:
  explicit SignalQueue(std::initializer_list<int> signals) : SignalWatch("Signals", signals), failure_(Begin()) {}
  ~SignalQueue() override { Stop(); }

  const Error& Failure() const noexcept { return failure_; }
  const Chan<int>& Arrivals() const noexcept { return arrivals_; }
  // From now on another one of this kind is queued again: the receiver of this one has not acted yet.
  void Taken(int signal) noexcept { queued_.fetch_and(~Bit(signal), std::memory_order_acq_rel); }

 private:
  static std::uint64_t Bit(int signal) noexcept { return std::uint64_t{1} << (signal - 1); }

  bool Note(int signal) noexcept override {
    return (noted_.fetch_or(Bit(signal), std::memory_order_acq_rel) & Bit(signal)) == 0;
  }

  void Look() noexcept override {
    for (std::uint64_t news = noted_.exchange(0, std::memory_order_acq_rel); news != 0; news &= news - 1) {
      const int signal = std::countr_zero(news) + 1;
      if ((queued_.fetch_or(Bit(signal), std::memory_order_acq_rel) & Bit(signal)) == 0) (void)arrivals_.TrySend(signal);
    }
  }

  std::atomic<std::uint64_t> noted_{0};
  std::atomic<std::uint64_t> queued_{0};
  const Chan<int> arrivals_{kSignalsMax};
  const Error failure_;  // last: the watch begins here
};

}  // namespace internal

Signals::Signals(std::initializer_list<int> signals) : queue_(std::make_unique<internal::SignalQueue>(signals)) {}
Signals::~Signals() = default;

const Chan<int>& Signals::Arrivals() const noexcept { return queue_->Arrivals(); }
void Signals::Taken(int signal) noexcept { queue_->Taken(signal); }

Result<int> Signals::Wait(const Context& ctx) {
  if (queue_->Failure()) return queue_->Failure();
  Result<int> signal = Arrivals().Receive(ctx);
  if (signal.Ok()) Taken(*signal);
  return signal;
}

}  // namespace weft
