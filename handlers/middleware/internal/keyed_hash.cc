// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/internal/keyed_hash.h>

#include <bit>
#include <cstddef>
#include <cstring>

#include <weft/handlers/middleware/internal/random_hex.h>

namespace weft::internal {
namespace {

struct SipState {
  std::uint64_t a, b, c, d;

  void Rounds(int count) {
    for (int i = 0; i < count; ++i) {
      a += b;
      c += d;
      b = std::rotl(b, 13) ^ a;
      d = std::rotl(d, 16) ^ c;
      a = std::rotl(a, 32);
      c += b;
      a += d;
      b = std::rotl(b, 17) ^ c;
      d = std::rotl(d, 21) ^ a;
      c = std::rotl(c, 32);
    }
  }
  void Take(std::uint64_t word) {
    d ^= word;
    Rounds(2);
    a ^= word;
  }
};

// Eight bytes, the first one lowest.
std::uint64_t WholeWord(const char* bytes) {
  std::uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  return std::endian::native == std::endian::little ? word : __builtin_bswap64(word);
}

// Fewer than that.
std::uint64_t LastWord(std::string_view bytes) {
  std::uint64_t word = 0;
  for (std::size_t i = bytes.size(); i > 0; --i)
    word = word << 8 | static_cast<unsigned char>(bytes[i - 1]);
  return word;
}

}  // namespace

KeyedHash::KeyedHash() : first_(RandomBits()), second_(RandomBits()) {}

std::uint64_t KeyedHash::operator()(std::string_view text) const noexcept {
  SipState state{first_ ^ 0x736f6d6570736575, second_ ^ 0x646f72616e646f6d,
                 first_ ^ 0x6c7967656e657261, second_ ^ 0x7465646279746573};
  const std::uint64_t size = text.size();
  for (; text.size() >= 8; text.remove_prefix(8)) state.Take(WholeWord(text.data()));
  state.Take(size << 56 | LastWord(text));
  state.c ^= 0xFF;
  state.Rounds(4);
  return state.a ^ state.b ^ state.c ^ state.d;
}

}  // namespace weft::internal
