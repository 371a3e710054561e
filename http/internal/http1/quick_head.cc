// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http1/quick_head.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include <weft/http/internal/authority.h>
#include <weft/http/internal/char_class.h>
#include <weft/http/internal/http1/field_rules.h>

namespace weft::internal {

#ifdef __SSE2__
namespace {

constexpr std::ptrdiff_t kBlock = 16;
constexpr std::size_t kLeast = 18;  // "GET / HTTP/1.1" and two ends of lines

// Sets of bytes, as a mask of the places in a block whose bytes are in it.
class Block {
 public:
  explicit Block(const char* at) : bytes_(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))) {}

  // Letters, digits and '-', and one byte more: '_' in tokens, '.' in hosts.
  unsigned NameOr(char other) const { return Mask(_mm_or_si128(Letters(), _mm_or_si128(Within('0', 10), _mm_or_si128(Are('-'), Are(other))))); }
  unsigned Digits() const { return Mask(Within('0', 10)); }
  // What no value may hold: control bytes but the tab.
  unsigned Controls() const {
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes_, _mm_set1_epi8(0x1F)), bytes_);
    return Mask(_mm_or_si128(_mm_andnot_si128(Are('\t'), low), Are(0x7F)));
  }
  // Visible ASCII. Bytes from 0x80 on are negative.
  unsigned Visible() const { return Mask(_mm_andnot_si128(Are(0x7F), _mm_cmpgt_epi8(bytes_, _mm_set1_epi8(0x20)))); }
  // Of the visible bytes those that are not in a target, or have a meaning in it: '"' '#' '%' '<' '>' '?'.
  unsigned TargetMarks() const {
    const __m128i quotes = _mm_or_si128(_mm_or_si128(Are('"'), Are('#')), Are('%'));
    return Mask(_mm_or_si128(quotes, _mm_or_si128(_mm_or_si128(Are('<'), Are('>')), Are('?'))));
  }

 private:
  static unsigned Mask(__m128i set) { return static_cast<unsigned>(_mm_movemask_epi8(set)); }
  __m128i Are(char c) const { return _mm_cmpeq_epi8(bytes_, _mm_set1_epi8(c)); }
  __m128i Within(char first, char count) const { return Within(bytes_, first, count); }
  static __m128i Within(__m128i bytes, char first, char count) {
    const __m128i offset = _mm_sub_epi8(bytes, _mm_set1_epi8(first));
    return _mm_cmpeq_epi8(_mm_min_epu8(offset, _mm_set1_epi8(static_cast<char>(count - 1))), offset);
  }
  __m128i Letters() const { return Within(_mm_or_si128(bytes_, _mm_set1_epi8(0x20)), 'a', 26); }

  __m128i bytes_;
};

constexpr unsigned kAll = 0xFFFF;

class QuickReader {
 public:
  QuickReader(std::string_view bytes, const HeadLimits& limits, Head& head)
      : begin_(bytes.data()), end_(begin_ + std::min<std::size_t>(bytes.size(), limits.head_bytes)), last_(end_ - kBlock), limits_(limits), fields_left_(limits.fields), head_(head) {}

  std::size_t Run() {
    const char* p = ReadRequestLine();
    while (p != nullptr && !IsLineEnd(p)) p = ReadField(p);
    if (p == nullptr || CheckHead(head_)) return 0;
    return static_cast<std::size_t>(p + 2 - begin_);
  }

 private:
  // The first byte from `p` on that `stops` names in its block; `end_`: none does. The last block overlaps the one before.
  template <class F>
  [[gnu::always_inline]] const char* Find(const char* p, F stops) const {
    for (;; p += kBlock) {
      const char* const from = std::min(p, last_);
      const unsigned found = stops(Block(from)) >> (p - from);
      if (found != 0) [[likely]] return p + std::countr_zero(found);
      if (p >= last_) return end_;
    }
  }
  Span Piece(const char* from, const char* to) const {
    return {static_cast<std::uint32_t>(from - begin_), static_cast<std::uint32_t>(to - from)};
  }
  bool IsLineEnd(const char* p) const { return end_ - p >= 2 && p[0] == '\r' && p[1] == '\n'; }
  static bool IsBlank(char c) { return c == ' ' || c == '\t'; }

  const char* ReadRequestLine() {
    const char* const target = ReadMethod();
    if (target == nullptr || end_ - target < kBlock || *target != '/') return nullptr;
    const char* const after = ReadTarget(target);
    constexpr std::string_view kVersion = " HTTP/1.1\r\n";
    if (after == nullptr || end_ - after < static_cast<std::ptrdiff_t>(kVersion.size())) return nullptr;
    return std::memcmp(after, kVersion.data(), kVersion.size()) == 0 ? after + kVersion.size() : nullptr;
  }

  const char* ReadMethod() {
    const unsigned stops = Block(begin_).NameOr('_') ^ kAll;
    if (stops == 0) return nullptr;
    const int size = std::countr_zero(stops);
    if (size == 0 || begin_[size] != ' ') return nullptr;
    const std::string_view method(begin_, static_cast<std::size_t>(size));
    if (method == "CONNECT") return nullptr;
    head_.method = {0, static_cast<std::uint32_t>(size)};
    head_.is_head = method == "HEAD";
    return begin_ + size + 1;
  }

  const char* ReadTarget(const char* const target) {
    const char* query = nullptr;
    for (const char* p = target;; ++p) {
      p = Find(p, [](Block block) { return (block.Visible() ^ kAll) | block.TargetMarks(); });
      if (p == end_) return nullptr;
      if (*p == ' ') {
        NoteTarget(target, query, p);
        const bool good = head_.target.size <= limits_.target_bytes && (!head_.path_escaped || HasGoodEscapes(head_.path.In(begin_)));
        return good ? p : nullptr;
      }
      if (*p == '?') {
        if (query == nullptr) query = p + 1;
      } else if (*p == '%') {
        if (query == nullptr) head_.path_escaped = true;
      } else {
        return nullptr;
      }
    }
  }

  void NoteTarget(const char* target, const char* query, const char* end) {
    head_.target = Piece(target, end);
    head_.path = query != nullptr ? Piece(target, query - 1) : head_.target;
    if (query == nullptr) return;
    head_.has_query = true;
    head_.query = Piece(query, end);
  }

  const char* ReadField(const char* const name) {
    const char* const colon = Find(name, [](Block block) { return block.NameOr('_') ^ kAll; });
    if (colon == name || colon == end_ || *colon != ':') return nullptr;
    const char* const line_end = Find(colon + 1, [](Block block) { return block.Controls(); });
    if (!IsLineEnd(line_end) || fields_left_-- == 0) return nullptr;
    const char* value = colon + 1;
    const char* value_end = line_end;
    // One blank before and none after are nearly all.
    if (*value == ' ') ++value;
    while (value != value_end && IsBlank(*value)) ++value;
    while (value_end != value && IsBlank(value_end[-1])) --value_end;
    const Span name_span = Piece(name, colon);
    const Span value_span = Piece(value, value_end);
    head_.fields.push_back({name_span.begin, name_span.size, value_span.begin, value_span.size});
    return NoteField(name, name_span.size, value_span) ? line_end + 2 : nullptr;
  }

  bool NoteField(const char* name, std::uint32_t size, Span value) {
    constexpr std::uint32_t kSizes = 1U << 4 | 1U << 6 | 1U << 10 | 1U << 14 | 1U << 17;  // of the names that frame a message
    if (size >= 32 || (kSizes >> size & 1) == 0 || (size == 10 && !NameIs(name, "connection"))) return true;
    if (size == 4 && NameIs(name, "host") && !head_.has_host && IsOrdinaryHost(begin_ + value.begin, value.size)) {
      head_.has_host = true;
      head_.host = value;
      return true;
    }
    return !internal::NoteField(begin_, head_);
  }

  // A name or an IPv4 address, and a port of up to four digits; in one block.
  bool IsOrdinaryHost(const char* host, std::uint32_t size) const {
    if (size == 0 || size > kBlock || host > last_) return false;
    const Block block(host);
    const unsigned name = block.NameOr('.');
    const unsigned host_size = static_cast<unsigned>(std::countr_one(name));
    if (host_size >= size) return true;
    const unsigned digits = size - host_size - 1;
    if (host_size == 0 || host[host_size] != ':' || digits > 5) return false;
    const unsigned port = block.Digits() >> (host_size + 1);
    const unsigned wanted = (1U << digits) - 1;
    if ((port & wanted) != wanted) return false;
    // Sixes and more lead to ports that there are not.
    return digits < 5 || host[host_size + 1] < '6';
  }

  const char* const begin_;
  const char* const end_;
  const char* const last_;
  const HeadLimits& limits_;
  std::uint32_t fields_left_;
  Head& head_;
};

}  // namespace

std::size_t ReadQuickHead(std::string_view bytes, const HeadLimits& limits, Head& head) {
  if (bytes.size() < kLeast || limits.head_bytes < kLeast) return 0;
  return QuickReader(bytes, limits, head).Run();
}

#else

std::size_t ReadQuickHead(std::string_view, const HeadLimits&, Head&) { return 0; }

#endif

}  // namespace weft::internal
