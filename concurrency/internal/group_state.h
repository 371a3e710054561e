// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_GROUP_STATE_H_
#define WEFT_CONCURRENCY_INTERNAL_GROUP_STATE_H_

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/group.h>
#include <weft/concurrency/internal/park.h>
#include <weft/concurrency/internal/scheduler.h>

namespace weft::internal {

class Member;

// The inside of a Group. All but the context is guarded by one lock, which is never held while something runs or waits.
class GroupState {
 public:
  GroupState(const Context& parent, const GroupOptions& options);
  ~GroupState();

  const Context& ctx() const { return scope_.ctx; }
  bool Start(std::string_view name, std::unique_ptr<MemberFunction> f, internal::Start how);
  void SetLimit(int limit);
  void Cancel(Error cause);
  Error Wait();
  const std::vector<Error>& Errors() const { return errors_; }

  // Called by a member when nothing of it lives any more. The group may be gone when this returns.
  void Ended(Error error);

 private:
  enum class Place { kGot, kFull, kCanceled };
  Place TakePlace(internal::Start how);
  bool Refuse();
  bool StartFiber(std::unique_ptr<Member> member);
  bool StartThread(std::unique_ptr<Member> member);
  void Record(Error error, bool& cancel);
  void JoinEndedThreads();
  bool Full() const { return limit_ > 0 && active_ >= limit_; }

  CancelScope scope_;
  LoopCore* const loop_;  // of the builder; null: a plain thread
  const bool spread_;
  const std::uint64_t parent_fiber_;
  const std::uint64_t work_;

  SmallLock lock_;
  int limit_;
  int active_ = 0;
  bool refused_ = false;
  List<Parker> for_place_;  // callers of Go
  List<Parker> for_end_;    // callers of Wait
  Error first_;
  std::vector<Error> errors_;
  std::vector<std::thread> running_threads_;
  std::vector<std::thread::id> ended_threads_;
};

// One function of a group: its fiber, or its thread.
class Member final : public FiberJob, public LoopTask {
 public:
  Member(GroupState& group, std::string_view name, std::unique_ptr<MemberFunction> f)
      : LoopTask(&StartOnLoop), group_(group), name_(name), function_(std::move(f)) {}

  void Run() override;
  void Ended() noexcept override;
  FiberOptions Options() const;

  std::uint64_t parent = 0;
  std::uint64_t work = 0;

 private:
  static void StartOnLoop(LoopTask* task);

  GroupState& group_;
  const std::string name_;
  std::unique_ptr<MemberFunction> function_;
  Error result_;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_GROUP_STATE_H_
