// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_SCAN_H_
#define WEFT_HTTP_INTERNAL_SCAN_H_

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <weft/http/internal/char_class.h>

namespace weft::internal {

#ifdef __SSE2__
// Marks those of 16 bytes that tokens usually contain; the others need a closer look.
struct TokenBlock {
  static __m128i Usual(__m128i block) {
    // After the shift, `first` is the least of the signed bytes.
    const auto within = [](__m128i bytes, char first, char count) {
      const __m128i moved = _mm_add_epi8(bytes, _mm_set1_epi8(static_cast<char>(-128 - first)));
      return _mm_cmpgt_epi8(_mm_set1_epi8(static_cast<char>(-128 + count)), moved);
    };
    const __m128i letter = within(_mm_or_si128(block, _mm_set1_epi8(0x20)), 'a', 26);
    const __m128i other = _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('-')), _mm_cmpeq_epi8(block, _mm_set1_epi8('_')));
    return _mm_or_si128(_mm_or_si128(letter, within(block, '0', 10)), other);
  }
};

// The same for values: from the blank to '~'. After adding 1 these are the signed bytes above the blank.
struct ValueBlock {
  static __m128i Usual(__m128i block) { return _mm_cmpgt_epi8(_mm_add_epi8(block, _mm_set1_epi8(1)), _mm_set1_epi8(' ')); }
};

// The others, as a mask.
inline unsigned OthersThan(__m128i usual) { return static_cast<unsigned>(_mm_movemask_epi8(usual)) ^ 0xFFFFu; }

// A block of 16 bytes of the text, which is not empty and has at most 16: some of them occur twice.
inline __m128i ShortBlock(const char* p, std::size_t size) {
  if (size >= 8) {
    return _mm_unpacklo_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)),
                              _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p + size - 8)));
  }
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  if (size >= 4) {
    std::memcpy(&first, p, 4);
    std::memcpy(&last, p + size - 4, 4);
  } else {
    const auto byte = [p](std::size_t at) { return static_cast<std::uint32_t>(static_cast<unsigned char>(p[at])); };
    first = (byte(0) | byte(size / 2) << 8) * 0x10001u;
    last = byte(size - 1) * 0x01010101u;
  }
  return _mm_unpacklo_epi32(_mm_set1_epi32(static_cast<int>(first)), _mm_set1_epi32(static_cast<int>(last)));
}
#else
struct TokenBlock {};
struct ValueBlock {};
#endif

// Returns the first byte in [p, end) that is not in a token, or `end`. Nearly all tokens consist of letters, digits, '-' and '_', and
// are shorter than 16 bytes. They take one step; byte by byte, each would cost a mispredicted branch at its end.
inline const char* SkipToken(const char* p, const char* end) {
#ifdef __SSE2__
  while (end - p >= 16) {
    const unsigned stops = OthersThan(TokenBlock::Usual(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
    if (stops == 0) {
      p += 16;
      continue;
    }
    p += std::countr_zero(stops);
    if (!Is(*p, kTokenChar)) return p;
    ++p;  // a rare one
  }
#endif
  while (p != end && Is(*p, kTokenChar)) ++p;
  return p;
}

// Marks the bytes of a word that are below 0x20 or are 0x7f, by their highest bits. The first mark is exact; some of those after it may
// be wrong.
inline std::uint64_t ControlsIn(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighs = 0x8080808080808080;
  const std::uint64_t below_blank = (word - kOnes * 0x20) & ~word;
  const std::uint64_t delete_is_zero = word ^ (kOnes * 0x7f);
  return (below_blank | ((delete_is_zero - kOnes) & ~delete_is_zero)) & kHighs;
}

// Returns the first byte in [p, end) that is not in a field value, or `end`. Values are most of a head, and the set is simple, so 16 bytes
// at a time pay off (a browser's head: 0.2 us instead of 0.3).
inline const char* SkipValue(const char* p, const char* end) {
#ifdef __SSE2__
  const __m128i last_control = _mm_set1_epi8(0x1F);
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8(0x7F);
  while (end - p >= 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(block, last_control), block);
    const __m128i but_tab = _mm_andnot_si128(_mm_cmpeq_epi8(block, tab), control);
    const int mask = _mm_movemask_epi8(_mm_or_si128(but_tab, _mm_cmpeq_epi8(block, del)));
    if (mask != 0) return p + std::countr_zero(static_cast<unsigned>(mask));
    p += 16;
  }
#endif
  if constexpr (std::endian::native == std::endian::little) {
    while (end - p >= 8) {
      std::uint64_t word;
      std::memcpy(&word, p, sizeof word);
      const std::uint64_t controls = ControlsIn(word);
      if (controls != 0) {
        p += std::countr_zero(controls) / 8;
        if (*p != '\t') return p;
        ++p;
      } else {
        p += 8;
      }
    }
  }
  while (p != end && Is(*p, kValueChar)) ++p;
  return p;
}

// Whether all bytes are in the set. `Block` marks, for 16 at a time, those that need not be checked one by one. Also true for no bytes.
template <class Block>
[[gnu::always_inline]] inline bool AllInBlocks(std::string_view text, CharClass set) {
#ifdef __SSE2__
  const char* const p = text.data();
  const std::size_t size = text.size();
  if (size == 0) return true;
  __m128i usual;
  if (size < 16) {
    usual = Block::Usual(ShortBlock(p, size));
  } else {
    const auto block = [p](std::size_t at) { return Block::Usual(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p + at))); };
    usual = _mm_and_si128(block(0), block(size - 16));  // which overlap if there are fewer than 32
    for (std::size_t at = 16; at + 16 < size; at += 16) usual = _mm_and_si128(usual, block(at));
  }
  if (OthersThan(usual) == 0) [[likely]] return true;
#endif
  return AllAre(text, set);
}

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_SCAN_H_
