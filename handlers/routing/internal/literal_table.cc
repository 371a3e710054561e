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

// All bytes, eight at a time; the last ones overlap those before them.
[[gnu::always_inline]] inline std::uint32_t Hash(std::string_view text) noexcept {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
  const char* const at = text.data();
  const std::size_t size = text.size();
  std::uint64_t hash = size * kOdd;
  const auto mix = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * kOdd;
    hash ^= hash >> 29;
  };
  if (size >= 8) {
    for (std::size_t i = 0; i + 8 < size; i += 8) mix(Load<std::uint64_t>(at + i));
    mix(Load<std::uint64_t>(at + size - 8));
  } else if (size >= 4) {
    mix(Load<std::uint32_t>(at) << 32 | Load<std::uint32_t>(at + size - 4));
  } else if (size > 0) {
    mix(Load<std::uint8_t>(at) << 16 | Load<std::uint8_t>(at + size / 2) << 8 | Load<std::uint8_t>(at + size - 1));
  }
  return static_cast<std::uint32_t>(hash >> 16);
}

// Whether so many bytes are the same; as in Hash, since a call of memcmp costs more than texts of this size do.
bool Same(const char* a, const char* b, std::size_t size) noexcept {
  if (size >= 8) {
    for (std::size_t i = 0; i + 8 < size; i += 8) {
      if (Load<std::uint64_t>(a + i) != Load<std::uint64_t>(b + i)) return false;
    }
    return Load<std::uint64_t>(a + size - 8) == Load<std::uint64_t>(b + size - 8);
  }
  if (size >= 4) {
    return Load<std::uint32_t>(a) == Load<std::uint32_t>(b) && Load<std::uint32_t>(a + size - 4) == Load<std::uint32_t>(b + size - 4);
  }
  return size == 0 || (a[0] == b[0] && a[size / 2] == b[size / 2] && a[size - 1] == b[size - 1]);
}

}  // namespace

std::uint32_t LiteralTable::Find(std::string_view text) const noexcept {
  if (count_ == 0) return kAbsent;
  const std::uint32_t hash = Hash(text);
  const Slot* const slots = slots_.data();
  for (std::size_t at = hash & mask_; slots[at].text != nullptr; at = (at + 1) & mask_) {
    const Slot& slot = slots[at];
    if (slot.hash == hash && slot.size == text.size() && Same(slot.text, text.data(), text.size())) return slot.number;
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
  Insert({text.data(), static_cast<std::uint32_t>(text.size()), Hash(text), number});
  ++count_;
}

void LiteralTable::Insert(const Slot& slot) noexcept {
  std::size_t at = slot.hash & mask_;
  while (slots_[at].text != nullptr) at = (at + 1) & mask_;
  slots_[at] = slot;
}

}  // namespace weft::internal
