// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_CHANNEL_SELECT_CORE_H_
#define WEFT_CONCURRENCY_INTERNAL_CHANNEL_SELECT_CORE_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/clock.h>
#include <weft/concurrency/internal/base/list.h>
#include <weft/concurrency/internal/base/small_lock.h>
#include <weft/concurrency/internal/runtime/queue_waiter.h>

namespace weft::internal {

// One case of a Select, on the caller's stack. Those that wait at something name its lock: the locks of all cases are held together
// while the cases are tried and entered, so that trying is one step. Cases without a lock (contexts) are entered after that.
class SelectCase {
 public:
  virtual ~SelectCase() = default;
  SelectCase() = default;
  SelectCase(SelectCase&&) = default;  // before it is used
  SelectCase& operator=(SelectCase&&) = delete;

  // Null: it waits for time or a context only, or is never ready.
  virtual SmallLock* Lock() noexcept { return nullptr; }
  // A Select begins: durations start to run. Returns whether the case reads the clock.
  virtual bool Begin() noexcept { return false; }
  // Before each round of Try, without any lock, if some case reads the clock.
  virtual void BeforeTry() noexcept {}
  // With the lock: does the work of the case if that needs no waiting. `now_ns` is 0 unless some case reads the clock.
  virtual bool Try(std::int64_t now_ns) noexcept = 0;
  // When it should be tried again at the latest.
  virtual std::int64_t DueNs() noexcept { return kNever; }
  // With the lock: the code that makes the case ready claims `parker` with `outcome`. False: it is ready already.
  virtual bool Enter(Parker&, std::uint32_t /*outcome*/) noexcept { return true; }
  // With the lock: takes that back, if it has not happened.
  virtual void Leave() noexcept {}
  // The code that claimed it has done the case's work; otherwise the case must be tried again.
  virtual bool DoneWhenClaimed() noexcept { return true; }
  // Runs the caller's function, without any lock.
  virtual Error Finish() = 0;
  // The case is put into a list, so it must keep alive what it waits at, and what it sends.
  virtual void Keep() {}
};

struct DoNothing {
  void operator()() const {}
};

// Calls f, which returns void or Error.
template <class F, class... Args>
Error CallCase(F& f, Args&&... args) {
  using R = std::invoke_result_t<F&, Args...>;
  static_assert(std::is_void_v<R> || std::is_same_v<R, Error>, "the function of a case returns void or weft::Error");
  if constexpr (std::is_void_v<R>) {
    f(std::forward<Args>(args)...);
    return {};
  } else {
    return f(std::forward<Args>(args)...);
  }
}

template <class Waiter>
void EnterQueue(List<Waiter>& queue, Waiter& waiter, Parker& parker, std::uint32_t outcome) noexcept {
  waiter.WaitWith(parker, outcome);
  queue.PushBack(waiter);
}

enum class SelectOrder : std::uint8_t { kFair, kAsWritten };
inline constexpr std::size_t kNoDefault = SIZE_MAX;

// What one Select works on. The three arrays have `count` places; `order` and `locks` are scratch.
struct SelectCall {
  SelectCase** cases;
  std::uint32_t* order;
  SmallLock** locks;
  std::size_t count;
  std::size_t default_case;  // its index, or kNoDefault; never tried
};

// Waits for a case and returns its index; its work is done, its Finish not yet called. An Error is the context's.
Result<std::size_t> RunSelect(const Context& ctx, const SelectCall& call, SelectOrder order) noexcept;

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_CHANNEL_SELECT_CORE_H_
