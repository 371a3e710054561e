// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/internal/label_table.h>

#include <algorithm>
#include <utility>

namespace weft::internal {

// Open addressing; at most half of the slots are used, so that a search ends soon.
struct LabelTable::Slots {
  explicit Slots(std::size_t count) : mask(count - 1), at(new std::atomic<LabelEntry*>[count] {}) {}

  void Add(LabelEntry& entry) {
    std::size_t i = entry.hash & mask;
    while (at[i].load(std::memory_order_relaxed) != nullptr) i = (i + 1) & mask;
    at[i].store(&entry, std::memory_order_release);
  }

  const std::size_t mask;
  const std::unique_ptr<std::atomic<LabelEntry*>[]> at;
};

LabelTable::LabelTable() : slots_(nullptr) {
  all_slots_.push_back(std::make_unique<Slots>(8));
  slots_.store(all_slots_.back().get(), std::memory_order_release);
}
LabelTable::~LabelTable() = default;

std::size_t LabelTable::Hash(Values values) {
  std::size_t hash = 0;
  for (const std::string_view value : values) hash = (hash + std::hash<std::string_view>()(value)) * 0x9E3779B97F4A7C15U;
  return hash ^ (hash >> 32);
}

LabelEntry* LabelTable::Find(Values values, std::size_t hash) const {
  const Slots& slots = *slots_.load(std::memory_order_acquire);
  for (std::size_t i = hash & slots.mask;; i = (i + 1) & slots.mask) {
    LabelEntry* entry = slots.at[i].load(std::memory_order_acquire);
    if (entry == nullptr) return nullptr;
    if (entry->hash == hash && std::equal(values.begin(), values.end(), entry->values.begin(), entry->values.end())) return entry;
  }
}

LabelEntry& LabelTable::Other(Values values, std::size_t hash, const Make& make) {
  LabelEntry* other = other_.load(std::memory_order_acquire);
  if (other == nullptr) {
    std::lock_guard hold(lock_);
    if (LabelEntry* found = Find(values, hash)) return *found;  // made meanwhile
    if (entries_.size() < kEntriesMax - 1) return AddLocked(values, hash, make);
    other = other_.load(std::memory_order_relaxed);
    if (other == nullptr) {
      const std::vector<std::string_view> names(values.size(), "other");
      const std::size_t others_hash = Hash(names);
      other = Find(names, others_hash);  // a program's own value may have that name
      if (other == nullptr) other = &AddLocked(names, others_hash, make);
      other_.store(other, std::memory_order_release);
    }
  }
  overflow_.fetch_add(1, std::memory_order_relaxed);
  return *other;
}

LabelEntry& LabelTable::AddLocked(Values values, std::size_t hash, const Make& make) {
  entries_.reserve(entries_.size() + 1);
  if ((entries_.size() + 1) * 2 > all_slots_.back()->mask + 1) GrowLocked();
  std::unique_ptr<LabelEntry> entry = make(values);
  entry->values.assign(values.begin(), values.end());
  entry->hash = hash;
  all_slots_.back()->Add(*entry);
  entries_.push_back(std::move(entry));
  return *entries_.back();
}

void LabelTable::GrowLocked() {
  auto more = std::make_unique<Slots>((all_slots_.back()->mask + 1) * 2);
  for (const auto& entry : entries_) more->Add(*entry);
  all_slots_.push_back(std::move(more));
  slots_.store(all_slots_.back().get(), std::memory_order_release);
}

std::vector<const LabelEntry*> LabelTable::From(std::size_t first, std::size_t most) const {
  std::lock_guard hold(lock_);
  std::vector<const LabelEntry*> found;
  for (std::size_t i = first; i < entries_.size() && found.size() < most; ++i) found.push_back(entries_[i].get());
  return found;
}

}  // namespace weft::internal
