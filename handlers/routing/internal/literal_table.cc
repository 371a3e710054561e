// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/routing/internal/literal_table.h>

#include <cstring>
#include <utility>

namespace weft::internal {
namespace {

constexpr std::size_t kSlotsMin = 8;

template <class T>
std::uint64_t Load(const char* at) {
  T bytes;
  std::memcpy(&bytes, at, sizeof bytes);
  return bytes;
}

constexpr std::size_t kWord = sizeof(std::uint64_t);

// The last eight bytes. Of a shorter text all of them: texts of one size are the same if their words are.
[[gnu::always_inline]] inline std::uint64_t LastWord(const char* at, std::size_t size) noexcept {
  if (size >= kWord) return Load<std::uint64_t>(at + size - kWord);
  if (size >= 4) return Load<std::uint32_t>(at) << 32 | Load<std::uint32_t>(at + size - 4);
  if (size == 0) return 0;
  return Load<std::uint8_t>(at) << 16 | Load<std::uint8_t>(at + size / 2) << 8 | Load<std::uint8_t>(at + size - 1);
}

// Of all bytes, eight at a time; the last ones overlap those before them.
[[gnu::always_inline]] inline std::size_t Hash(const char* at, std::size_t size, std::uint64_t last) noexcept {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
  std::uint64_t hash = size * kOdd;
  const auto mix = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * kOdd;
    hash ^= hash >> 29;
  };
  for (std::size_t i = 0; i + kWord < size; i += kWord) mix(Load<std::uint64_t>(at + i));
  mix(last);
  return hash >> 16;
}

// Whether texts of this size, whose last words are the same, are the same. A call of memcmp costs more than they do.
bool SameBefore(const char* a, const char* b, std::size_t size) noexcept {
  for (std::size_t i = 0; i + kWord < size; i += kWord) {
    if (Load<std::uint64_t>(a + i) != Load<std::uint64_t>(b + i)) return false;
  }
  return true;
}

}  // namespace

std::uint32_t LiteralTable::Find(std::string_view text) const noexcept {
  if (count_ == 0) return kAbsent;
  const std::uint64_t word = LastWord(text.data(), text.size());
  const Slot* const slots = slots_.data();
  for (std::size_t at = Hash(text.data(), text.size(), word) & mask_; slots[at].text != nullptr; at = (at + 1) & mask_) {
    const Slot& slot = slots[at];
    if (slot.word == word && slot.size == text.size() && SameBefore(slot.text, text.data(), text.size())) return slot.number;
  }
  return kAbsent;
}

void LiteralTable::Add(std::string_view text, std::uint32_t number) {
  if (2 * (count_ + 1) > slots_.size()) {
    const std::vector<Slot> before = std::exchange(slots_, std::vector<Slot>(slots_.empty() ? kSlotsMin : 2 * slots_.size()));
    mask_ = slots_.size() - 1;
    for (const Slot& slot : before) {
      if (slot.text != nullptr) Insert(slot);
    }
  }
  Insert({text.data(), static_cast<std::uint32_t>(text.size()), number, LastWord(text.data(), text.size())});
  ++count_;
}

void LiteralTable::Insert(const Slot& slot) noexcept {
  std::size_t at = Hash(slot.text, slot.size, slot.word) & mask_;
  while (slots_[at].text != nullptr) at = (at + 1) & mask_;
  slots_[at] = slot;
}

}  // namespace weft::internal
