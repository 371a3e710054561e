// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http1/head_parser.h>

#include <algorithm>
#include <cstring>

#include <weft/http/internal/http1/field_lines.h>
#include <weft/http/internal/http1/field_rules.h>
#include <weft/http/internal/http1/target.h>
#include <weft/http/internal/scan.h>
#include <weft/http/internal/text.h>

namespace weft::internal {
namespace {

constexpr std::uint8_t kEmptyLinesMax = 4;  // RFC 9112 section 2.2 asks for at least one
constexpr std::uint32_t kMethodBytesMax = 32;
constexpr Refusal kTargetTooLong{414, "request target too long"};

class RequestParser final : private FieldLines<RequestParser, Head> {
 public:
  RequestParser(std::string_view bytes, const HeadLimits& limits, Head& head)
      : FieldLines(bytes, limits.head_bytes, limits.fields, head), limits_(limits) {}

  HeadResult Run() {
    if (head_.stage > Head::Stage::kVersion || ReadRequestLine()) ReadFieldLines();
    return result_;
  }

 private:
  friend class FieldLines<RequestParser, Head>;
  using Verdict = HeadResult::Verdict;

  // Both return false: the parser stops here.
  bool Bad(Refusal refusal) {
    result_.verdict = Verdict::kBad;
    result_.status = refusal.status;
    result_.reason = refusal.reason;
    return false;
  }
  bool NeedMore() {
    head_.position = Offset(p_);
    if (Offset(end_) >= limits_.head_bytes) {
      return Bad(head_.stage == Stage::kTarget ? kTargetTooLong : Refusal{431, "request head too large"});
    }
    if (head_.stage == Stage::kEmptyLines) result_.consumed = head_.position;
    return false;
  }
  bool TooManyFields() { return Bad({431, "too many fields"}); }

  // Where a piece that began at the mark has to end.
  const char* Limit(std::uint32_t size) const {
    return begin_ + std::min<std::uint64_t>(static_cast<std::uint64_t>(end_ - begin_), std::uint64_t{head_.mark} + size);
  }

  bool ReadRequestLine() {
    switch (head_.stage) {
      case Stage::kEmptyLines:
        if (!SkipEmptyLines()) return false;
        Begin(Stage::kMethod);
        [[fallthrough]];
      case Stage::kMethod:
        if (!ReadMethod()) return false;
        Begin(Stage::kTarget);
        [[fallthrough]];
      case Stage::kTarget:
        if (!ReadTarget()) return false;
        Begin(Stage::kVersion);
        [[fallthrough]];
      default:
        if (!ReadVersion()) return false;
        head_.stage = Stage::kLineStart;
    }
    if (const Refusal refusal = ReadTargetForm(begin_, head_)) return Bad(refusal);
    return true;
  }

  // RFC 9112 section 2.2: empty lines before the request line are ignored; some clients send one after a body.
  bool SkipEmptyLines() {
    for (; p_ != end_ && *p_ == '\r'; p_ += 2) {
      if (p_ + 1 == end_) return NeedMore();
      if (p_[1] != '\n') return Bad(kBareCr);
      if (++head_.empty_lines > kEmptyLinesMax) return Bad({400, "too many empty lines before the request"});
    }
    return p_ != end_ || NeedMore();
  }

  // RFC 9112 section 3.1; a method longer than any known one is 501 (section 3).
  bool ReadMethod() {
    const char* const limit = Limit(kMethodBytesMax);
    p_ = SkipToken(p_, limit);
    if (p_ == end_) return NeedMore();
    const Span method = SinceMark();
    if (*p_ != ' ' || method.size == 0) {
      if (*p_ == '\n') return Bad(kBareLf);
      if (Is(*p_, kTokenChar)) return Bad({501, "method too long"});
      return Bad({400, "malformed method"});
    }
    const std::string_view text = method.In(begin_);
    head_.method = method;
    head_.is_head = text == "HEAD";
    head_.is_connect = text == "CONNECT";
    ++p_;
    return true;
  }

  // RFC 9112 section 3.2; the forms are distinguished once the line is complete.
  bool ReadTarget() {
    const char* const limit = Limit(limits_.target_bytes);
    for (; p_ != limit; ++p_) {
      if (Is(*p_, kPlainTargetChar)) continue;
      if (*p_ == '?' && !head_.has_query) {
        head_.has_query = true;
        head_.query.begin = Offset(p_) + 1;
      } else if (*p_ == '%' && !head_.has_query) {
        head_.path_escaped = true;
      } else if (!Is(*p_, kTargetChar)) {
        break;
      }
    }
    if (p_ == end_) return NeedMore();
    head_.target = SinceMark();
    if (*p_ != ' ' || head_.target.size == 0) {
      if (*p_ == '\n') return Bad(kBareLf);
      if (Is(*p_, kTargetChar)) return Bad(kTargetTooLong);
      return Bad({400, "malformed request target"});
    }
    ++p_;
    return true;
  }

  // RFC 9112 section 2.3: HTTP-version is case-sensitive and has one digit on each side.
  bool ReadVersion() {
    constexpr std::string_view kUsual = "HTTP/1.1\r\n";
    if (static_cast<std::size_t>(end_ - p_) >= kUsual.size() && std::memcmp(p_, kUsual.data(), kUsual.size()) == 0) {
      p_ += kUsual.size();
      return true;
    }
    constexpr std::string_view kPattern = "HTTP/0.0\r\n";  // 0 stands for a digit
    for (std::size_t i = 0; i < kPattern.size(); ++i) {
      if (p_ + i == end_) return NeedMore();
      if (kPattern[i] == '0' ? Is(p_[i], kDigitChar) : p_[i] == kPattern[i]) continue;
      if (p_[i] == '\n') return Bad(kBareLf);
      if (i == 9) return Bad(kBareCr);
      return Bad({400, "malformed HTTP version"});
    }
    if (p_[5] != '1') return Bad({505, "HTTP version not supported"});
    head_.version_minor = p_[7] == '0' ? 0 : 1;
    p_ += kPattern.size();
    return true;
  }

  bool Note(std::string_view) {
    const Refusal refusal = NoteField(begin_, head_.fields.back(), head_);
    return !refusal || Bad(refusal);
  }

  bool Finish() {
    if (const Refusal refusal = CheckHead(head_)) return Bad(refusal);
    result_.verdict = Verdict::kDone;
    result_.consumed = Offset(p_);
    return false;
  }

  const HeadLimits& limits_;
  HeadResult result_;
};

}  // namespace

HeadResult ParseHeadInSteps(std::string_view bytes, const HeadLimits& limits, Head& out) { return RequestParser(bytes, limits, out).Run(); }

}  // namespace weft::internal
