// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http1/quick_head.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include <weft/http/internal/authority.h>
#include <weft/http/internal/char_class.h>
#include <weft/http/internal/http1/field_rules.h>

namespace weft::internal {

#ifdef __SSE2__
namespace {

constexpr std::size_t kBlock = 16;
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

// Of the names that frame a message the first letter, by their size modulo 32.
constexpr std::size_t kSizes = 32;
constexpr std::array<char, kSizes> kFramingNames = [] {
  std::array<char, kSizes> letters{};
  for (const std::string_view name : {"host", "expect", "connection", "content-length", "transfer-encoding"}) letters[name.size()] = name[0];
  return letters;
}();

// A place is an offset, as in Head.
class QuickReader {
 public:
  QuickReader(std::string_view bytes, const HeadLimits& limits, Head& head)
      : begin_(bytes.data()),
        end_(static_cast<std::uint32_t>(std::min<std::size_t>(bytes.size(), limits.head_bytes))),
        fields_left_(limits.fields),
        target_max_(limits.target_bytes),
        head_(head) {}

  std::size_t Run() {
    std::size_t at = ReadRequestLine();
    while (at != kOther && !IsLineEnd(at)) at = ReadField(at);
    if (at == kOther || CheckHead(head_)) return 0;
    return at + 2;
  }

 private:
  static constexpr std::size_t kOther = 0;  // where no line but the first one begins: not an ordinary head

  // The first byte from `at` on that `stops` names in its block; `end_`: none does.
  template <class F>
  [[gnu::always_inline]] std::size_t Find(std::size_t at, F stops) const {
    const std::size_t last = end_ - kBlock;
    for (; at <= last; at += kBlock) {
      const unsigned found = stops(Block(begin_ + at));
      if (found != 0) [[likely]] return at + static_cast<unsigned>(std::countr_zero(found));
    }
    // The last block overlaps the one before.
    const unsigned found = at < end_ ? stops(Block(begin_ + last)) >> (at - last) : 0;
    return found != 0 ? at + static_cast<unsigned>(std::countr_zero(found)) : end_;
  }
  static Span Piece(std::size_t from, std::size_t to) {
    return {static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to - from)};
  }
  // No line end begins with the last byte.
  bool IsLineEnd(std::size_t at) const { return at + 1 < end_ && std::memcmp(begin_ + at, "\r\n", 2) == 0; }
  static bool IsBlank(char c) { return c == ' ' || c == '\t'; }

  // Like all that read a line: where the next one begins, or kOther if it is not an ordinary one.
  std::size_t ReadRequestLine() {
    const std::size_t target = ReadMethod();
    if (target == kOther || end_ - target < kBlock || begin_[target] != '/') return kOther;
    const std::size_t after = ReadTarget(target);
    constexpr std::string_view kVersion = " HTTP/1.1\r\n";
    if (after == kOther || end_ - after < kVersion.size()) return kOther;
    return std::memcmp(begin_ + after, kVersion.data(), kVersion.size()) == 0 ? after + kVersion.size() : kOther;
  }

  std::size_t ReadMethod() {
    if (std::memcmp(begin_, "GET ", 4) == 0) {  // nearly all
      head_.method = {0, 3};
      return 4;
    }
    const unsigned stops = Block(begin_).NameOr('_') ^ kAll;
    if (stops == 0) return kOther;
    const auto size = static_cast<std::size_t>(std::countr_zero(stops));
    if (size == 0 || begin_[size] != ' ') return kOther;
    const std::string_view method(begin_, size);
    if (method == "CONNECT") return kOther;
    head_.method = Piece(0, size);
    head_.is_head = method == "HEAD";
    return size + 1;
  }

  // Where the target ends.
  std::size_t ReadTarget(const std::size_t target) {
    std::size_t query = 0;
    for (std::size_t at = target;; ++at) {
      at = Find(at, [](Block block) { return (block.Visible() ^ kAll) | block.TargetMarks(); });
      if (at == end_) return kOther;
      if (begin_[at] == ' ') [[likely]] {
        NoteTarget(target, query, at);
        const bool good = head_.target.size <= target_max_ && (!head_.path_escaped || HasGoodEscapes(head_.path.In(begin_)));
        return good ? at : kOther;
      }
      if (begin_[at] == '?') {
        if (query == 0) query = at + 1;
      } else if (begin_[at] == '%') {
        if (query == 0) head_.path_escaped = true;
      } else {
        return kOther;
      }
    }
  }

  void NoteTarget(std::size_t target, std::size_t query, std::size_t end) {
    head_.path = head_.target = Piece(target, end);
    if (query == 0) return;
    head_.path = Piece(target, query - 1);
    head_.has_query = true;
    head_.query = Piece(query, end);
  }

  std::size_t ReadField(const std::size_t name) {
    const std::size_t colon = Find(name, [](Block block) { return block.NameOr('_') ^ kAll; });
    if (colon == name || colon == end_ || begin_[colon] != ':') return kOther;
    std::size_t value = colon + 1;
    std::size_t value_end = Find(value, [](Block block) { return block.Controls(); });
    if (!IsLineEnd(value_end) || fields_left_-- == 0) return kOther;
    const std::size_t next = value_end + 2;
    // One blank before and none after are nearly all. Of a value and the end of its line, blanks and the end are the least bytes.
    if (begin_[value] == ' ') ++value;
    if (IsLeast(begin_[value]) || IsLeast(begin_[value_end - 1])) [[unlikely]] {
      value = SkipBlanks(begin_, value, value_end);
      value_end = DropBlanks(begin_, value, value_end);
    }
    const Span name_span = Piece(name, colon);
    const Span value_span = Piece(value, value_end);
    head_.fields.push_back({name_span.begin, name_span.size, value_span.begin, value_span.size});
    const bool may_frame = (begin_[name] | 0x20) == kFramingNames[name_span.size % kSizes];
    return !may_frame || NoteField(begin_ + name, name_span.size, value_span) ? next : kOther;
  }

  static bool IsLeast(char c) { return static_cast<unsigned char>(c) <= ' '; }
  static std::size_t SkipBlanks(const char* bytes, std::size_t at, std::size_t end) {
    while (at != end && IsBlank(bytes[at])) ++at;
    return at;
  }
  static std::size_t DropBlanks(const char* bytes, std::size_t begin, std::size_t end) {
    while (end != begin && IsBlank(bytes[end - 1])) --end;
    return end;
  }

  bool NoteField(const char* name, std::uint32_t size, Span value) {
    if (size == 4 && NameIs(name, "host") && !head_.has_host && IsOrdinaryHost(value)) {
      head_.has_host = true;
      head_.host = value;
      return true;
    }
    return !internal::NoteField(begin_, head_);
  }

  // A name or an IPv4 address, and a port of up to four digits; in one block.
  bool IsOrdinaryHost(Span span) const {
    const std::uint32_t size = span.size;
    if (size == 0 || size > kBlock || span.begin > end_ - kBlock) return false;
    const char* const host = begin_ + span.begin;
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
  const std::size_t end_;
  std::uint32_t fields_left_;
  const std::uint32_t target_max_;
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
