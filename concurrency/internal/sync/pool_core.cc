// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/sync/pool_core.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <vector>

#include <weft/concurrency/internal/base/clock.h>
#include <weft/concurrency/internal/base/explore_point.h>
#include <weft/concurrency/internal/base/loop_slot.h>
#include <weft/concurrency/internal/runtime/fiber.h>
#include <weft/concurrency/internal/runtime/wait_list.h>

namespace weft::internal {

struct PoolCore::Waiter : Parker, Link<PoolOrder>, Link<PoolBucket> {
  Waiter(const char* waits_for, std::uint32_t b, const std::array<char, 48>& name, std::int64_t now)
      : Parker(waits_for), since_ns(now), bucket(b), holder(name) {}
  bool Waits() const { return Link<PoolOrder>::Linked(); }

  const std::int64_t since_ns;
  const std::uint32_t bucket;
  const std::array<char, 48>& holder;
  std::uint64_t overtakings = 0;  // of the pool, when it came
  PooledItem* item = nullptr;     // what it got; null: a room
};

namespace {

// Names beyond it are counted only: there may be very many holders.
constexpr std::size_t kHoldersNamed = 16;

std::array<char, 48> CallerName() noexcept {
  std::array<char, 48> name{};
  if (const FiberCore* fiber = CurrentFiber()) {
    fiber->record.CopyName(name.data(), name.size());
  } else {
    std::snprintf(name.data(), name.size(), "a plain thread");
  }
  return name;
}

std::string Seconds(std::int64_t ns) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g s", static_cast<double>(ns) / 1e9);
  return text;
}

}  // namespace

PoolCore::PoolCore(const PoolLimits& limits, Destroy destroy) : limits_(limits), destroy_(destroy) {
  if (limits.max == 0) AbortMisuse("ResourcePool", "max must be at least 1");
}

PoolCore::~PoolCore() {
  PooledItems all;
  {
    std::lock_guard hold(lock_);
    while (PooledItem* item = idle_.Front()) {
      TakeOut(*item);
      all.PushBack(*item);
    }
  }
  DestroyAll(all);
  if (rooms_taken_ != 0 || !waiters_.Empty()) AbortMisuse("~ResourcePool", "a lease is out, or is being acquired");
}

Result<PooledItem*> PoolCore::Acquire(const Context& ctx) {
  ExplorePoint();
  if (Error err = ctx.Err()) return err;
  const std::array<char, 48> name = CallerName();
  const auto bucket = static_cast<std::uint32_t>(t_loop_slot % kBuckets);
  const std::int64_t now = NowNs();  // once: the clock costs as much as the rest of this
  PooledItem* item = nullptr;
  bool got = false;
  PooledItems expired;
  // An idle one, or a room.
  const auto take = [&]() WEFT_REQUIRES(lock_) {
    item = TakeIdleFor(bucket, now, expired);
    got = item != nullptr || rooms_taken_ < limits_.max;
    if (item != nullptr) {
      Lend(*item, bucket, name.data(), now);
    } else if (got) {
      ++rooms_taken_;
    }
    return got;
  };
  {
    std::lock_guard hold(lock_);
    TakeExpired(expired, now);
    take();
  }
  DestroyAll(expired);  // before any caller waits for their slots
  if (got) return item;
  Waiter waiter(limits_.name, bucket, name, now);
  const auto enter = [&]() WEFT_REQUIRES(lock_) {
    if (take()) return false;  // something has come back meanwhile
    ++stats_.waited;
    if (stats_.waiting >= limits_.waiting_max) return false;
    Enter(waiter);
    return true;
  };
  const auto leave = [&](std::uint32_t) WEFT_REQUIRES(lock_) {
    if (waiter.Waits()) Leave(waiter);
    stats_.longest_wait = std::max(stats_.longest_wait, Duration(NowNs() - waiter.since_ns));
  };
  const std::int64_t until = AddNs(now, limits_.acquire_ns);
  const std::uint32_t outcome = WaitAs(waiter, lock_, ctx, enter, leave, until, [&] { DestroyAll(expired); });
  if (outcome == Parker::kWoken) return waiter.item;
  if (outcome != kDidNotWait) return Refusal(ctx, true);
  DestroyAll(expired);
  if (got) return item;
  return Refusal(ctx, false);
}

Error PoolCore::Refusal(const Context& ctx, bool waited) {
  if (Error err = ctx.Err()) return err;
  std::string text = limits_.name;
  text += waited ? ": none became free within " + Seconds(limits_.acquire_ns)
                 : ": " + std::to_string(limits_.waiting_max) + (limits_.waiting_max == 1 ? " caller waits already" : " callers wait already");
  return kUnavailable.Wrap(text + DescribeHolders());
}

// "; 14 in use: GET /a has 10 for up to 4.2 s, GET /b has 4 for up to 0.1 s; 2 are being made".
std::string PoolCore::DescribeHolders() {
  struct Holder {
    std::array<char, 48> name;
    std::size_t items;
    std::int64_t longest_ns;
  };
  std::vector<Holder> holders;
  holders.reserve(kHoldersNamed);
  std::size_t others = 0, in_use = 0, being_made = 0;
  {
    std::lock_guard hold(lock_);
    const std::int64_t now = NowNs();
    being_made = rooms_taken_ - stats_.open;
    for (PooledItem* item = in_use_.Front(); item != nullptr; item = in_use_.Next(*item)) {
      ++in_use;
      const auto same = std::find_if(holders.begin(), holders.end(), [&](const Holder& h) { return h.name == item->holder; });
      if (same != holders.end()) {
        ++same->items;
      } else if (holders.size() < kHoldersNamed) {
        holders.push_back({item->holder, 1, now - item->since_ns});
      } else {
        ++others;
      }
    }
  }
  std::string text = "; " + std::to_string(in_use) + " in use";
  const char* before = ": ";
  for (const Holder& holder : holders) {
    text += before + std::string(holder.name.data()) + " has " + std::to_string(holder.items) + " for up to " + Seconds(holder.longest_ns);
    before = ", ";
  }
  if (others != 0) text += ", others have " + std::to_string(others);
  if (being_made != 0) text += "; " + std::to_string(being_made) + (being_made == 1 ? " is being made" : " are being made");
  return text;
}

PooledItem* PoolCore::TakeIdleFor(std::uint32_t bucket, std::int64_t now, PooledItems& expired) noexcept {
  for (;;) {
    PooledItem* item = idle_of_[bucket].Front();
    if (item == nullptr) item = idle_.Front();
    if (item == nullptr) return nullptr;
    TakeOut(*item);
    if (AddNs(item->made_ns, limits_.lifetime_ns) > now) return item;
    expired.PushBack(*item);
  }
}

void PoolCore::TakeOut(PooledItem& idle) noexcept {
  idle.Link<PoolOrder>::Unlink();
  idle.Link<PoolBucket>::Unlink();
  --stats_.idle;
}

void PoolCore::Lend(PooledItem& item, std::uint32_t bucket, const char* holder, std::int64_t now) noexcept {
  item.bucket = bucket;
  item.since_ns = now;
  std::memcpy(item.holder.data(), holder, item.holder.size());
  in_use_.PushBack(item);
  ++stats_.in_use;
}

void PoolCore::Keep(PooledItem& item, std::int64_t now) noexcept {
  item.since_ns = now;
  idle_.PushFront(item);
  idle_of_[item.bucket].PushFront(item);
  ++stats_.idle;
}

void PoolCore::Fill(PooledItem& item) noexcept {
  const std::array<char, 48> name = CallerName();
  std::lock_guard hold(lock_);
  ++stats_.opened;
  ++stats_.open;
  item.made_ns = NowNs();
  Lend(item, static_cast<std::uint32_t>(t_loop_slot % kBuckets), name.data(), item.made_ns);
}

void PoolCore::Abandon() noexcept {
  std::lock_guard hold(lock_);
  ++stats_.failed;
  FreeRoom();
}

PooledItem* PoolCore::Replace(PooledItem& broken) noexcept {
  const std::array<char, 48> name = broken.holder;
  const std::uint32_t bucket = broken.bucket;
  Unlend(broken);
  destroy_(&broken);
  PooledItems expired;
  PooledItem* item = nullptr;
  {
    std::lock_guard hold(lock_);
    --stats_.open;
    ++stats_.closed;
    const std::int64_t now = NowNs();
    item = TakeIdleFor(bucket, now, expired);
    if (item != nullptr) {
      --rooms_taken_;  // no caller waits for it while an object is idle
      Lend(*item, bucket, name.data(), now);
    }
  }
  DestroyAll(expired);
  return item;
}

void PoolCore::Return(PooledItem& item) noexcept {
  PooledItems expired;
  {
    std::lock_guard hold(lock_);
    const std::int64_t now = NowNs();
    item.Link<PoolOrder>::Unlink();
    --stats_.in_use;
    // It is now with this loop, whichever it was lent to.
    item.bucket = static_cast<std::uint32_t>(t_loop_slot % kBuckets);
    TakeExpired(expired, now);
    if (AddNs(item.made_ns, limits_.lifetime_ns) <= now) {
      expired.PushBack(item);
    } else if (!HandOver(&item, now)) {
      Keep(item, now);
    }
  }
  DestroyAll(expired);
}

void PoolCore::Discard(PooledItem& item) noexcept {
  Unlend(item);
  PooledItems all;
  all.PushBack(item);
  DestroyAll(all);
}

void PoolCore::Unlend(PooledItem& item) noexcept {
  std::lock_guard hold(lock_);
  item.Link<PoolOrder>::Unlink();
  --stats_.in_use;
}

// The items are in no list, and their rooms taken.
void PoolCore::DestroyAll(PooledItems& items) noexcept {
  while (PooledItem* item = items.PopFront()) {
    destroy_(item);
    std::lock_guard hold(lock_);
    --stats_.open;
    ++stats_.closed;
    FreeRoom();
  }
}

void PoolCore::FreeRoom() noexcept {
  if (!HandOver(nullptr, 0)) --rooms_taken_;
}

// Gives the item, or a room, to a waiter. `now` is for an item.
bool PoolCore::HandOver(PooledItem* item, std::int64_t now) noexcept {
  const auto bucket = static_cast<std::uint32_t>(t_loop_slot % kBuckets);
  while (Waiter* waiter = Next(bucket)) {
    Leave(*waiter);
    if (!waiter->Claim(Parker::kWoken)) continue;  // it has given up
    waiter->item = item;
    if (item != nullptr) Lend(*item, waiter->bucket, waiter->holder.data(), now);
    waiter->Deliver();
    return true;
  }
  return false;
}

PoolCore::Waiter* PoolCore::Next(std::uint32_t bucket) noexcept {
  Waiter* oldest = waiters_.Front();
  // Waiters that have given up, but have not run since, must not count as overtaken.
  while (oldest != nullptr && !oldest->Undecided()) {
    Leave(*oldest);
    oldest = waiters_.Front();
  }
  if (oldest == nullptr || overtakings_ - oldest->overtakings >= kOvertakenMax) return oldest;
  Waiter* own = waiters_of_[bucket].Front();
  if (own == nullptr || own == oldest) return oldest;
  ++overtakings_;
  return own;
}

void PoolCore::Enter(Waiter& waiter) noexcept {
  ++stats_.waiting;
  waiter.overtakings = overtakings_;
  waiters_.PushBack(waiter);
  waiters_of_[waiter.bucket].PushBack(waiter);
}

void PoolCore::Leave(Waiter& waiter) noexcept {
  waiter.Link<PoolOrder>::Unlink();
  waiter.Link<PoolBucket>::Unlink();
  --stats_.waiting;
}

void PoolCore::TakeExpired(PooledItems& expired, std::int64_t now) noexcept {
  while (PooledItem* item = idle_.Back()) {
    if (AddNs(item->since_ns, limits_.idle_ns) > now) return;
    TakeOut(*item);
    expired.PushBack(*item);
  }
}

void PoolCore::Trim() noexcept {
  PooledItems expired;
  {
    std::lock_guard hold(lock_);
    const std::int64_t now = NowNs();
    TakeExpired(expired, now);
    for (PooledItem* item = idle_.Front(); item != nullptr;) {
      PooledItem* next = idle_.Next(*item);
      if (AddNs(item->made_ns, limits_.lifetime_ns) <= now) {
        TakeOut(*item);
        expired.PushBack(*item);
      }
      item = next;
    }
  }
  DestroyAll(expired);
}

PoolStats PoolCore::Stats() const noexcept {
  std::lock_guard hold(lock_);
  return stats_;
}

}  // namespace weft::internal
