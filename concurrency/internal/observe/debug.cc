// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/debug.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <string_view>

#include <weft/concurrency/internal/observe/fiber_owners.h>
#include <weft/concurrency/internal/observe/registry.h>
#include <weft/concurrency/internal/runtime/loop_core.h>
#include <weft/concurrency/internal/runtime/loop_list.h>
#include <weft/concurrency/internal/runtime/park.h>
#include <weft/concurrency/internal/runtime/scheduler.h>

namespace weft {
namespace internal {
namespace {

using Children = std::map<std::uint64_t, std::vector<const FiberInfo*>>;

Children ByParent(const std::vector<FiberInfo>& fibers) {
  std::map<std::uint64_t, const FiberInfo*> by_id;
  for (const FiberInfo& fiber : fibers) by_id[fiber.id] = &fiber;
  Children children;
  for (const FiberInfo& fiber : fibers) children[by_id.count(fiber.parent) != 0 ? fiber.parent : 0].push_back(&fiber);
  return children;
}

// Calls see(fiber, depth) in tree order, without recursion: a chain of fibers may be long.
template <class F>
void WalkTree(const Children& children, F see) {
  std::vector<std::pair<const FiberInfo*, int>> todo;
  auto push = [&](std::uint64_t parent, int depth) {
    const auto found = children.find(parent);
    if (found == children.end()) return;
    for (auto it = found->second.rbegin(); it != found->second.rend(); ++it) todo.emplace_back(*it, depth);
  };
  push(0, 0);
  while (!todo.empty()) {
    const auto [fiber, depth] = todo.back();
    todo.pop_back();
    see(*fiber, depth);
    push(fiber->id, depth + 1);
  }
}

std::string Seconds(Duration d) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3fs", static_cast<double>(d.count()) / 1e9);
  return text;
}

}  // namespace

namespace {

constexpr int kSeenAtOnce = 64;     // under the lock of a roll, which its loop needs for new fibers
constexpr int kSearchedAtOnce = 128;  // compared only; a loop yields some 64 times in a turn

struct LoopRoll {
  std::shared_ptr<FiberRoll> roll;
  int loop;
};

// So that the list is not locked while the fibers are read.
std::vector<LoopRoll> Rolls(const Scheduler* only) {
  std::vector<LoopRoll> rolls;
  LoopList::ForEach([&](LoopCore& loop) {
    if (only == nullptr || &loop.scheduler() == only) rolls.push_back({loop.roll(), loop.index()});
  });
  return rolls;
}

FiberInfo InfoOf(const FiberSnapshot& seen, std::int64_t now_ns) {
  FiberInfo info;
  info.id = seen.id;
  info.parent = seen.parent;
  info.age = Duration(now_ns - seen.start_ns);
  info.started = seen.started;
  info.name.assign(seen.name, strnlen(seen.name, sizeof(seen.name)));
  info.state = seen.state == FiberState::kParked ? "parked" : seen.state == FiberState::kReady ? "ready" : "running";
  info.waits_for = seen.state == FiberState::kParked ? seen.waits_for : "";
  if (seen.deadline_ns != kNever) info.deadline_in = Duration(BetweenNs(now_ns, seen.deadline_ns));
  return info;
}

void AppendAll(const LoopRoll& from, std::int64_t now_ns, std::vector<FiberInfo>& all) {
  FiberRoll::Reader reader(from.roll);
  FiberSnapshot seen[kSeenAtOnce];
  bool more = true;
  while (more) {
    int count = 0;
    more = reader.Read(kSeenAtOnce, [&](const FiberCore& fiber) {
      if (fiber.record.Read(seen[count])) ++count;
      return true;
    });
    for (int i = 0; i < count; ++i) {
      all.push_back(InfoOf(seen[i], now_ns));
      all.back().loop = from.loop;
    }
  }
}

// True: the reader has seen it last.
bool FindIn(FiberRoll::Reader& reader, std::uint64_t id, FiberState& state) {
  bool found = false;
  bool more = true;
  while (more && !found) {
    more = reader.Read(kSearchedAtOnce, [&](const FiberCore& fiber) {
      state = fiber.record.State();
      found = fiber.record.Id() == id && state != FiberState::kFree;
      return !found;
    });
    if (more && !found && CurrentFiber() != nullptr) YieldFiber();
  }
  return found;
}

}  // namespace

std::unique_ptr<FiberRoll::Reader> Registry::Find(std::uint64_t id, FiberState& state) {
  for (const LoopRoll& from : Rolls(nullptr)) {
    auto reader = std::make_unique<FiberRoll::Reader>(from.roll);
    if (FindIn(*reader, id, state)) return reader;
  }
  return nullptr;
}

void ReleaseLoop::operator()(LoopCore* loop) const noexcept { loop->scheduler().Release(); }

HeldLoop Registry::HoldLoopOf(const FiberRoll& roll) {
  HeldLoop held;
  LoopList::ForEach([&](LoopCore& loop) {
    if (loop.roll().get() == &roll && loop.scheduler().TryHold()) held.reset(&loop);
  });
  return held;
}

std::vector<HeldLoop> Registry::HoldAll() {
  std::vector<HeldLoop> held;
  LoopList::ForEach([&](LoopCore& loop) {
    held.reserve(held.size() + 1);  // what is held must not be lost for lack of memory
    if (loop.scheduler().TryHold()) held.emplace_back(&loop);
  });
  return held;
}

std::vector<FiberInfo> Registry::List(const Scheduler* only) {
  std::vector<FiberInfo> all;
  const std::int64_t now = NowNs();
  for (const LoopRoll& from : Rolls(only)) AppendAll(from, now, all);
  AppendOwners(only, now, all);
  std::sort(all.begin(), all.end(), [](const FiberInfo& a, const FiberInfo& b) { return a.age != b.age ? a.age > b.age : a.id < b.id; });
  std::vector<FiberInfo> ordered;
  ordered.reserve(all.size());
  WalkTree(ByParent(all), [&](const FiberInfo& fiber, int) { ordered.push_back(fiber); });
  return ordered;
}

std::string FormatTree(const std::vector<FiberInfo>& fibers, const std::function<std::string(const FiberInfo&)>& below) {
  std::string text;
  WalkTree(ByParent(fibers), [&](const FiberInfo& fiber, int depth) {
    text.append(static_cast<std::size_t>(depth) * 2, ' ');
    text += fiber.name + "  #" + std::to_string(fiber.id) + "  loop " + std::to_string(fiber.loop) + "  age " + Seconds(fiber.age) +
            "  " + fiber.state;
    if (!fiber.waits_for.empty()) text += " on " + fiber.waits_for;
    if (fiber.deadline_in) text += "  deadline in " + Seconds(*fiber.deadline_in);
    if (fiber.started.line() != 0) text += "  started at " + fiber.StartedAt();
    text += '\n';
    if (below) text += below(fiber);
  });
  return text;
}

}  // namespace internal

std::string FiberInfo::StartedAt() const {
  if (started.line() == 0) return {};
  const std::string_view path = started.file_name();
  return std::string(path.substr(path.rfind('/') + 1)) + ':' + std::to_string(started.line());
}

std::vector<FiberInfo> ListFibers() { return internal::Registry::List(nullptr); }

std::string FormatFiberTree(const std::vector<FiberInfo>& fibers) { return internal::FormatTree(fibers, nullptr); }

}  // namespace weft
