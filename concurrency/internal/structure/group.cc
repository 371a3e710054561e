// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/group.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>

#include <weft/concurrency/internal/base/thread_signals.h>
#include <weft/concurrency/internal/context/context_node.h>
#include <weft/concurrency/internal/runtime/scheduler.h>
#include <weft/concurrency/internal/runtime/wait_list.h>
#include <weft/concurrency/scope.h>

namespace weft::internal {

// The threads of a group that was built on a plain thread.
class GroupThreads {
 public:
  void Start(Member& member);  // throws when there can be no more
  void JoinEnded();

 private:
  void Run(Member& member, ThreadTally* tally);

  SmallLock lock_;
  std::vector<std::thread> running_ WEFT_GUARDED_BY(lock_);
  std::vector<std::thread::id> ended_ WEFT_GUARDED_BY(lock_);
};

void GroupThreads::Start(Member& member) {
  ThreadTally* tally = t_tally;
  if (tally != nullptr) tally->Enter();
  try {
    std::lock_guard hold(lock_);
    ended_.reserve(running_.size() + 1);  // so that an end needs no memory
    running_.emplace_back([this, &member, tally] { Run(member, tally); });
  } catch (...) {
    if (tally != nullptr) tally->Leave();
    throw;
  }
}

void GroupThreads::Run(Member& member, ThreadTally* tally) {
  const PipeSignalShield no_pipe_signal;
  t_tally = tally;
  {
    ScopedContext current(member.group_.ctx());
    member.Run();
  }
  {
    std::lock_guard hold(lock_);
    ended_.push_back(std::this_thread::get_id());
  }
  member.Ended();
  if (tally != nullptr) tally->Leave();
}

void GroupThreads::JoinEnded() {
  std::vector<std::thread> ended;
  {
    std::lock_guard hold(lock_);
    for (const std::thread::id id : ended_) {
      const auto at = std::find_if(running_.begin(), running_.end(), [id](const std::thread& t) { return t.get_id() == id; });
      ended.push_back(std::move(*at));
      running_.erase(at);
    }
    ended_.clear();
  }
  for (std::thread& thread : ended) thread.join();
}

namespace {
BlockPool* CurrentBlocks() noexcept { return CurrentLoop() != nullptr ? &CurrentLoop()->blocks() : nullptr; }
}  // namespace

void* Member::operator new(std::size_t bytes) { return BlockPool::Take(CurrentBlocks(), bytes); }
void Member::operator delete(void* block, std::size_t bytes) noexcept { BlockPool::Give(CurrentBlocks(), block, bytes); }

void Member::Ended() noexcept {
  GroupState& group = group_;
  Error result = std::move(result_);
  delete this;
  if (result) [[unlikely]] group.Fail(std::move(result));
  group.Leave();
}

void Member::KeepName(std::string_view name) noexcept {
  name_size_ = static_cast<std::uint8_t>(std::min(name.size(), FiberOptions::kNameMax));
  if (name_size_ != 0) std::memcpy(name_, name.data(), name_size_);
}

void Member::StartOnLoop(LoopTask* task) {
  auto* member = static_cast<Member*>(task);
  member->group_.BeginOn(*CurrentLoop(), {member->name_, member->name_size_}, *member);
}

GroupState::GroupState(const Context& parent, int limit, bool spread)
    : ctx_(ContextAccess::Adopt(ContextNode::NewCanceler(ContextAccess::Node(parent), kNever, {}))),
      loop_(CurrentLoop()),
      spread_(spread),
      parent_fiber_(CurrentFiberId()),
      work_(CurrentScope().work) {
  CheckMayBlock("Group");
  if (loop_ != nullptr) {
    loop_->scheduler().Hold();
  } else {
    threads_ = std::make_unique<GroupThreads>();
  }
  if (limit > 0) SetLimit(limit);
}

GroupState::~GroupState() {
  if ((word_.load(std::memory_order_acquire) & kClosed) == 0) {
    ContextAccess::Node(ctx_)->Cancel();
    (void)Wait();
  }
  if (loop_ != nullptr) loop_->scheduler().Release();
}

// Threads are started also when only the parent has ended: see "What a done parent does to Go" in docs/rationale.md.
bool GroupState::MayStart() const {
  if (!ContextAccess::MayBeDone(ctx_) || !ctx_.Err()) [[likely]] return true;
  return loop_ == nullptr && ContextAccess::Node(ctx_)->EndedFromAbove();
}

GroupState::Place GroupState::TakePlace(internal::Start how) {
  if (!MayStart()) return Place::kRefused;
  std::uint64_t word = word_.load(std::memory_order_relaxed);
  do {
    if ((word & kClosed) != 0) return Place::kRefused;
    if ((word & kLimited) != 0) return TakePlaceLimited(how);
  } while (!word_.compare_exchange_weak(word, word + kOne, std::memory_order_relaxed));
  return Place::kGot;
}

// A slot that becomes free is handed to the caller that has waited longest.
GroupState::Place GroupState::TakePlaceLimited(internal::Start how) {
  {
    std::lock_guard hold(lock_);
    const Place place = TakeFreeLocked();
    if (place != Place::kFull || how == internal::Start::kTry) return place;
  }
  Place place = Place::kFull;
  const auto look = [&]() WEFT_REQUIRES(lock_) { return (place = TakeFreeLocked()) != Place::kFull; };
  const std::uint32_t outcome = WaitInList(lock_, for_place_, "place in a group", ctx_, look);
  if (outcome != kDidNotWait) place = outcome == Parker::kWoken ? Place::kGot : Place::kRefused;
  if (place != Place::kGot || MayStart()) return place;
  Leave();
  return Place::kRefused;
}

// With the lock.
GroupState::Place GroupState::TakeFreeLocked() {
  std::uint64_t word = word_.load(std::memory_order_relaxed);
  do {
    if ((word & kClosed) != 0) return Place::kRefused;
    if (FullAt(word)) return Place::kFull;
  } while (!word_.compare_exchange_weak(word, word + kOne, std::memory_order_relaxed));
  return Place::kGot;
}

bool GroupState::Refuse() {
  word_.fetch_or(kRefused, std::memory_order_relaxed);
  return false;
}

bool GroupState::Start(std::string_view name, std::unique_ptr<Member> member, internal::Start how) {
  switch (TakePlace(how)) {
    case Place::kFull: return false;
    case Place::kRefused: member.reset(); return Refuse();
    case Place::kGot: break;
  }
  const bool started = loop_ == nullptr ? StartThread(std::move(member)) : StartFiber(name, std::move(member));
  if (how == internal::Start::kWait) ExplorePoint();
  return started;
}

bool GroupState::StartFiber(std::string_view name, std::unique_ptr<Member> member) {
  LoopCore& loop = spread_ ? loop_->scheduler().NextForSpread() : *loop_;
  Member& started = *member.release();
  if (&loop == CurrentLoop()) return BeginOn(loop, name, started);
  started.KeepName(name);
  loop.PostPinned(started);
  return true;
}

bool GroupState::BeginOn(LoopCore& loop, std::string_view name, Member& member) noexcept {
  FiberOptions options;
  options.name = name;
  options.parent = parent_fiber_;
  options.context = &ctx_;
  options.work = work_;
  options.started = member.where_;
  if (Error failed = loop.Start(member, options)) {
    delete &member;
    Ended(std::move(failed));
    return false;
  }
  return true;
}

bool GroupState::StartThread(std::unique_ptr<Member> member) {
  threads_->JoinEnded();
  try {
    threads_->Start(*member);
  } catch (const std::exception& e) {
    member.reset();
    const auto* refused = dynamic_cast<const std::system_error*>(&e);
    const Error error = refused != nullptr ? Error(refused->code()) : Error::FromException(std::current_exception());
    Ended(error.Wrap("start a thread"));
    return false;
  }
  (void)member.release();
  return true;
}

// A member that returns the group's own cancellation has not failed. A cancellation or a deadline of the parent has cut off work
// that was needed, so the first member that returns it has failed; others then only repeat it. With the lock.
bool GroupState::Repeats(const Error& error, const Error& own, const Error& own_cause) const {
  if (!own) return false;
  if (!ContextAccess::Node(ctx_)->EndedFromAbove() && (error.Is(kCanceled) || error.Is(own_cause))) return true;
  return first_ && (error.Is(own) || error.Is(first_));
}

void GroupState::Fail(Error error) {
  // Before the lock: the call may end contexts, and destroy users' values.
  const Error own = ctx_.Err();
  const Error own_cause = ctx_.Cause();
  {
    std::lock_guard hold(lock_);
    if (Repeats(error, own, own_cause)) return;
    try {
      errors_.push_back(error);
    } catch (const std::bad_alloc&) {  // it is missing from the list, but the group fails all the same
    }
    if (first_) return;
    first_ = error;
  }
  Cancel(std::move(error));
}

void GroupState::Ended(Error error) {
  if (error) Fail(std::move(error));
  Leave();
}

void GroupState::Leave() {
  std::uint64_t word = word_.load(std::memory_order_relaxed);
  for (;;) {
    if ((word & kLimited) != 0) {
      if (LeaveLimited()) return;
      word = word_.load(std::memory_order_relaxed);
      continue;
    }
    const bool wakes = word < 2 * kOne && (word & kWaited) != 0;
    const std::uint64_t after = wakes ? (word - kOne) | kClosed : word - kOne;
    if (!word_.compare_exchange_weak(word, after, std::memory_order_acq_rel, std::memory_order_relaxed)) continue;
    if (wakes) waiter_->Wake();
    return;
  }
}

// False: there is no limit any more.
bool GroupState::LeaveLimited() {
  Parker* waiter = nullptr;
  {
    std::lock_guard hold(lock_);
    const std::uint64_t word = word_.load(std::memory_order_relaxed);
    if ((word & kLimited) == 0) return false;
    if (!FullAt(word - kOne) && WakeCallerLocked()) return true;  // the slot is the caller's now
    const std::uint64_t after = word_.fetch_sub(kOne, std::memory_order_acq_rel) - kOne;
    if (after < kOne && (after & kWaited) != 0) {
      word_.fetch_or(kClosed, std::memory_order_relaxed);
      waiter = waiter_;
    }
  }
  if (waiter != nullptr) waiter->Wake();
  return true;
}

bool GroupState::WakeCallerLocked() {
  while (Parker* caller = for_place_.PopFront()) {
    if (caller->Wake()) return true;
  }
  return false;
}

// kLimited stays set until the callers have got their slots: it keeps all others out of word_.
void GroupState::SetLimit(int limit) {
  std::lock_guard hold(lock_);
  limit_ = limit;
  if (limit > 0) word_.fetch_or(kLimited, std::memory_order_relaxed);
  while (!FullAt(word_.load(std::memory_order_relaxed)) && WakeCallerLocked()) word_.fetch_add(kOne, std::memory_order_relaxed);
  if (limit <= 0) word_.fetch_and(~kLimited, std::memory_order_relaxed);
}

void GroupState::Cancel(Error cause) noexcept { ContextAccess::Node(ctx_)->Cancel(std::move(cause)); }

Error GroupState::Wait() {
  ExplorePoint();
  WaitForEnd();
  if (threads_ != nullptr) threads_->JoinEnded();  // members that have ended may still be leaving their threads
  Error result = first_;
  if (!result && (word_.load(std::memory_order_relaxed) & kRefused) != 0) result = WhyRefused();
  ContextAccess::Node(ctx_)->Cancel();
  return result;
}

// The cause, which also Is the context's own error, so that IgnoreCanceled knows it.
Error GroupState::WhyRefused() const {
  const Error cause = ctx_.Cause();
  const bool late = ctx_.Err().Is(kDeadlineExceeded);
  if (!cause || cause.Is(late ? kDeadlineExceeded : kCanceled)) return cause;
  return ErrorAccess::CodedInWordsOf(cause, late ? Errc::kDeadlineExceeded : Errc::kCanceled);
}

// Closes the group when it is empty; the last member does so if we are parked by then. Nothing starts afterwards, so the group
// stays empty.
void GroupState::WaitForEnd() {
  std::uint64_t word = word_.load(std::memory_order_acquire);
  while ((word & kClosed) == 0) {
    if (word < kOne) {
      if (word_.compare_exchange_weak(word, word | kClosed, std::memory_order_acq_rel)) break;
      continue;
    }
    if (waiter_ != nullptr) AbortMisuse("Group::Wait", "another caller is already waiting for the group");
    Parker parker("group");
    waiter_ = &parker;
    if (word_.compare_exchange_strong(word, word | kWaited, std::memory_order_acq_rel)) parker.ParkUntilWoken();
    waiter_ = nullptr;
    word = word_.load(std::memory_order_acquire);
  }
  if ((word & kLimited) != 0) std::lock_guard hold(lock_);  // a member that ended under a limit may still hold the lock
}

}  // namespace weft::internal
