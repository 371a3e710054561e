// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/internal/rate_table.h>

#include <algorithm>

namespace weft::internal {
namespace {

// Months and a century: as good as never, and there is room for sums.
constexpr double kLongestInterval = 1e16;
constexpr double kLongestBurst = 4e18;
constexpr std::size_t kWorthParts = 1024;

Duration Capped(double ns, double most) {
  return Duration(static_cast<std::int64_t>(std::min(ns, most)));
}

}  // namespace

RateTable::RateTable(double rate, std::int64_t burst, std::size_t keys_max)
    : interval_(Capped(1e9 / rate, kLongestInterval)),
      burst_(Capped(static_cast<double>(interval_.count()) * static_cast<double>(burst),
                    kLongestBurst)),
      parts_(keys_max < kWorthParts ? 1 : kParts),
      part_max_(keys_max / parts_) {}

Duration RateTable::Take(std::uint64_t key, TimePoint now) {
  Part& part = part_[(key >> 32) % parts_];
  std::lock_guard hold(part.lock);
  Entry& entry = Find(part, key, now);
  const TimePoint next = std::max(entry.whole_at, now) + interval_;
  if (next - now > burst_) return next - now - burst_;
  entry.whole_at = next;
  return Duration::zero();
}

RateTable::Entry& RateTable::Find(Part& part, std::uint64_t key, TimePoint now) {
  if (const auto at = part.by_key.find(key); at != part.by_key.end()) {
    part.entries.splice(part.entries.begin(), part.entries, at->second);
    return *at->second;
  }
  // Two at a time: unused keys go faster than new ones come.
  for (int i = 0; i < 2 && !part.entries.empty() && part.entries.back().whole_at <= now; ++i)
    ForgetLast(part);
  if (part.entries.size() >= part_max_) ForgetLast(part);
  part.entries.push_front({key, now});
  try {
    part.by_key.emplace(key, part.entries.begin());
  } catch (...) {
    part.entries.pop_front();  // or it would stay without a key, and end another entry of that key
    throw;
  }
  return part.entries.front();
}

void RateTable::ForgetLast(Part& part) {
  part.by_key.erase(part.entries.back().key);
  part.entries.pop_back();
}

std::size_t RateTable::Keys() {
  std::size_t keys = 0;
  for (Part& part : part_) {
    std::lock_guard hold(part.lock);
    keys += part.entries.size();
  }
  return keys;
}

}  // namespace weft::internal
