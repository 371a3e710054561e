// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_ROUTING_INTERNAL_LITERAL_TABLE_H_
#define WEFT_HANDLERS_ROUTING_INTERNAL_LITERAL_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace weft::internal {

// Finds a text among those that patterns have at one place, however many there are: a hash table that grows and never
// shrinks. Its texts come from the program, so an attacker cannot choose them badly; what is looked for only meets those of its
// own hash.
class LiteralTable {
 public:
  static constexpr std::uint32_t kAbsent = ~std::uint32_t{0};

  // The number that was given with the text; kAbsent if there is none.
  std::uint32_t Find(std::string_view text) const noexcept;
  // The text must not be in the table, and outlives it.
  void Add(std::string_view text, std::uint32_t number);

 private:
  struct Slot {
    const char* text = nullptr;  // null: empty
    std::uint32_t size = 0;
    std::uint32_t number = 0;
    std::uint64_t word = 0;  // its last bytes, or all of them if there are not more
  };
  void Insert(const Slot& slot) noexcept;

  std::vector<Slot> slots_;  // a power of two, at least half of them empty
  std::size_t mask_ = 0;     // their number, less one
  std::size_t count_ = 0;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_ROUTING_INTERNAL_LITERAL_TABLE_H_
