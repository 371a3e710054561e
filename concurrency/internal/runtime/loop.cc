// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/loop.h>

#include <weft/concurrency/internal/runtime/loop_core.h>
#include <weft/concurrency/internal/runtime/scheduler.h>

namespace weft {

using internal::LoopCore;

namespace {
LoopCore& Core(Loop* loop) { return *static_cast<LoopCore*>(loop); }
const LoopCore& Core(const Loop* loop) { return *static_cast<const LoopCore*>(loop); }
}  // namespace

Loop* Loop::Current() noexcept { return internal::CurrentLoop(); }
int Loop::Index() const noexcept { return Core(this).index(); }
int Loop::Siblings() const noexcept { return const_cast<LoopCore&>(Core(this)).scheduler().LoopCount(); }
Loop& Loop::Sibling(int index) noexcept { return Core(this).scheduler().At(index); }
TimePoint Loop::TurnTime() const noexcept { return internal::FromNs(Core(this).now_ns()); }

void Loop::Post(LoopTask& task) noexcept { Core(this).PostPinned(task); }

Duration Loop::HeldFor() const noexcept { return Duration(Core(this).HeldNs()); }

std::string Loop::RunningFiber() const {
  char name[48];
  return Core(this).CopyRunningName(name, sizeof(name)) ? name : "";
}

// Under virtual time there is no such thread, and no loop is ever held, because time stands still meanwhile.
Error Loop::Add(LoopSentinel& sentinel, const Context& ctx) {
  internal::WatchdogThread* watchdog = Core(this).scheduler().watchdog();
  return watchdog != nullptr ? watchdog->Add(sentinel, ctx) : Error();
}
void Loop::Remove(LoopSentinel& sentinel) noexcept {
  if (internal::WatchdogThread* watchdog = Core(this).scheduler().watchdog()) watchdog->Remove(sentinel);
}

Error Loop::Add(FdWatch& watch, int fd, std::uint32_t events) noexcept { return Core(this).poller().Add(watch, fd, events); }

Error Loop::Modify(FdWatch& watch, int fd, std::uint32_t events) noexcept {
  return Core(this).poller().Modify(watch, fd, events);
}

bool Loop::RunAfterEvents(LoopTask& task) noexcept { return Core(this).poller().RunAfterEvents(task); }

void Loop::Remove(FdWatch& watch, int fd) noexcept { Core(this).poller().Remove(watch, fd); }
void Loop::Arm(LoopTimer& timer, TimePoint when) noexcept { Core(this).timers().Arm(timer, internal::ToNs(when)); }
void Loop::Disarm(LoopTimer& timer) noexcept { Core(this).timers().Disarm(timer); }

Error Loop::Start(FiberJob& job, const FiberOptions& options) noexcept {
  if (Core(this).StartFiber(job, options) != nullptr) return {};
  return Core(this).NoStack();
}

void Loop::HoldTime() noexcept { Core(this).AddOperation(1); }
void Loop::ReleaseTime() noexcept { Core(this).AddOperation(-1); }

void Loop::Hold() noexcept { Core(this).scheduler().Hold(); }
void Loop::Release() noexcept { Core(this).scheduler().Release(); }
bool Loop::TryHold() noexcept { return Core(this).scheduler().TryHold(); }

}  // namespace weft
