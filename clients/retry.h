// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_RETRY_H_
#define WEFT_CLIENTS_RETRY_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>
#include <weft/concurrency/unlimited.h>

// Calls something again that has failed: a client's request, a transaction, anything that returns
// an Error or a Result.

namespace weft {

// Limits retries to a share of all calls, so that an overloaded server does not get twice the load
// (a retry storm). Each call by Retry adds `share` of a token, up to `burst`; each retry takes one
// token. From any thread.
class RetryBudget {
 public:
  explicit RetryBudget(double share, std::uint32_t burst = 10) noexcept
      : share_(static_cast<std::int64_t>(share * kToken)),
        most_(static_cast<std::int64_t>(burst) * kToken),
        left_(most_) {}

  // What Retry does at each call, and before each retry. For calls that are repeated otherwise.
  void Earn() noexcept;
  // False: there is none left, so do not retry.
  bool Take() noexcept;

 private:
  static constexpr std::int64_t kToken = 1'000'000;

  const std::int64_t share_;
  const std::int64_t most_;
  std::atomic<std::int64_t> left_;
};

struct RetryOptions {
  int attempts_max = 3;  // including the first one
  // Before the second attempt it waits for up to `backoff`, and then for up to twice as long each
  // time: a random part of that, so that callers which failed together do not retry together.
  Duration backoff = std::chrono::milliseconds(50);
  Duration backoff_max = std::chrono::seconds(5);
  // The limit of each attempt, by the context that it is given. It ends only that attempt; the next
  // one follows.
  Duration try_timeout = kUnlimited;
  // Whether to retry after this Error. By default it retries after all except the context's.
  std::function<bool(const Error&)> retry_if = nullptr;
  RetryBudget* budget = nullptr;  // shared by all callers of one server
};

// For RetryOptions::retry_if: true for a ClientFailure after which the server cannot have acted on
// the call.
bool NotProcessed(const Error& error) noexcept;

namespace internal {

// What Retry does between two attempts.
class RetryLoop {
 public:
  RetryLoop(const Context& ctx, const RetryOptions& options) : ctx_(ctx), options_(options) {
    if (options.budget != nullptr) options.budget->Earn();
  }
  // Waits for the next attempt. False: that was the last one, and Retry returns `error`.
  bool Again(Error& error);
  CancelScope Attempt() const {
    return options_.try_timeout == kUnlimited ? WithCancel(ctx_)
                                              : WithTimeout(ctx_, options_.try_timeout);
  }

 private:
  const Context& ctx_;
  const RetryOptions& options_;
  int attempts_ = 1;
};

inline Error ErrorOf(const Error& error) { return error; }
template <class T>
Error ErrorOf(const Result<T>& result) {
  return result.Err();
}

}  // namespace internal

// Calls f, an Error(const Context&) or Result<T>(const Context&), until it succeeds, and returns
// the result of the last call. After several calls the Error says how many. It never calls under a
// context that is done, and never waits beyond its deadline; it then returns the last Error at
// once.
//
//   weft::RetryBudget budget(0.1);                    // in main: at most a tenth of the calls
//
//   auto user = weft::Retry(ctx, {.retry_if = weft::NotProcessed, .budget = &budget},
//                           [&](const weft::Context& c) { return LoadUser(c, client, id); });
//
// The caller must know what may be called again. By default that is everything, which is right for
// an f that only reads.
template <class F>
auto Retry(const Context& ctx, RetryOptions options, F f) {
  using Returned = std::invoke_result_t<F&, const Context&>;
  internal::RetryLoop loop(ctx, options);
  for (;;) {
    std::optional<Returned> outcome;
    {
      const CancelScope attempt = loop.Attempt();
      outcome.emplace(f(attempt.ctx));
    }
    Error err = internal::ErrorOf(*outcome);
    if (!err) return *std::move(outcome);
    if (!loop.Again(err)) return Returned(std::move(err));
  }
}

}  // namespace weft

#endif  // WEFT_CLIENTS_RETRY_H_
