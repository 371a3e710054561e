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

constexpr std::size_t kBlock = 16;
constexpr std::size_t kLeast = 18;  // "GET / HTTP/1.1" and two ends of lines
constexpr std::size_t kLineEnd = 2;
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
  // Control bytes: no value may hold one but the tab.
  unsigned Controls() const {
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes_, _mm_set1_epi8(0x1F)), bytes_);
    return Mask(_mm_or_si128(low, Are(0x7F)));
  }
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

// Of the names that frame a message the first letter, by their size modulo 32. Of a name that is empty, the byte after it.
constexpr std::size_t kSizes = 32;
constexpr std::array<char, kSizes> kFramingNames = [] {
  std::array<char, kSizes> letters{};
  letters[0] = ':';
  for (const std::string_view name : {"host", "expect", "connection", "content-length", "transfer-encoding"}) letters[name.size()] = name[0];
  return letters;
}();

// A place is an offset, as in Head.
class QuickReader {
 public:
  QuickReader(std::string_view bytes, const HeadLimits& limits, Head& head)
      : begin_(bytes.data()),
        end_(static_cast<std::uint32_t>(std::min<std::size_t>(bytes.size(), limits.head_bytes))),
        last_(end_ - kBlock),
        fields_left_(std::uint64_t{limits.fields} + 1),
        target_max_(limits.target_bytes),
        head_(head) {}

  std::size_t Run() {
    std::size_t at = ReadRequestLine();
    if (at == kOther) return 0;
    while (!IsLineEnd(at)) {
      const char* const name = begin_ + at;
      if (!(at <= last_ ? ReadField(at, Window(begin_, at)) : ReadField(at, Window(*this, at)))) return 0;
      const Head::FieldSpan& field = head_.fields.back();
      if ((name[0] | 0x20) == kFramingNames[field.name_size % kSizes] && !NoteField(name, field)) return 0;
    }
    return CheckHead(head_) ? 0 : at + kLineEnd;
  }

 private:
  static constexpr std::size_t kOther = 0;  // where no line but the first one begins: not an ordinary head

  // The bytes from a place on, at most a block of them. What lies beyond the end is in no set.
  class Window {
   public:
    // Not beyond last_.
    Window(const char* begin, std::size_t at) : from_(at), skip_(0), block_(begin + at) {}
    Window(const QuickReader& reader, std::size_t at)
        : from_(std::min(at, reader.last_)), skip_(static_cast<unsigned>(at - from_)), block_(reader.begin_ + from_) {}

    const Block& block() const { return block_; }
    // Of a set of the block, what lies in the window.
    unsigned In(unsigned set) const { return set >> skip_; }
    // Where it ends.
    std::size_t End() const { return from_ + kBlock; }

   private:
    const std::size_t from_;
    const unsigned skip_;
    const Block block_;
  };

  // The first byte from `at` on that `stops` names; `end_`: none does.
  template <class F>
  [[gnu::always_inline]] std::size_t Find(std::size_t at, F stops) const {
    while (at < end_) {
      const Window window(*this, at);
      const unsigned found = window.In(stops(window.block()));
      if (found != 0) [[likely]] return at + First(found);
      at = window.End();
    }
    return end_;
  }
  [[gnu::always_inline]] std::size_t FindControl(std::size_t at) const {
    return Find(at, [](const Block& block) { return block.Controls(); });
  }
  static std::size_t First(unsigned set) { return static_cast<unsigned>(std::countr_zero(set)); }
  static Span Piece(std::size_t from, std::size_t to) {
    return {static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to - from)};
  }
  bool IsLineEnd(std::size_t at) const { return std::memcmp(begin_ + at, "\r\n", kLineEnd) == 0; }
  // That of a line is followed by at least the head's own, or the head is incomplete.
  bool EndsLine(std::size_t at) const { return at + 2 * kLineEnd <= end_ && IsLineEnd(at); }
  static bool IsBlank(char c) { return c == ' ' || c == '\t'; }

  // Where the next line begins, or kOther if it is not an ordinary one. Two more bytes are there.
  [[gnu::always_inline]] std::size_t ReadRequestLine() {
    const std::size_t target = std::memcmp(begin_, "GET ", 4) == 0 ? NoteGet() : ReadMethod();
    if (target == kOther || begin_[target] != '/') return kOther;
    const std::size_t after = ReadTarget(target);
    constexpr std::string_view kVersion = " HTTP/1.1\r\n";
    if (after == kOther || end_ - after < kVersion.size() + kLineEnd) return kOther;
    return std::memcmp(begin_ + after, kVersion.data(), kVersion.size()) == 0 ? after + kVersion.size() : kOther;
  }

  // Nearly all.
  std::size_t NoteGet() {
    head_.method = {0, 3};
    return 4;
  }

  [[gnu::noinline]] std::size_t ReadMethod() {
    const auto size = static_cast<std::size_t>(SkipToken(begin_, begin_ + kBlock) - begin_);
    if (size == 0 || begin_[size] != ' ') return kOther;
    const std::string_view method(begin_, size);
    if (method == "CONNECT") return kOther;
    head_.method = Piece(0, size);
    head_.is_head = method == "HEAD";
    return size + 1;
  }

  // Where the target ends.
  [[gnu::always_inline]] std::size_t ReadTarget(const std::size_t target) {
    const Window window(*this, target);
    const unsigned after = window.In(window.block().Paths() ^ kAll);
    const std::size_t end = target + First(after);
    if (after == 0 || begin_[end] != ' ' || end - target > target_max_) [[unlikely]] return ReadAnyTarget(target);
    const Span all = Piece(target, end);
    head_.target = all;
    head_.path = all;
    return end;
  }

  // One that is long, has a query or escapes, or is none.
  [[gnu::noinline]] std::size_t ReadAnyTarget(const std::size_t target) {
    std::size_t query = 0;
    std::size_t at = target;
    for (;; ++at) {
      at = Find(at, [](const Block& block) { return block.Paths() ^ kAll; });
      if (at == end_) return kOther;
      if (!Is(begin_[at], kTargetChar)) break;
      if (query != 0) continue;
      if (begin_[at] == '?') query = at + 1;
      if (begin_[at] == '%') head_.path_escaped = true;
    }
    head_.path = head_.target = Piece(target, at);
    if (query != 0) {
      head_.path = Piece(target, query - 1);
      head_.has_query = true;
      head_.query = Piece(query, at);
    }
    const bool good = head_.target.size <= target_max_ && (!head_.path_escaped || HasGoodEscapes(head_.path.In(begin_)));
    return good ? at : kOther;
  }

  // Moves `at` to the next line, of which two bytes are there. False: it is not an ordinary one.
  [[gnu::always_inline]] bool ReadField(std::size_t& at, const Window& line) {
    // One look at the line finds the end of the name, and that of a short value: a name holds no control byte.
    const std::size_t name = at;
    const unsigned after_name = line.In(line.block().Names() ^ kAll);
    std::size_t colon = name + First(after_name);
    if (after_name == 0 || begin_[colon] != ':') [[unlikely]] {
      colon = FindColon(name);
      if (colon == kOther) return false;
    }
    if (--fields_left_ == 0) return false;
    const unsigned controls = line.In(line.block().Controls());
    std::size_t value_end = controls != 0 ? name + First(controls) : FindControl(line.End());
    if (!EndsLine(value_end)) [[unlikely]] {
      value_end = FindLineEnd(value_end);
      if (value_end == kOther) return false;
    }
    at = value_end + kLineEnd;
    // One blank before and none after are nearly all. Of a value and the end of its line, blanks and the end are the least bytes.
    std::size_t value = colon + 1;
    if (begin_[value] == ' ') ++value;
    if (IsLeast(begin_[value]) || IsLeast(begin_[value_end - 1])) [[unlikely]] {
      value = SkipBlanks(begin_, value, value_end);
      value_end = DropBlanks(begin_, value, value_end);
    }
    const Span name_span = Piece(name, colon);
    const Span value_span = Piece(value, value_end);
    head_.fields.push_back({name_span.begin, name_span.size, value_span.begin, value_span.size});
    return true;
  }

  // The end of any name.
  [[gnu::noinline]] std::size_t FindColon(std::size_t name) const {
    const char* const end = SkipToken(begin_ + name, begin_ + end_);
    return end != begin_ + end_ && *end == ':' ? static_cast<std::size_t>(end - begin_) : kOther;
  }
  // That of a value that holds a tab; kOther if there is another control byte.
  [[gnu::noinline]] std::size_t FindLineEnd(std::size_t at) const {
    while (at < end_ && begin_[at] == '\t') at = FindControl(at + 1);
    return EndsLine(at) ? at : kOther;
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

  bool NoteField(const char* name, const Head::FieldSpan& field) {
    const Span value{field.value_begin, field.value_size};
    if (field.name_size == 4 && NameIs(name, "host") && !head_.has_host && IsOrdinaryHost(value)) {
      head_.has_host = true;
      head_.host = value;
      return true;
    }
    return field.name_size != 0 && !internal::NoteField(begin_, head_);
  }

  // A name or an IPv4 address, and a port of up to five digits; in one block.
  [[gnu::always_inline]] bool IsOrdinaryHost(Span span) const {
    const std::uint32_t size = span.size;
    if (size == 0 || size > kBlock) return false;
    const char* const host = begin_ + span.begin;
    const Window window(*this, span.begin);
    const auto host_size = static_cast<unsigned>(std::countr_one(window.In(window.block().Hosts())));
    if (host_size >= size) return true;
    const unsigned digits = size - host_size - 1;
    if (host_size == 0 || host[host_size] != ':' || digits > 5) return false;
    const unsigned port = window.In(window.block().Ports()) >> (host_size + 1);
    const unsigned wanted = (1U << digits) - 1;
    if ((port & wanted) != wanted) return false;
    // Sixes and more lead to ports that there are not.
    return digits < 5 || host[host_size + 1] < '6';
  }

  const char* const begin_;
  const std::size_t end_;
  const std::size_t last_;  // where the last block begins
  std::uint64_t fields_left_;  // and one more
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
