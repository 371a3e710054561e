// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_INTERNAL_LABEL_TABLE_H_
#define WEFT_HANDLERS_INTERNAL_LABEL_TABLE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <weft/concurrency/internal/base/thread_mutex.h>

namespace weft::internal {

// What a LabelTable holds for one combination of values.
struct LabelEntry {
  virtual ~LabelEntry() = default;
  std::vector<std::string> values;
  std::size_t hash = 0;
};

// Finds the entry for a combination of label values, without a lock if it exists already. Entries are never removed, and there
// are at most kEntriesMax: once all but one are used, new combinations share the last one, whose values are all "other".
class LabelTable {
 public:
  static constexpr std::size_t kEntriesMax = 1000;
  using Values = std::span<const std::string_view>;
  using Make = std::function<std::unique_ptr<LabelEntry>(Values)>;

  LabelTable();
  ~LabelTable();
  LabelTable(const LabelTable&) = delete;
  LabelTable& operator=(const LabelTable&) = delete;

  // `make` is called under the table's lock, and returns an entry whose values are not set yet. Any thread.
  template <class M>
  LabelEntry& FindOrMake(Values values, M&& make) {
    const std::size_t hash = Hash(values);
    if (LabelEntry* found = Find(values, hash)) return *found;
    return Other(values, hash, make);
  }

  // The existing entries from this number on, at most `most` of them, in the order in which they were made.
  std::vector<const LabelEntry*> From(std::size_t first, std::size_t most) const;
  // How often a caller got the shared entry.
  std::uint64_t Overflow() const { return overflow_.load(std::memory_order_relaxed); }

 private:
  struct Slots;

  static std::size_t Hash(Values values);
  LabelEntry* Find(Values values, std::size_t hash) const;
  LabelEntry& Other(Values values, std::size_t hash, const Make& make);
  LabelEntry& AddLocked(Values values, std::size_t hash, const Make& make) WEFT_REQUIRES(lock_);
  void GrowLocked() WEFT_REQUIRES(lock_);

  std::atomic<Slots*> slots_;
  std::atomic<LabelEntry*> other_{nullptr};
  std::atomic<std::uint64_t> overflow_{0};

  mutable ThreadMutex lock_;  // guards changes of the slots, too
  std::vector<std::unique_ptr<Slots>> all_slots_ WEFT_GUARDED_BY(lock_);  // older ones may still be read
  std::vector<std::unique_ptr<LabelEntry>> entries_ WEFT_GUARDED_BY(lock_);
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_INTERNAL_LABEL_TABLE_H_
