// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/retry.h>

#include <algorithm>
#include <random>
#include <string>

#include <weft/net/client_failure.h>

namespace weft {
namespace {

// A random part of a pause; it need not be unpredictable.
Duration PartOf(Duration most) {
  thread_local std::minstd_rand random{std::random_device()()};
  return Duration(std::uniform_int_distribution<std::int64_t>(0, most.count())(random));
}

}  // namespace

void RetryBudget::Earn() noexcept {
  std::int64_t left = left_.load(std::memory_order_relaxed);
  while (left < most_ && !left_.compare_exchange_weak(left, std::min(left + share_, most_), std::memory_order_relaxed)) {
  }
}

bool RetryBudget::Take() noexcept {
  std::int64_t left = left_.load(std::memory_order_relaxed);
  while (left >= kToken) {
    if (left_.compare_exchange_weak(left, left - kToken, std::memory_order_relaxed)) return true;
  }
  return false;
}

bool NotProcessed(const Error& error) noexcept {
  const ClientFailure* failure = error.As<ClientFailure>();
  return failure != nullptr && !failure->processed;
}

namespace internal {

bool RetryLoop::Again(Error& error) {
  const auto give_up = [&] {
    if (attempts_ > 1) error = error.Wrap("after " + std::to_string(attempts_) + " attempts");
    return false;
  };
  if (ctx_.Err() || attempts_ >= options_.attempts_max) return give_up();
  if (options_.retry_if && !options_.retry_if(error)) return give_up();
  Duration most = options_.backoff;
  for (int i = 1; i < attempts_ && most < options_.backoff_max; ++i) most *= 2;
  const Duration pause = PartOf(std::min(most, options_.backoff_max));
  if (const std::optional<TimePoint> deadline = ctx_.Deadline(); deadline && Now() + pause >= *deadline) return give_up();
  if (options_.budget != nullptr && !options_.budget->Take()) return give_up();
  if (Sleep(ctx_, pause)) return give_up();
  ++attempts_;
  return true;
}

}  // namespace internal
}  // namespace weft
