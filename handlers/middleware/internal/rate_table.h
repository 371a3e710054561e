// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_INTERNAL_RATE_TABLE_H_
#define WEFT_HANDLERS_MIDDLEWARE_INTERNAL_RATE_TABLE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <unordered_map>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/internal/base/thread_mutex.h>

namespace weft::internal {

// How fast each of very many keys goes, in bounded memory: the generic cell rate algorithm, which
// needs one time for each key, that at which its burst is whole again. From any thread.
class RateTable {
 public:
  RateTable(double rate, std::int64_t burst, std::size_t keys_max);

  // Takes one for the key, which is a hash, and returns zero; or takes nothing, and returns how
  // long it is until there is one.
  Duration Take(std::uint64_t key, TimePoint now);

  std::size_t Keys();  // that are remembered

 private:
  // A table that is worth it is cut into parts, so that loops do not wait for each other's locks.
  static constexpr std::size_t kParts = 16;
  struct Entry {
    std::uint64_t key;
    TimePoint whole_at;
  };
  using Entries = std::list<Entry>;  // the one that was used last is first
  struct Part {
    ThreadMutex lock;
    Entries entries WEFT_GUARDED_BY(lock);
    std::unordered_map<std::uint64_t, Entries::iterator> by_key WEFT_GUARDED_BY(lock);
  };

  Entry& Find(Part& part, std::uint64_t key, TimePoint now) WEFT_REQUIRES(part.lock);
  static void ForgetLast(Part& part) WEFT_REQUIRES(part.lock);

  const Duration interval_;
  const Duration burst_;  // how far ahead of now whole_at may be
  const std::size_t parts_;
  const std::size_t part_max_;
  std::array<Part, kParts> part_;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_MIDDLEWARE_INTERNAL_RATE_TABLE_H_
