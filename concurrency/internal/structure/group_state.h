// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_STRUCTURE_GROUP_STATE_H_
#define WEFT_CONCURRENCY_INTERNAL_STRUCTURE_GROUP_STATE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <source_location>
#include <string_view>
#include <utility>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/list.h>
#include <weft/concurrency/internal/base/small_lock.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/run.h>

namespace weft::internal {

class GroupThreads;
class LoopCore;
class Member;
class Parker;

enum class Start { kWait, kTry };

// The state of a Group, which contains it. Without a limit, a member starts and ends by one atomic operation each on
// `word_`, and the last one to end wakes Wait as its very last access, so Wait needs no lock to know that it is alone. With a
// limit they take a lock, which is never held while something runs or waits.
class GroupState {
 public:
  GroupState(const Context& parent, int limit, bool spread);
  ~GroupState();  // cancels and waits
  GroupState(const GroupState&) = delete;
  GroupState& operator=(const GroupState&) = delete;

  const Context& ctx() const { return ctx_; }
  bool Start(std::string_view name, std::unique_ptr<Member> member, internal::Start how);
  void SetLimit(int limit);
  void Cancel(Error cause) noexcept;
  Error Wait() WEFT_NO_LOCK_ANALYSIS;  // at its end no member is left
  const std::vector<Error>& Errors() const { return errors_; }

 private:
  friend class Member;
  friend class GroupThreads;
  enum class Place { kGot, kFull, kRefused };

  // Flags of word_; the members that run are counted above them.
  static constexpr std::uint64_t kLimited = 1;  // starts and ends go through the lock
  static constexpr std::uint64_t kWaited = 2;   // Wait is parked on waiter_: the last member wakes it
  static constexpr std::uint64_t kClosed = 4;   // Wait is over: nothing starts any more
  static constexpr std::uint64_t kRefused = 8;  // a start was rejected
  static constexpr std::uint64_t kOne = 16;

  bool MayStart() const;
  Place TakePlace(internal::Start how);
  Place TakePlaceLimited(internal::Start how);
  Place TakeFreeLocked() WEFT_REQUIRES(lock_);
  bool Refuse();
  bool StartFiber(std::string_view name, std::unique_ptr<Member> member);
  bool StartThread(std::unique_ptr<Member> member);
  bool BeginOn(LoopCore& loop, std::string_view name, Member& member) noexcept;

  // Called by a member once everything of it is destroyed. The group may be gone when this returns.
  void Ended(Error error);
  void Leave();
  bool LeaveLimited();
  void Fail(Error error);
  bool Repeats(const Error& error, const Error& own, const Error& own_cause) const WEFT_REQUIRES(lock_);
  Error WhyRefused() const;
  void WaitForEnd();
  bool WakeCallerLocked() WEFT_REQUIRES(lock_);
  bool FullAt(std::uint64_t word) const WEFT_REQUIRES(lock_) { return limit_ > 0 && word / kOne >= static_cast<std::uint64_t>(limit_); }

  std::atomic<std::uint64_t> word_{0};
  Context ctx_;
  LoopCore* const loop_;  // of the builder; null: a plain thread
  const bool spread_;
  const std::uint64_t parent_fiber_;
  const std::uint64_t work_;

  Parker* waiter_ = nullptr;  // the caller of Wait; written before kWaited
  std::unique_ptr<GroupThreads> threads_;  // only if loop_ is null

  SmallLock lock_;
  int limit_ WEFT_GUARDED_BY(lock_) = 0;
  List<Parker> for_place_ WEFT_GUARDED_BY(lock_);    // callers of Go
  Error first_ WEFT_GUARDED_BY(lock_);
  std::vector<Error> errors_ WEFT_GUARDED_BY(lock_);
};

// One function of a group and its fiber, or its thread. It deletes itself when it has ended.
class Member : public FiberJob, public LoopTask {
 public:
  virtual ~Member() = default;
  void Ended() noexcept final;

  static void* operator new(std::size_t bytes);
  static void* operator new(std::size_t bytes, std::align_val_t align) { return ::operator new(bytes, align); }
  static void operator delete(void* block, std::size_t bytes) noexcept;
  static void operator delete(void* block, std::size_t bytes, std::align_val_t align) noexcept { ::operator delete(block, bytes, align); }

 protected:
  Member(GroupState& group, std::source_location where) : LoopTask(&StartOnLoop), group_(group), where_(where) {}
  const Context& ctx() const { return group_.ctx(); }

  Error result_;

 private:
  friend class GroupState;
  friend class GroupThreads;
  static void StartOnLoop(LoopTask* task);
  void KeepName(std::string_view name) noexcept;

  GroupState& group_;
  const std::source_location where_;
  std::uint8_t name_size_ = 0;
  char name_[FiberOptions::kNameMax];  // written only on its way to another loop
};

template <class F>
class MemberOf final : public Member {
 public:
  MemberOf(GroupState& group, F&& f, std::source_location where) : Member(group, where) { new (&f_) F(std::move(f)); }
  ~MemberOf() override {
    if (!ended_) f_.~F();
  }

  void Run() override {
    try {
      result_ = CallReturningError(f_, ctx());
    } catch (...) {
      result_ = Error::FromException(std::current_exception());
    }
    ended_ = true;
    f_.~F();  // in its own fiber: its destructors may park
  }

 private:
  bool ended_ = false;
  union {
    F f_;
  };
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_STRUCTURE_GROUP_STATE_H_
