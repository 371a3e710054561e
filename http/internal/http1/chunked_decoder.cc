// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http1/chunked_decoder.h>

#include <algorithm>
#include <limits>

#include <weft/http/internal/char_class.h>
#include <weft/http/internal/http1/field_rules.h>
#include <weft/http/internal/http1/refusal.h>
#include <weft/http/internal/scan.h>
#include <weft/http/internal/text.h>

namespace weft::internal {
namespace {

using Step = ChunkedDecoder::Step;
using State = ChunkedDecoder::State;

constexpr Refusal kBadSize{400, "malformed chunk size"};
constexpr Refusal kBadExtension{400, "malformed chunk extension"};
constexpr Refusal kTrailersTooLarge{431, "trailers too large"};

Step Bad(Refusal refusal) { return {State::kBad, 0, {}, refusal.status, refusal.reason}; }

unsigned HexValue(char c) {
  return c <= '9' ? static_cast<unsigned>(c - '0') : static_cast<unsigned>((c | 0x20) - 'a' + 10);
}

// Takes the next line off complete trailer lines; each ends with CR LF and holds no other CR.
std::string_view NextLine(std::string_view& lines) {
  const std::size_t end = lines.find('\r');
  const std::string_view line = lines.substr(0, end);
  lines.remove_prefix(end + 2);
  return line;
}

Refusal CheckTrailer(std::string_view line) {
  const std::size_t colon = static_cast<std::size_t>(SkipToken(line.data(), line.data() + line.size()) - line.data());
  if (line.front() == ' ' || line.front() == '\t') return {400, "folded trailer line"};
  if (colon == 0) return {400, "malformed trailer name"};
  if (colon == line.size()) return {400, "trailer line without a colon"};
  if (line[colon] != ':') return RefuseName(line[colon]);
  if (IsForbiddenTrailer(line.substr(0, colon))) return {400, "field not allowed in trailers"};
  return {};
}

}  // namespace

Step ChunkedDecoder::Next(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (stage_ == Stage::kData) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_remaining_, bytes.size() - at));
      chunk_remaining_ -= size;
      if (chunk_remaining_ == 0) stage_ = Stage::kDataCr;
      return {State::kData, at + size, bytes.substr(at, size)};
    }
    if (stage_ >= Stage::kTrailerStart) return ReadTrailers(bytes, at);
    if (const Refusal refusal = ReadFrameByte(bytes[at])) return Bad(refusal);
    ++at;
  }
  return {State::kNeedMore, at};
}

// RFC 9112 section 7.1: chunk-size [ chunk-ext ] CRLF chunk-data CRLF.
Refusal ChunkedDecoder::ReadFrameByte(char c) {
  switch (stage_) {
    case Stage::kSize:
      if (Is(c, kHexChar)) {
        if (++size_digits_ > kSizeDigitsMax) return {400, "chunk size has too many digits"};
        chunk_remaining_ = chunk_remaining_ << 4 | HexValue(c);
        return {};
      }
      if (size_digits_ == 0) return kBadSize;
      [[fallthrough]];
    case Stage::kSizeBlank:
      // "Bad whitespace" is allowed only before an extension (RFC 9112 section 7.1.1).
      if (c == ';' || IsBlank(c)) return BeforeExtension(c, Stage::kSizeBlank);
      if (c != '\r' || stage_ == Stage::kSizeBlank) return c == '\n' ? kBareLf : kBadSize;
      stage_ = Stage::kSizeLf;
      return {};
    case Stage::kSizeLf:
      return c == '\n' ? EndSizeLine() : kBareCr;
    case Stage::kDataCr:
      stage_ = Stage::kDataLf;
      return c == '\r' ? Refusal{} : Refusal{400, "chunk data without CRLF"};
    case Stage::kDataLf:
      stage_ = Stage::kSize;
      size_digits_ = 0;
      return c == '\n' ? Refusal{} : Refusal{400, "chunk data without CRLF"};
    default:
      return ReadExtensionByte(c);
  }
}

// RFC 9112 section 7.1.1: *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] ), a name being a token and a value a token or a
// quoted-string. A more lenient parser could find the end of the line elsewhere than the proxy in front of it.
Refusal ChunkedDecoder::ReadExtensionByte(char c) {
  if (c == '\n') return kBareLf;
  if (c != '\r' && !Is(c, kValueChar)) return {400, "control byte in a chunk extension"};
  switch (stage_) {
    case Stage::kExtensionBegin:
      if (!IsBlank(c)) return TokenByte(c, Stage::kExtensionName);
      break;
    case Stage::kExtensionName:
      if (Is(c, kTokenChar)) break;
      if (c == '=') {
        stage_ = Stage::kValueBegin;
        break;
      }
      if (!IsBlank(c)) return EndOfExtension(c);
      return BeforeExtension(c, Stage::kNameBlank);
    case Stage::kNameBlank:
      if (IsBlank(c)) break;
      if (c == '=') {
        stage_ = Stage::kValueBegin;
        break;
      }
      return c == ';' ? BeforeExtension(c, Stage::kNameBlank) : kBadExtension;
    case Stage::kValueBegin:
      if (IsBlank(c)) break;
      if (c != '"') return TokenByte(c, Stage::kValueToken);
      stage_ = Stage::kValueQuoted;
      break;
    case Stage::kValueToken:
      if (!Is(c, kTokenChar)) return EndOfExtension(c);
      break;
    case Stage::kValueQuoted:
      if (c == '\r') return kBadExtension;
      if (c == '"') stage_ = Stage::kValueEnd;
      if (c == '\\') stage_ = Stage::kValueEscape;
      break;
    case Stage::kValueEscape:
      if (c == '\r') return kBadExtension;
      stage_ = Stage::kValueQuoted;
      break;
    case Stage::kValueEnd:
      return EndOfExtension(c);
    default:  // kValueBlank
      return c == ';' || IsBlank(c) ? BeforeExtension(c, Stage::kValueBlank) : kBadExtension;
  }
  return CountExtension();
}

Refusal ChunkedDecoder::TokenByte(char c, Stage token) {
  if (!Is(c, kTokenChar)) return kBadExtension;
  stage_ = token;
  return CountExtension();
}

Refusal ChunkedDecoder::EndOfExtension(char c) {
  if (c == ';' || IsBlank(c)) return BeforeExtension(c, Stage::kValueBlank);
  if (c != '\r') return kBadExtension;
  stage_ = Stage::kSizeLf;
  return {};
}

Refusal ChunkedDecoder::BeforeExtension(char c, Stage blank) {
  stage_ = c == ';' ? Stage::kExtensionBegin : blank;
  return CountExtension();
}

Refusal ChunkedDecoder::CountExtension() {
  if (++extension_excess_ <= kExtensionSlack) return {};
  return {400, "chunk extensions too large"};
}

Refusal ChunkedDecoder::EndSizeLine() {
  if (chunk_remaining_ == 0) {
    stage_ = Stage::kTrailerStart;
    return {};
  }
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (chunk_remaining_ > kMax) return {400, "chunk size too large"};
  stage_ = Stage::kData;
  const std::uint64_t earned = chunk_remaining_ / kDataPerExtensionByte;
  extension_excess_ -= static_cast<std::uint32_t>(std::min<std::uint64_t>(extension_excess_, earned));
  return {};
}

// RFC 9112 section 7.1.2. Lines are copied, because they arrive in pieces and outlive the buffer.
Step ChunkedDecoder::ReadTrailers(std::string_view bytes, std::size_t at) {
  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  for (const char* p = begin + at; p != end; ++p) {
    switch (stage_) {
      case Stage::kTrailerStart:
        if (*p == '\r') {
          stage_ = Stage::kEndLf;
          break;
        }
        if (trailer_fields_ == kTrailerFieldsMax) return Bad({431, "too many trailers"});
        trailer_line_ = static_cast<std::uint32_t>(trailers_.size());
        stage_ = Stage::kTrailerLine;
        [[fallthrough]];
      case Stage::kTrailerLine: {
        const char* const stop = SkipValue(p, end);
        // The part that fits is judged before the part that is too long, so that splitting does not change the verdict.
        if (trailers_.size() + static_cast<std::size_t>(stop - p) > kTrailerBytesMax) return Bad(kTrailersTooLarge);
        trailers_.append(p, stop);
        if (stop == end) return {State::kNeedMore, bytes.size()};
        if (*stop == '\n') return Bad(kBareLf);
        if (*stop != '\r') return Bad({400, "control byte in a trailer"});
        p = stop;
        stage_ = Stage::kTrailerLf;
        break;
      }
      case Stage::kTrailerLf:
        if (*p != '\n') return Bad(kBareCr);
        if (const Refusal refusal = CheckTrailer(std::string_view(trailers_).substr(trailer_line_))) return Bad(refusal);
        trailers_ += "\r\n";
        ++trailer_fields_;
        stage_ = Stage::kTrailerStart;
        break;
      default:  // kEndLf
        if (*p != '\n') return Bad(kBareCr);
        stage_ = Stage::kDone;
        return {State::kDone, static_cast<std::size_t>(p + 1 - begin)};
    }
  }
  return {State::kNeedMore, bytes.size()};
}

void ChunkedDecoder::CopyTrailersTo(Fields& out) const {
  std::string_view lines = trailers_;
  while (!lines.empty()) {
    const std::string_view line = NextLine(lines);
    const std::size_t colon = line.find(':');
    out.Add(line.substr(0, colon), TrimBlanks(line.substr(colon + 1)));
  }
}

}  // namespace weft::internal
