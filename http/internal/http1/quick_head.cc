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
#include <weft/http/internal/scan.h>

namespace weft::internal {

#ifdef __SSE2__
namespace {

using FieldSpan = Head::FieldSpan;

constexpr std::uint32_t kBlock = 16;
constexpr std::size_t kLeast = 25;  // "GET / HTTP/1.1", "Host:" and three ends of lines
constexpr std::uint32_t kLineEnd = 2;
constexpr unsigned kAll = 0xFFFF;
// Sets of bytes, as a mask of the places in a block whose bytes are in it.
class Block {
 public:
  explicit Block(const char* at) : bytes_(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))) {}

  // Letters and '-', which nearly all names are made of.
  unsigned Names() const { return Mask(_mm_or_si128(Letters(), Are('-'))); }
  // Letters, digits, '-' and '.', which nearly all hosts are made of.
  unsigned Hosts() const { return Mask(_mm_or_si128(_mm_or_si128(Letters(), Digits()), _mm_or_si128(Are('-'), Are('.')))); }
  unsigned Ports() const { return Mask(Digits()); }
  // From the blank to '~', which nearly all values are made of. One more, these are the positive bytes above the blank.
  unsigned Values() const { return Mask(_mm_cmpgt_epi8(_mm_add_epi8(bytes_, _mm_set1_epi8(1)), _mm_set1_epi8(' '))); }
  // Visible ASCII but '!' to '%' and '<' to '?', some of which are in no path.
  unsigned Paths() const {
    const __m128i high = _mm_cmpgt_epi8(bytes_, _mm_set1_epi8('%'));  // bytes from 0x80 on are negative
    const __m128i marks = _mm_cmpeq_epi8(_mm_and_si128(bytes_, _mm_set1_epi8(~3)), _mm_set1_epi8('<'));
    return Mask(_mm_andnot_si128(_mm_or_si128(marks, Are(0x7F)), high));
  }

 private:
  static unsigned Mask(__m128i set) { return static_cast<unsigned>(_mm_movemask_epi8(set)); }
  __m128i Are(char c) const { return _mm_cmpeq_epi8(bytes_, _mm_set1_epi8(c)); }
  // Moved, `first` is the least of the signed bytes.
  static __m128i Within(__m128i bytes, char first, char count) {
    const __m128i moved = _mm_add_epi8(bytes, _mm_set1_epi8(static_cast<char>(-128 - first)));
    return _mm_cmpgt_epi8(_mm_set1_epi8(static_cast<char>(-128 + count)), moved);
  }
  __m128i Letters() const { return Within(_mm_or_si128(bytes_, _mm_set1_epi8(0x20)), 'a', 26); }
  __m128i Digits() const { return Within(bytes_, '0', 10); }

  __m128i bytes_;
};

// Which first letters, and which sizes, the names have that frame a message; modulo 32. Of a name that is empty, the byte after it.
constexpr std::string_view kFramingNames[] = {"host", "expect", "connection", "content-length", "transfer-encoding"};
constexpr std::uint32_t kFramingLetters = [] {
  std::uint32_t letters = 1U << (':' % 32);
  for (const std::string_view name : kFramingNames) letters |= 1U << (name[0] % 32);
  return letters;
}();
constexpr std::uint32_t kFramingSizes = [] {
  std::uint32_t sizes = 1;
  for (const std::string_view name : kFramingNames) sizes |= 1U << (name.size() % 32);
  return sizes;
}();
constexpr bool HasBit(std::uint32_t bits, std::uint32_t at) { return (bits >> (at % 32) & 1) != 0; }

// Of a set that is not empty. std::countr_zero would look whether it is.
std::size_t First(unsigned set) { return static_cast<std::size_t>(__builtin_ctz(set)); }
// The first byte that is not in a block's set; if all of them are, that after the block.
std::size_t FirstNotIn(unsigned set) { return First(~set); }
bool IsLineEnd(const char* at) { return std::memcmp(at, "\r\n", kLineEnd) == 0; }

Span Piece(const char* bytes, const char* from, const char* to) {
  return {static_cast<std::uint32_t>(from - bytes), static_cast<std::uint32_t>(to - from)};
}
[[gnu::always_inline]] inline FieldSpan FieldAt(const char* bytes, const char* name, const char* colon, const char* value, const char* end) {
  return {static_cast<std::uint32_t>(name - bytes), static_cast<std::uint32_t>(colon - name), static_cast<std::uint32_t>(value - bytes),
          static_cast<std::uint32_t>(end - value)};
}

// What is not ordinary, in functions of their own, which get no object: its members then stay in registers. They return null for what
// is not for this file.

// The method is not GET. Returns where its target begins.
[[gnu::noinline]] const char* ReadMethod(const char* bytes, Head& head) {
  const char* const end = SkipToken(bytes, bytes + kBlock);
  if (end == bytes || *end != ' ') return nullptr;
  const std::string_view method(bytes, static_cast<std::size_t>(end - bytes));
  if (method == "CONNECT") return nullptr;
  head.method = Piece(bytes, bytes, end);
  head.is_head = method == "HEAD";
  return end + 1;
}

// A target that is long, has a query or escapes, or is none. Returns where it ends.
[[gnu::noinline]] const char* ReadAnyTarget(const char* bytes, const char* target, const char* end, std::size_t target_max, Head& head) {
  const char* query = nullptr;
  const char* at = target;
  for (;; ++at) {
    while (end - at >= std::ptrdiff_t{kBlock} && Block(at).Paths() == kAll) at += kBlock;
    if (at == end) return nullptr;
    if (!Is(*at, kTargetChar)) break;
    if (query != nullptr) continue;
    if (*at == '?') query = at + 1;
    if (*at == '%') head.path_escaped = true;
  }
  head.path = head.target = Piece(bytes, target, at);
  if (query != nullptr) {
    head.path = Piece(bytes, target, query - 1);
    head.has_query = true;
    head.query = Piece(bytes, query, at);
  }
  const bool good = head.target.size <= target_max && (!head.path_escaped || HasGoodEscapes(head.path.In(bytes)));
  return good ? at : nullptr;
}

// Returns the end of a line whose value holds a tab or bytes from 0x80 on, the first of which is at `at`; null: there was none before `end`.
[[gnu::noinline]] const char* FindLineEnd(const char* at, const char* end) {
  if (at == nullptr) return nullptr;
  at = SkipValue(at, end);
  return end - at >= 2 * std::ptrdiff_t{kLineEnd} && IsLineEnd(at) ? at : nullptr;
}

// Of a line from `name` to `end` with a rare byte in its name, or with other blanks than one before the value. False: it is none.
[[gnu::noinline]] bool ReadOddField(const char* bytes, const char* name, const char* end, FieldSpan& field) {
  const char* const colon = SkipToken(name, end);
  if (colon == end || *colon != ':') return false;
  const char* value = colon + 1;
  while (value != end && IsBlank(*value)) ++value;
  while (end != value && IsBlank(end[-1])) --end;
  field = FieldAt(bytes, name, colon, value, end);
  return true;
}

[[gnu::noinline]] bool MakeRoom(FieldSpans& fields, FieldSpan* end, std::size_t fields_max) {
  fields.SetEnd(end);
  if (fields.size() >= fields_max) return false;
  fields.Grow();
  return true;
}

// A name or an IPv4 address, and a port of up to five digits; in one block. So many bytes are before its end, for the request line is.
[[gnu::noinline]] bool IsOrdinaryHost(const char* end, std::uint32_t size) {
  if (size - 1 >= kBlock) return false;
  const char* const before = end - kBlock;
  const Block block(before);
  const unsigned others = (block.Hosts() ^ kAll) & (kAll << (kBlock - size));
  if (others == 0) return true;
  const std::size_t colon = First(others);
  if (before[colon] != ':') return false;
  if (colon == kBlock - size) return false;
  if ((block.Ports() ^ kAll) >> colon != 1) return false;
  // Sixes and more lead to ports that there are not.
  constexpr std::size_t kLongest = kBlock - 6;
  return colon > kLongest || (colon == kLongest && before[kLongest + 1] < '6');
}

class QuickReader {
 public:
  QuickReader(std::string_view bytes, const HeadLimits& limits, Head& head)
      : bytes_(bytes.data()),
        scan_end_(bytes.data() + std::min<std::size_t>(bytes.size(), limits.head_bytes) - 1),
        last_(scan_end_ - kBlock),
        limits_(limits),
        head_(head),
        field_(head.fields.begin()),
        room_end_(head.fields.RoomEnd()) {}

  std::size_t Run() {
    const char* at = ReadRequestLine();
    if (at == nullptr) return 0;
    for (;; ++field_) {
      const bool whole = at <= last_;
      if (!whole && at >= scan_end_) [[unlikely]] return 0;
      if (IsLineEnd(at)) break;
      if (!(whole ? ReadField(at, Block(at), 0) : ReadField(at, Block(last_), static_cast<unsigned>(at - last_)))) return 0;
    }
    head_.fields.SetEnd(field_);
    return head_.fields.size() > limits_.fields || CheckHead(head_) ? 0 : static_cast<std::size_t>(at + kLineEnd - bytes_);
  }

 private:
  // Where the first field line begins, or null if this one is not ordinary.
  [[gnu::always_inline]] const char* ReadRequestLine() {
    const char* const target = std::memcmp(bytes_, "GET ", 4) == 0 ? NoteGet() : ReadMethod(bytes_, head_);
    if (target == nullptr || target > last_ || *target != '/') return nullptr;
    const char* const after = ReadTarget(target);
    constexpr std::string_view kVersion = " HTTP/1.1\r\n";
    if (after == nullptr || after > last_) return nullptr;
    return std::memcmp(after, kVersion.data(), kVersion.size()) == 0 ? after + kVersion.size() : nullptr;
  }

  // Nearly all.
  const char* NoteGet() {
    head_.method = {0, 3};
    return bytes_ + 4;
  }

  // Where the target ends.
  [[gnu::always_inline]] const char* ReadTarget(const char* target) {
    const std::size_t size = FirstNotIn(Block(target).Paths());
    const char* const end = target + size;
    if (*end != ' ' || size > limits_.target_bytes) [[unlikely]] {
      return ReadAnyTarget(bytes_, target, scan_end_, limits_.target_bytes, head_);
    }
    head_.target.begin = head_.path.begin = static_cast<std::uint32_t>(target - bytes_);
    head_.target.size = head_.path.size = static_cast<std::uint32_t>(size);
    return end;
  }

  // The line at `at`, of which `line` has all but the first `skip` bytes; its end may be beyond. Moves to the next line. False: it is not
  // an ordinary one.
  //
  // The order of the tests matters: up to the end of the line all bytes are there, and that of the name lies before it.
  [[gnu::always_inline]] bool ReadField(const char*& at, const Block& line, unsigned skip) {
    const char* const name = at;
    const unsigned no_value = (line.Values() ^ kAll) >> skip;
    const char* end = no_value != 0 ? name + First(no_value) : FindValueEnd(name + kBlock - skip);
    if (end == nullptr || !IsLineEnd(end)) [[unlikely]] {
      end = FindLineEnd(end, scan_end_ + 1);
      if (end == nullptr) return false;
    }
    if (field_ == room_end_) [[unlikely]] {
      if (!MakeRoom(head_.fields, field_, limits_.fields)) return false;
      field_ = head_.fields.end();
      room_end_ = head_.fields.RoomEnd();
    }
    const char* const colon = name + First(~line.Names() >> skip);
    // One blank before and none after are nearly all. Of a value and the end of its line, blanks and the end are the least bytes.
    if (std::memcmp(colon, ": ", 2) == 0 && !IsLeast(colon[2]) && !IsLeast(end[-1])) [[likely]] {
      *field_ = FieldAt(bytes_, name, colon, colon + 2, end);
    } else if (!ReadOddField(bytes_, name, end, *field_)) {
      return false;
    }
    at = end + kLineEnd;
    return !HasBit(kFramingLetters, static_cast<unsigned char>(*name)) || !HasBit(kFramingSizes, field_->name_size) || NoteField(name, end);
  }

  // The first byte from `at` on that is not usual in values, or null.
  [[gnu::always_inline]] const char* FindValueEnd(const char* at) const {
    for (; at <= last_; at += kBlock) {
      const unsigned found = Block(at).Values() ^ kAll;
      if (found != 0) [[likely]] return at + First(found);
    }
    if (at >= scan_end_) return nullptr;
    const unsigned found = (Block(last_).Values() ^ kAll) >> (at - last_);
    return found != 0 ? at + First(found) : nullptr;
  }
  static bool IsLeast(char c) { return static_cast<unsigned char>(c) <= ' '; }

  [[gnu::always_inline]] bool NoteField(const char* name, const char* end) {
    const FieldSpan& field = *field_;
    if (field.name_size == 4 && NameIs(name, "host") && !head_.has_host && IsOrdinaryHost(end, field.value_size)) {
      head_.has_host = true;
      head_.host = {field.value_begin, field.value_size};
      return true;
    }
    return field.name_size != 0 && !internal::NoteField(bytes_, *field_, head_);
  }

  const char* const bytes_;
  const char* const scan_end_;  // where the last byte is: it is only looked at together with the one before it
  const char* const last_;      // where the last block begins
  const HeadLimits& limits_;
  Head& head_;
  FieldSpan* field_;  // the next one
  FieldSpan* room_end_;
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
