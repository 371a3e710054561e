// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP1_FIELD_LINES_H_
#define WEFT_HTTP_INTERNAL_HTTP1_FIELD_LINES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <weft/http/internal/http1/field_rules.h>
#include <weft/http/internal/http1/refusal.h>
#include <weft/http/internal/scan.h>
#include <weft/http/internal/text.h>

namespace weft::internal {

// The field lines of a head (RFC 9112 section 5), for the parsers of requests and of responses, which derive from it. Goes over the bytes
// once, from left to right. Every rejection depends on the bytes up to and including the current one, never on how many are there, so a
// message that arrives in pieces gets the same verdict as in one piece.
//
// Between calls, `Message` remembers where the parser was: position, stage, mark, name. `Parser` has
//   bool Bad(Refusal), bool NeedMore()   the parser stops here: they return false
//   bool TooManyFields(), bool Finish()  the same; the latter at the empty line that ends the head
//   bool Note(value)                     of the field that was read last; false: the parser stops
template <class Parser, class Message>
class FieldLines {
 protected:
  using Stage = typename Message::Stage;

  FieldLines(std::string_view bytes, std::size_t bytes_max, std::size_t fields_max, Message& head)
      : begin_(bytes.data()),
        p_(bytes.data() + head.position),
        end_(bytes.data() + std::min(bytes.size(), bytes_max)),
        fields_max_(fields_max),
        head_(head) {}

  std::uint32_t Offset(const char* at) const { return static_cast<std::uint32_t>(at - begin_); }
  Span SinceMark() const { return {head_.mark, Offset(p_) - head_.mark}; }
  void Begin(Stage stage) {
    head_.stage = stage;
    head_.mark = Offset(p_);
  }

  void ReadFieldLines() {
    while (ReadFieldLine()) {
    }
  }

  // Goes to the CR LF that ends a text. `rule` is the rule that a forbidden byte breaks.
  bool FindLineEnd(const char* rule) {
    p_ = SkipValue(p_, end_);
    if (p_ == end_) return self().NeedMore();
    if (*p_ != '\r') return self().Bad(*p_ == '\n' ? kBareLf : Refusal{400, rule});
    if (p_ + 1 == end_) return self().NeedMore();
    return p_[1] == '\n' || self().Bad(kBareCr);
  }

  const char* const begin_;
  const char* p_;
  const char* const end_;
  const std::size_t fields_max_;
  Message& head_;

 private:
  Parser& self() { return static_cast<Parser&>(*this); }

  // One line, or the empty one that ends the head. False: the parser stops.
  bool ReadFieldLine() {
    switch (head_.stage) {
      case Stage::kLineStart:
        if (!StartLine()) return false;
        Begin(Stage::kName);
        [[fallthrough]];
      case Stage::kName:
        if (!ReadName()) return false;
        Begin(Stage::kValue);
        [[fallthrough]];
      default:
        if (!ReadValue()) return false;
        head_.stage = Stage::kLineStart;
        return true;
    }
  }

  bool StartLine() {
    if (p_ == end_) return self().NeedMore();
    if (Is(*p_, kTokenChar)) return head_.fields.size() < fields_max_ || self().TooManyFields();
    switch (*p_) {
      case '\r':
        if (p_ + 1 == end_) return self().NeedMore();
        if (p_[1] != '\n') return self().Bad(kBareCr);
        p_ += 2;
        return self().Finish();
      case '\n':
        return self().Bad(kBareLf);
      case ' ':
      case '\t':  // RFC 9112 sections 2.2 and 5.2
        return self().Bad({400, head_.fields.empty() ? "whitespace before the first field" : "folded field line"});
      case ':':
        return self().Bad({400, "empty field name"});
      default:
        return self().Bad({400, "malformed field name"});
    }
  }

  bool ReadName() {
    p_ = SkipToken(p_, end_);
    if (p_ == end_) return self().NeedMore();
    if (*p_ != ':') return self().Bad(RefuseName(*p_));
    head_.name = SinceMark();
    ++p_;
    return true;
  }

  bool ReadValue() {
    if (!FindLineEnd("control byte in a field value")) return false;
    const std::string_view value = TrimBlanks(SinceMark().In(begin_));
    p_ += 2;
    head_.fields.push_back({head_.name.begin, head_.name.size, Offset(value.data()), static_cast<std::uint32_t>(value.size())});
    return self().Note(value);
  }
};

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_HTTP1_FIELD_LINES_H_
