// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/group.h>

#include <algorithm>
#include <exception>
#include <mutex>
#include <system_error>

#include <weft/concurrency/internal/group_state.h>
#include <weft/concurrency/internal/main_job.h>
#include <weft/concurrency/internal/thread_signals.h>
#include <weft/concurrency/scope.h>

namespace weft {
namespace internal {

void Member::Run() {
  ScopedContext current(group_.ctx());
  result_ = CallGuarded(*function_, group_.ctx());
  function_.reset();  // the closure dies in its own fiber: its destructors may park
}

void Member::Ended() noexcept {
  GroupState& group = group_;
  Error result = std::move(result_);
  delete this;
  group.Ended(std::move(result));
}

FiberOptions Member::Options() const {
  FiberOptions options;
  options.name = name_;
  options.parent = parent;
  options.context = &group_.ctx();
  options.work = work;
  return options;
}

void Member::StartOnLoop(LoopTask* task) {
  auto* member = static_cast<Member*>(task);
  if (Error failed = Loop::Current()->Start(*member, member->Options())) {
    member->function_.reset();
    member->result_ = std::move(failed);
    member->Ended();
  }
}

GroupState::GroupState(const Context& parent, const GroupOptions& options)
    : scope_(WithCancel(parent)),
      loop_(CurrentLoop()),
      spread_(options.spread),
      parent_fiber_(CurrentFiberId()),
      work_(CurrentScope().work),
      limit_(options.limit) {
  CheckMayBlock("Group");
  if (loop_ != nullptr) loop_->scheduler().Hold();
}

GroupState::~GroupState() {
  if (loop_ != nullptr) loop_->scheduler().Release();
}

GroupState::Place GroupState::TakePlace(internal::Start how) {
  for (;;) {
    std::unique_lock hold(lock_);
    if (scope_.ctx.Err()) return Place::kCanceled;
    if (!Full()) {
      ++active_;
      return Place::kGot;
    }
    if (how == internal::Start::kTry) return Place::kFull;
    hold.unlock();
    Parker parker("place in a group");
    hold.lock();
    if (!Full()) continue;
    for_place_.PushBack(parker);
    hold.unlock();
    const bool woken = parker.Park(scope_.ctx) == Parker::kWoken;
    if (woken) continue;
    hold.lock();
    if (parker.Linked()) parker.Unlink();
  }
}

bool GroupState::Refuse() {
  std::lock_guard hold(lock_);
  refused_ = true;
  return false;
}

bool GroupState::Start(std::string_view name, std::unique_ptr<MemberFunction> f, internal::Start how) {
  // Before a place is taken: an exception must not leave it taken.
  auto member = std::make_unique<Member>(*this, name, std::move(f));
  member->parent = parent_fiber_;
  member->work = work_;
  switch (TakePlace(how)) {
    case Place::kFull: return false;
    case Place::kCanceled: return Refuse();
    case Place::kGot: break;
  }
  const bool started = loop_ == nullptr ? StartThread(std::move(member)) : StartFiber(std::move(member));
  if (how == internal::Start::kWait) ExplorePoint();
  return started;
}

bool GroupState::StartFiber(std::unique_ptr<Member> member) {
  LoopCore& loop = spread_ ? loop_->scheduler().NextForSpread() : *loop_;
  Member* started = member.release();  // it deletes itself when it has ended
  if (&loop == CurrentLoop()) {
    if (Error failed = loop.Start(*started, started->Options())) {
      delete started;
      Ended(std::move(failed));
      return false;
    }
    return true;
  }
  loop.Pin();
  loop.PushRemote(*started);
  loop.Unpin();
  return true;
}

bool GroupState::StartThread(std::unique_ptr<Member> member) {
  JoinEndedThreads();
  Member* started = member.get();
  ThreadTally* tally = t_tally;
  if (tally != nullptr) tally->Enter();
  std::unique_lock hold(lock_);
  try {
    ended_threads_.reserve(running_threads_.size() + 1);
    running_threads_.emplace_back([this, started, tally] {
      BlockPipeSignal();
      t_tally = tally;
      started->Run();
      {
        std::lock_guard note(lock_);
        ended_threads_.push_back(std::this_thread::get_id());
      }
      started->Ended();
      if (tally != nullptr) tally->Leave();
    });
  } catch (const std::exception& e) {
    hold.unlock();
    if (tally != nullptr) tally->Leave();
    member.reset();
    const auto* refused = dynamic_cast<const std::system_error*>(&e);
    const Error error = refused != nullptr ? Error(refused->code()) : Error::FromException(std::current_exception());
    Ended(error.Wrap("start a thread"));
    return false;
  }
  member.release();  // it deletes itself when it has ended
  return true;
}

void GroupState::JoinEndedThreads() {
  std::vector<std::thread> ended;
  {
    std::lock_guard hold(lock_);
    for (const std::thread::id id : ended_threads_) {
      const auto at = std::find_if(running_threads_.begin(), running_threads_.end(), [id](const std::thread& t) { return t.get_id() == id; });
      ended.push_back(std::move(*at));
      running_threads_.erase(at);
    }
    ended_threads_.clear();
  }
  for (std::thread& thread : ended) thread.join();
}

// A member that gives back the group's own cancellation has not failed. A deadline has: work was cut off that somebody asked for.
void GroupState::Record(Error error, bool& cancel) {
  if (!error) return;
  const Error own = scope_.ctx.Err();
  if (own && own.Is(kCanceled) && (error.Is(kCanceled) || error.Is(scope_.ctx.Cause()))) return;
  if (own && first_ && (error.Is(own) || error.Is(first_))) return;
  errors_.push_back(error);
  if (first_) return;
  first_ = std::move(error);
  cancel = true;
}

void GroupState::Ended(Error error) {
  bool cancel = false;
  {
    std::lock_guard hold(lock_);
    Record(std::move(error), cancel);
    if (cancel) active_ += 1;  // keeps the group until the cancel below is over
  }
  if (cancel) scope_.cancel(first_);
  std::lock_guard hold(lock_);
  active_ -= cancel ? 2 : 1;
  while (!Full()) {
    Parker* caller = for_place_.PopFront();
    if (caller == nullptr || caller->Wake()) break;
  }
  if (active_ != 0) return;
  while (Parker* waiter = for_end_.PopFront()) waiter->Wake();
}

void GroupState::SetLimit(int limit) {
  std::lock_guard hold(lock_);
  limit_ = limit;
  while (Parker* caller = for_place_.PopFront()) caller->Wake();
}

void GroupState::Cancel(Error cause) { scope_.cancel(std::move(cause)); }

Error GroupState::Wait() {
  for (;;) {
    std::unique_lock hold(lock_);
    if (active_ == 0) break;
    hold.unlock();
    Parker parker("group");
    hold.lock();
    if (active_ == 0) break;
    for_end_.PushBack(parker);
    hold.unlock();
    parker.ParkUntilWoken();
  }
  // Those that have ended may still be on the way out of their thread.
  JoinEndedThreads();
  std::unique_lock hold(lock_);
  Error result = first_;
  const bool refused = refused_;
  hold.unlock();
  if (!result && refused) result = scope_.ctx.Cause();
  scope_.cancel();
  return result;
}

bool StartMember(GroupState& group, std::string_view name, std::unique_ptr<MemberFunction> f, Start how) {
  return group.Start(name, std::move(f), how);
}

}  // namespace internal

Group::Group(const Context& parent, GroupOptions options) : state_(std::make_unique<internal::GroupState>(parent, options)) {}

Group::~Group() {
  state_->Cancel({});
  (void)state_->Wait();
}

const Context& Group::Ctx() const { return state_->ctx(); }
void Group::SetLimit(int limit) { state_->SetLimit(limit); }
void Group::Cancel(Error cause) { state_->Cancel(std::move(cause)); }
Error Group::Wait() { return state_->Wait(); }
const std::vector<Error>& Group::Errors() const { return state_->Errors(); }

}  // namespace weft
