// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http1/response_head_writer.h>

#include <cstring>

#include <weft/http/internal/char_class.h>
#include <weft/http/internal/copy_short.h>
#include <weft/http/internal/http1/field_rules.h>
#include <weft/http/internal/sniff.h>
#include <weft/http/internal/text.h>
#include <weft/http/status.h>

namespace weft::internal {
namespace {

// Counts everything that is appended, and keeps what fits. Its functions are inlined, and those that are not take a copy and return
// it, so that it stays in registers.
class Output {
 public:
  Output(char* begin, std::size_t capacity) : begin_(begin), capacity_(capacity) {}

  [[gnu::always_inline]] void Append(std::string_view text) {
    if (size_ + text.size() <= capacity_) CopyShort(begin_ + size_, text.data(), text.size());
    size_ += text.size();
  }
  // A literal: its size is known, and its bytes become constants of the code.
  template <std::size_t N>
  [[gnu::always_inline]] void Append(const char (&text)[N]) {
    if (size_ + N - 1 <= capacity_) std::memcpy(begin_ + size_, text, N - 1);
    size_ += N - 1;
  }
  [[gnu::always_inline]] void AppendNumber(std::uint64_t number) {
    if (number - 10 < 90 && size_ + 2 <= capacity_) {  // the length of many a body, without a loop
      const auto pair = static_cast<unsigned>(number);
      begin_[size_] = static_cast<char>('0' + pair / 10);
      begin_[size_ + 1] = static_cast<char>('0' + pair % 10);
      size_ += 2;
      return;
    }
    *this = WithNumber(*this, number);
  }
  [[gnu::noinline]] static Output WithNumber(Output out, std::uint64_t number) {
    out.AppendDigits(number);
    return out;
  }
  void AppendDigits(std::uint64_t number) {
    std::size_t digits = 1;
    for (std::uint64_t rest = number; rest >= 10; rest /= 10) ++digits;
    size_ += digits;
    if (size_ > capacity_) return;
    char* p = begin_ + size_;
    for (; digits != 0; --digits, number /= 10) *--p = static_cast<char>('0' + number % 10);
  }
  [[gnu::always_inline]] void AppendField(const Fields::Field& field) {
    const std::size_t size = field.name.size() + field.value.size() + 4;
    if (size_ + size <= capacity_) {
      char* p = begin_ + size_;
      CopyShort(p, field.name.data(), field.name.size());
      p += field.name.size();
      *p++ = ':';
      *p++ = ' ';
      CopyShort(p, field.value.data(), field.value.size());
      p += field.value.size();
      *p++ = '\r';
      *p++ = '\n';
    }
    size_ += size;
  }
  std::size_t Size() const { return size_; }

 private:
  char* begin_;
  std::size_t capacity_;
  std::size_t size_ = 0;
};

// RFC 9112 section 4: the version is our own, whatever the request's; the phrase may be empty, its space not.
[[gnu::noinline]] Output WithStatusLine(Output out, int status) {
  out.Append("HTTP/1.1 ");
  out.AppendNumber(static_cast<std::uint64_t>(status));
  out.Append(" ");
  out.Append(ReasonPhrase(status));
  out.Append("\r\n");
  return out;
}

[[gnu::always_inline]] inline void AppendStatusLine(Output& out, int status) {
  if (status == 200) return out.Append("HTTP/1.1 200 OK\r\n");
  out = WithStatusLine(out, status);
}

struct Seen {
  bool date = false;
  bool content_type = false;  // or Content-Encoding, with which the bytes say nothing about the type
  bool upgrade = false;
  bool upgrade_option = false;
};

// The options of a handler's Connection field that the server does not decide, such as upgrade.
[[gnu::noinline]] Output WithConnectionOptions(Output out, std::string_view value, Seen& seen) {
  bool any = false;
  ForEachElement(value, [&](std::string_view option) {
    if (EqualsIgnoreCase(option, "close") || EqualsIgnoreCase(option, "keep-alive")) return true;
    seen.upgrade_option = seen.upgrade_option || EqualsIgnoreCase(option, "upgrade");
    out.Append(any ? ", " : "Connection: ");
    out.Append(option);
    any = true;
    return true;
  });
  if (any) out.Append("\r\n");
  return out;
}

[[gnu::noinline]] Output WithTypeOf(Output out, std::string_view body) {
  out.AppendField({"Content-Type", SniffContentType(body)});
  return out;
}

[[gnu::always_inline]] inline void AppendHandlersField(Output& out, const Fields::Field& field, bool interim, Seen& seen) {
  const std::string_view name = field.name;
  switch (name.size()) {
    case 4:
      if (!NameIs(name.data(), "date")) break;
      seen.date = true;
      if (field.value.empty()) return;
      break;
    case 7:
      if (!NameIs(name.data(), "upgrade")) break;
      if (interim || field.value.empty()) return;
      seen.upgrade = true;
      break;
    case 10:
      if (!NameIs(name.data(), "connection")) break;
      if (!interim) out = WithConnectionOptions(out, field.value, seen);
      return;
    case 12:
      if (!NameIs(name.data(), "content-type")) break;
      seen.content_type = true;
      if (field.value.empty()) return;
      break;
    case 14:
      if (NameIs(name.data(), "content-length")) return;
      break;
    case 16:
      seen.content_type = seen.content_type || NameIs(name.data(), "content-encoding");
      break;
    case 17:
      if (NameIs(name.data(), "transfer-encoding")) return;
      break;
    default:
      break;
  }
  out.AppendField(field);
}

[[gnu::always_inline]] inline void AppendFraming(Output& out, const ResponseFraming& framing, std::uint8_t version_minor) {
  if (framing.send_length) {
    out.Append("Content-Length: ");
    out.AppendNumber(framing.length);
    out.Append("\r\n");
  } else if (framing.kind == BodyKind::kChunked) {
    out.Append("Transfer-Encoding: chunked\r\n");
  }
  if (!framing.keep_alive) {
    out.Append("Connection: close\r\n");
  } else if (version_minor == 0) {
    out.Append("Connection: keep-alive\r\n");
  }
}

void AppendErrorHead(Output& output, const ErrorResponse& response, std::size_t length) {
  AppendStatusLine(output, response.status);
  output.Append("Content-Type: ");
  output.Append(response.content_type);
  output.Append("\r\nContent-Length: ");
  output.AppendNumber(length);
  output.Append("\r\n");
  output.Append(response.date_line);
  if (response.retry_after > 0) {
    output.Append("Retry-After: ");
    output.AppendNumber(static_cast<std::uint64_t>(response.retry_after));
    output.Append("\r\n");
  }
  output.Append("Connection: close\r\n\r\n");
}

}  // namespace

void DateCache::Format(std::time_t now) {
  std::tm utc;
  gmtime_r(&now, &utc);
  // Not strftime: the names are English in every locale (RFC 9110 section 5.6.7).
  constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  std::memcpy(line_, "Date: Ddd, 00 Mmm 0000 00:00:00 GMT\r\n", kLineSize);
  kDays.copy(line_ + 6, 3, static_cast<std::size_t>(utc.tm_wday) * 3);
  kMonths.copy(line_ + 14, 3, static_cast<std::size_t>(utc.tm_mon) * 3);
  const auto two = [this](std::size_t at, int value) {
    line_[at] = static_cast<char>('0' + value / 10);
    line_[at + 1] = static_cast<char>('0' + value % 10);
  };
  two(11, utc.tm_mday);
  two(18, (utc.tm_year + 1900) / 100);
  two(20, (utc.tm_year + 1900) % 100);
  two(23, utc.tm_hour);
  two(26, utc.tm_min);
  two(29, utc.tm_sec);
  second_ = now;
}

std::size_t WriteResponseHead(char* out, std::size_t capacity, const ResponseHead& head) {
  Output output(out, capacity);
  AppendStatusLine(output, head.status);
  const bool interim = head.status < 200 && head.status != 101;
  Seen seen;
  if (head.fields != nullptr) {
    for (const Fields::Field& field : *head.fields) AppendHandlersField(output, field, interim, seen);
  }
  if (!interim) {
    if (!seen.content_type && !head.body.empty()) [[unlikely]] output = WithTypeOf(output, head.body);
    // RFC 9110 section 7.8: it applies to this connection only, and a proxy in between removes it if Connection names it.
    if (seen.upgrade && !seen.upgrade_option) output.Append("Connection: Upgrade\r\n");
    if (!seen.date) output.Append(head.date_line);
    AppendFraming(output, head.framing, head.version_minor);
  }
  output.Append("\r\n");
  return output.Size();
}

std::size_t WriteErrorResponse(char* out, std::size_t capacity, const ErrorResponse& response) {
  Output output(out, capacity);
  AppendErrorHead(output, response, response.body.size());
  if (!response.method_is_head) output.Append(response.body);
  return output.Size();
}

std::size_t WriteSimpleError(char* out, std::size_t capacity, int status, std::string_view reason,
                             std::string_view date_line, int retry_after, bool head_only) {
  const std::string_view phrase = ReasonPhrase(status);
  const std::string_view separator = reason.empty() ? "" : ": ";
  Output output(out, capacity);
  AppendErrorHead(output, {status, "text/plain; charset=utf-8", {}, date_line, retry_after},
                  3 + 1 + phrase.size() + separator.size() + reason.size() + 1);
  if (head_only) return output.Size();
  output.AppendNumber(static_cast<std::uint64_t>(status));
  output.Append(" ");
  output.Append(phrase);
  output.Append(separator);
  output.Append(reason);
  output.Append("\n");
  return output.Size();
}

char* WriteChunkHeaderBefore(char* data, std::uint64_t size) {
  *--data = '\n';
  *--data = '\r';
  for (; size != 0; size >>= 4) *--data = "0123456789abcdef"[size & 0xF];
  return data;
}

std::size_t WriteLastChunk(char* out, std::size_t capacity, const Fields& trailers) {
  Output output(out, capacity);
  output.Append("0\r\n");
  for (const Fields::Field& field : trailers) {
    if (!IsForbiddenTrailer(field.name)) output.AppendField(field);
  }
  output.Append("\r\n");
  return output.Size();
}

}  // namespace weft::internal
