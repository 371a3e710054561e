// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http1/response_parser.h>

#include <algorithm>
#include <cstring>

#include <weft/http/internal/content_length.h>
#include <weft/http/internal/http1/field_rules.h>
#include <weft/http/internal/scan.h>
#include <weft/http/internal/text.h>

namespace weft::internal {
namespace {

// RFC 9112 section 6.3, rule 5. Equal values could be merged; one who sends two may mean either.
const char* NoteLength(std::string_view value, ReceivedResponse& response) {
  if (response.has_content_length) return "more than one Content-Length";
  const auto length = ParseLength(value);
  if (!length) return "malformed Content-Length";
  response.has_content_length = true;
  response.content_length = *length;
  return nullptr;
}

// RFC 9112 sections 6.1 and 7. We ask for no other coding (no TE), so none may come.
const char* NoteCoding(std::string_view value, ReceivedResponse& response) {
  if (response.has_transfer_encoding) return "more than one Transfer-Encoding";
  response.has_transfer_encoding = true;
  if (!EqualsIgnoreCase(value, "chunked")) return "unknown transfer coding";
  response.chunked = true;
  return nullptr;
}

// RFC 9110 section 7.6.1.
const char* NoteOptions(std::string_view value, ReceivedResponse& response) {
  const bool well_formed = ForEachElement(value, [&response](std::string_view option) {
    if (EqualsIgnoreCase(option, "close")) {
      response.connection_close = true;
    } else if (EqualsIgnoreCase(option, "keep-alive")) {
      response.connection_keep_alive = true;
    } else if (EqualsIgnoreCase(option, "upgrade")) {
      response.connection_upgrade = true;
    } else {
      return AllAre(option, kTokenChar);
    }
    return true;
  });
  return well_formed ? nullptr : "malformed Connection";
}

const char* NoteResponseField(std::string_view name, std::string_view value, ReceivedResponse& response) {
  switch (name.size()) {
    case 7:
      if (NameIs(name.data(), "upgrade")) response.has_upgrade = true;
      return nullptr;
    case 10:
      return NameIs(name.data(), "connection") ? NoteOptions(value, response) : nullptr;
    case 14:
      return NameIs(name.data(), "content-length") ? NoteLength(value, response) : nullptr;
    case 17:
      return NameIs(name.data(), "transfer-encoding") ? NoteCoding(value, response) : nullptr;
    default:
      return nullptr;
  }
}

// Goes over the bytes once, from left to right. Every rejection rests on bytes up to and with the one that is looked at, never on how many are
// there.
class Parser {
 public:
  Parser(std::string_view bytes, const ResponseLimits& limits, ReceivedResponse& head)
      : begin_(bytes.data()),
        p_(bytes.data() + head.position),
        end_(bytes.data() + std::min<std::size_t>(bytes.size(), limits.head_bytes)),
        limits_(limits),
        head_(head) {}

  ResponseResult Run() {
    if (head_.stage > Stage::kReason || ReadStatusLine()) {
      while (ReadFieldLine()) {
      }
    }
    return result_;
  }

 private:
  using Stage = ReceivedResponse::Stage;
  using Verdict = ResponseResult::Verdict;

  // All of these return false: the parser stops here.
  bool Bad(const char* reason) {
    result_.verdict = Verdict::kBad;
    result_.reason = reason;
    return false;
  }
  bool TooLarge(const char* reason) {
    result_.verdict = Verdict::kTooLarge;
    result_.reason = reason;
    return false;
  }
  bool NeedMore() {
    head_.position = Offset(p_);
    return Offset(end_) >= limits_.head_bytes && TooLarge("response head too large");
  }

  std::uint32_t Offset(const char* at) const { return static_cast<std::uint32_t>(at - begin_); }
  std::size_t Left() const { return static_cast<std::size_t>(end_ - p_); }
  Span SinceMark() const { return {head_.mark, Offset(p_) - head_.mark}; }
  void Start(Stage stage) {
    head_.stage = stage;
    head_.mark = Offset(p_);
  }

  // RFC 9112 section 4.
  bool ReadStatusLine() {
    constexpr std::string_view kUsual = "HTTP/1.1 200 OK\r\n";
    if (p_ == begin_ && Left() >= kUsual.size() && std::memcmp(p_, kUsual.data(), kUsual.size()) == 0) {
      head_.status = 200;
      p_ += kUsual.size();
      head_.stage = Stage::kLineStart;
      return true;
    }
    switch (head_.stage) {
      case Stage::kVersion:
        if (!ReadVersion()) return false;
        Start(Stage::kStatus);
        [[fallthrough]];
      case Stage::kStatus:
        if (!ReadStatus()) return false;
        Start(Stage::kReason);
        [[fallthrough]];
      default:
        if (!EndLine("control byte in the reason phrase")) return false;
        head_.stage = Stage::kLineStart;
        return true;
    }
  }

  bool ReadVersion() {
    constexpr std::string_view kPattern = "HTTP/0.0 ";  // 0 stands for a digit
    for (std::size_t i = 0; i < kPattern.size(); ++i) {
      if (p_ + i == end_) return NeedMore();
      if (kPattern[i] == '0' ? Is(p_[i], kDigitChar) : p_[i] == kPattern[i]) continue;
      return Bad(i < 5 ? "not HTTP" : "malformed HTTP version");
    }
    if (p_[5] != '1') return Bad("HTTP version not supported");
    head_.version_minor = p_[7] == '0' ? 0 : 1;
    p_ += kPattern.size();
    return true;
  }

  bool ReadStatus() {
    for (std::size_t i = 0; i < 3; ++i) {
      if (p_ + i == end_) return NeedMore();
      if (!Is(p_[i], kDigitChar) || (i == 0 && p_[i] == '0')) return Bad("malformed status");
    }
    if (p_ + 3 == end_) return NeedMore();
    if (p_[3] != ' ' && p_[3] != '\r') return Bad(p_[3] == '\n' ? kBareLf.reason : "malformed status");
    head_.status = (p_[0] - '0') * 100 + (p_[1] - '0') * 10 + (p_[2] - '0');
    p_ += p_[3] == ' ' ? 4 : 3;
    return true;
  }

  // Text up to and with CR LF.
  bool EndLine(const char* rule) {
    p_ = SkipValue(p_, end_);
    if (p_ == end_) return NeedMore();
    if (*p_ != '\r') return Bad(*p_ == '\n' ? kBareLf.reason : rule);
    if (p_ + 1 == end_) return NeedMore();
    if (p_[1] != '\n') return Bad(kBareCr.reason);
    p_ += 2;
    return true;
  }

  // One field line (RFC 9112 section 5), or the empty line that ends the head. False: the parser stops.
  bool ReadFieldLine() {
    switch (head_.stage) {
      case Stage::kLineStart:
        if (!StartLine()) return false;
        Start(Stage::kName);
        [[fallthrough]];
      case Stage::kName:
        if (!ReadName()) return false;
        Start(Stage::kValue);
        [[fallthrough]];
      default:
        if (!ReadValue()) return false;
        head_.stage = Stage::kLineStart;
        return true;
    }
  }

  bool StartLine() {
    if (p_ == end_) return NeedMore();
    if (Is(*p_, kTokenChar)) return head_.fields.size() < limits_.fields || TooLarge("too many fields");
    switch (*p_) {
      case '\r':
        if (p_ + 1 == end_) return NeedMore();
        return p_[1] == '\n' ? Finish() : Bad(kBareCr.reason);
      case '\n':
        return Bad(kBareLf.reason);
      case ' ':
      case '\t':  // RFC 9112 sections 2.2 and 5.2
        return Bad(head_.fields.empty() ? "whitespace before the first field" : "folded field line");
      case ':':
        return Bad("empty field name");
      default:
        return Bad("malformed field name");
    }
  }

  bool ReadName() {
    p_ = SkipToken(p_, end_);
    if (p_ == end_) return NeedMore();
    if (*p_ != ':') return Bad(RefuseName(*p_).reason);
    head_.name = SinceMark();
    ++p_;
    return true;
  }

  bool ReadValue() {
    if (!EndLine("control byte in a field value")) return false;
    const std::string_view name = head_.name.In(begin_);
    const std::string_view value =
        TrimBlanks({begin_ + head_.mark, static_cast<std::size_t>(p_ - 2 - (begin_ + head_.mark))});
    head_.fields.push_back({head_.name.begin, head_.name.size, Offset(value.data()), static_cast<std::uint32_t>(value.size())});
    const char* const wrong = NoteResponseField(name, value, head_);
    return wrong == nullptr || Bad(wrong);
  }

  // RFC 9112 sections 6.1 and 11.1: a length that two could read differently.
  bool Finish() {
    if (head_.has_transfer_encoding && head_.version_minor == 0) return Bad("Transfer-Encoding in HTTP/1.0");
    if (head_.has_transfer_encoding && head_.has_content_length) return Bad("Content-Length beside Transfer-Encoding");
    p_ += 2;
    result_.verdict = Verdict::kDone;
    result_.consumed = Offset(p_);
    return false;
  }

  const char* const begin_;
  const char* p_;
  const char* const end_;
  const ResponseLimits& limits_;
  ReceivedResponse& head_;
  ResponseResult result_;
};

}  // namespace

ResponseResult ParseResponseHead(std::string_view bytes, const ResponseLimits& limits, ReceivedResponse& out) {
  return Parser(bytes, limits, out).Run();
}

}  // namespace weft::internal
