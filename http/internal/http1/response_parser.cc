// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http1/response_parser.h>

#include <algorithm>
#include <cstring>

#include <weft/http/internal/content_length.h>
#include <weft/http/internal/http1/field_lines.h>
#include <weft/http/internal/http1/refusal.h>
#include <weft/http/internal/scan.h>
#include <weft/http/internal/text.h>

namespace weft::internal {
namespace {

// RFC 9112 section 6.3, rule 5. Equal values could be merged, but a server that sends two may mean either.
const char* NoteLength(std::string_view value, ReceivedResponse& response) {
  if (response.has_content_length) return "more than one Content-Length";
  const auto length = ParseLength(value);
  if (!length) return "malformed Content-Length";
  response.has_content_length = true;
  response.content_length = *length;
  return nullptr;
}

// RFC 9112 sections 6.1 and 7. We ask for no other coding (no TE), so the server may send none.
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

class ResponseParser final : private FieldLines<ResponseParser, ReceivedResponse> {
 public:
  ResponseParser(std::string_view bytes, const ResponseLimits& limits, ReceivedResponse& head)
      : FieldLines(bytes, limits.head_bytes, limits.fields, head), limits_(limits) {}

  ResponseResult Run() {
    if (head_.stage > Stage::kReason || ReadStatusLine()) ReadFieldLines();
    return result_;
  }

 private:
  friend class FieldLines<ResponseParser, ReceivedResponse>;
  using Verdict = ResponseResult::Verdict;

  // All of these return false: the parser stops here.
  bool Bad(const char* reason) {
    result_.verdict = Verdict::kBad;
    result_.reason = reason;
    return false;
  }
  bool Bad(Refusal refusal) { return Bad(refusal.reason); }
  bool TooLarge(const char* reason) {
    result_.verdict = Verdict::kTooLarge;
    result_.reason = reason;
    return false;
  }
  bool NeedMore() {
    head_.position = Offset(p_);
    return Offset(end_) >= limits_.head_bytes && TooLarge("response head too large");
  }
  bool TooManyFields() { return TooLarge("too many fields"); }

  std::size_t Left() const { return static_cast<std::size_t>(end_ - p_); }

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
        Begin(Stage::kStatus);
        [[fallthrough]];
      case Stage::kStatus:
        if (!ReadStatus()) return false;
        Begin(Stage::kReason);
        [[fallthrough]];
      default:
        if (!FindLineEnd("control byte in the reason phrase")) return false;
        p_ += 2;
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
    if (p_[3] != ' ' && p_[3] != '\r') return Bad(p_[3] == '\n' ? kBareLf : Refusal{400, "malformed status"});
    head_.status = (p_[0] - '0') * 100 + (p_[1] - '0') * 10 + (p_[2] - '0');
    p_ += p_[3] == ' ' ? 4 : 3;
    return true;
  }

  bool Note(std::string_view value) {
    const char* const wrong = NoteResponseField(head_.name.In(begin_), value, head_);
    return wrong == nullptr || Bad(wrong);
  }

  // RFC 9112 sections 6.1 and 11.1: a length that two readers could understand differently.
  bool Finish() {
    if (head_.has_transfer_encoding && head_.version_minor == 0) return Bad("Transfer-Encoding in HTTP/1.0");
    if (head_.has_transfer_encoding && head_.has_content_length) return Bad("Content-Length together with Transfer-Encoding");
    result_.verdict = Verdict::kDone;
    result_.consumed = Offset(p_);
    return false;
  }

  const ResponseLimits& limits_;
  ResponseResult result_;
};

}  // namespace

ResponseResult ParseResponseHead(std::string_view bytes, const ResponseLimits& limits, ReceivedResponse& out) {
  return ResponseParser(bytes, limits, out).Run();
}

}  // namespace weft::internal
