// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_STRUCTURE_FLIGHT_H_
#define WEFT_CONCURRENCY_INTERNAL_STRUCTURE_FLIGHT_H_

#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/internal/base/list.h>
#include <weft/concurrency/internal/base/small_lock.h>

namespace weft::internal {

// One run of a Singleflight: the work and the callers that wait for it. The caller that begins it builds the group in which the
// work runs, and the one that leaves last joins it, so the work never outlives the calls for it. `lock` is the Singleflight's.
class Flight {
 public:
  explicit Flight(SmallLock& lock) : lock_(lock) {}
  Flight(const Flight&) = delete;
  Flight& operator=(const Flight&) = delete;

  // Whether code under `ctx` is work of this flight, so that it would wait for itself.
  bool Carries(const Context& ctx) const;

  // For code that holds the Singleflight's lock, which is also this object's. Clang cannot see that.
  void SharesLock() const WEFT_ASSERT_LOCKED(lock_) {}
  // One more caller.
  void JoinLocked() WEFT_REQUIRES(lock_) { ++waiting_; }
  bool SharedLocked() const WEFT_REQUIRES(lock_) { return waiting_ > 1; }

  // By the first caller, once. `work` calls LandLocked when it has the result, and is destroyed where it ran. An error means that it
  // could not be started.
  template <class Work>
  Error Begin(const Context& ctx, Work work) {
    group_.emplace(WorkContext(ctx));
    if (group_->Go("singleflight", std::move(work))) return {};
    return group_->Wait();
  }
  // By the work: the result is there.
  void LandLocked() WEFT_REQUIRES(lock_);

  // Parks until the result is there; an error means that `ctx` was done before.
  Error Wait(const Context& ctx);
  // Each caller's last step. The last caller cancels the work if it still runs, and joins it; then it returns true. `forget` is called
  // with the lock if no more callers may join.
  template <class Forget>
  bool Leave(Forget forget) WEFT_NO_LOCK_ANALYSIS {
    bool last = false;
    bool cut_off = false;
    {
      std::lock_guard hold(lock_);
      last = --waiting_ == 0;
      cut_off = last && !landed_;
      if (cut_off) forget();
    }
    if (last) Join(cut_off);
    return last;
  }

 protected:
  ~Flight() = default;

 private:
  Context WorkContext(const Context& ctx) const;
  void Join(bool cut_off);

  SmallLock& lock_;
  std::size_t waiting_ WEFT_GUARDED_BY(lock_) = 0;
  bool landed_ WEFT_GUARDED_BY(lock_) = false;
  List<Parker> parked_ WEFT_GUARDED_BY(lock_);
  std::optional<Group> group_;
};

Error AsksForItself();

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_STRUCTURE_FLIGHT_H_
