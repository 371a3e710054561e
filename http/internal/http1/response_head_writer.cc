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
  [[gnu::always_inline]] void AppendAny(std::string_view text) { Append(text); }
  std::size_t Size() const { return size_; }

 private:
  char* begin_;
  std::size_t capacity_;
  std::size_t size_ = 0;
};

// The same where there is room for all that the server itself writes: only what comes from handlers is measured. If that does not fit, it
// is left out, and nothing of the content counts (Full).
class RoomyOutput {
 public:
  // Status line, a guessed type, Date, the fields that frame the body and two about the connection, and the end.
  static constexpr std::size_t kRoom = 256;

  RoomyOutput(char* begin, std::size_t capacity) : at_(begin), last_(Address(begin + capacity - kRoom)) {}

  [[gnu::always_inline]] void Append(std::string_view text) {
    CopyShort(at_, text.data(), text.size());
    at_ += text.size();
  }
  template <std::size_t N>
  [[gnu::always_inline]] void Append(const char (&text)[N]) {
    std::memcpy(at_, text, N - 1);
    at_ += N - 1;
  }
  [[gnu::always_inline]] void AppendNumber(std::uint64_t number) {
    if (number - 10 < 90) {
      const auto pair = static_cast<unsigned>(number);
      at_[0] = static_cast<char>('0' + pair / 10);
      at_[1] = static_cast<char>('0' + pair % 10);
      at_ += 2;
      return;
    }
    at_ = WithNumber(at_, number);
  }
  [[gnu::always_inline]] void AppendField(const Fields::Field& field) {
    if (!Fits(field.name.size() + field.value.size() + 4)) [[unlikely]] return;
    Append(field.name);
    Append(": ");
    Append(field.value);
    Append("\r\n");
  }
  // Of any size.
  [[gnu::always_inline]] void AppendAny(std::string_view text) {
    if (Fits(text.size())) Append(text);
  }
  bool Full() const { return last_ == 0; }
  char* End() const { return at_; }

 private:
  static std::uintptr_t Address(const char* at) { return reinterpret_cast<std::uintptr_t>(at); }
  [[gnu::always_inline]] bool Fits(std::size_t size) {
    if (Address(at_) + size <= last_) [[likely]] return true;
    last_ = 0;  // nor does anything after it
    return false;
  }
  [[gnu::noinline]] static char* WithNumber(char* at, std::uint64_t number) {
    constexpr std::size_t kDigitsMax = 20;
    Output digits(at, kDigitsMax);
    digits.AppendDigits(number);
    return at + digits.Size();
  }

  char* at_;
  std::uintptr_t last_;  // where something measured may end; 0: something did not fit
};

// RFC 9112 section 4: the version is our own, whatever the request's; the phrase may be empty, its space not.
template <class Output>
[[gnu::noinline]] Output WithStatusLine(Output out, int status) {
  out.Append("HTTP/1.1 ");
  out.AppendNumber(static_cast<std::uint64_t>(status));
  out.Append(" ");
  out.Append(ReasonPhrase(status));
  out.Append("\r\n");
  return out;
}

template <class Output>
[[gnu::always_inline]] inline void AppendStatusLine(Output& out, int status) {
  if (status == 200) return out.Append("HTTP/1.1 200 OK\r\n");
  out = WithStatusLine(out, status);
}

// What was among the fields of a handler. Bits of one number, which stays in a register.
enum : unsigned {
  kSeenDate = 1,
  kSeenType = 2,  // or Content-Encoding, with which the bytes say nothing about the type
  kSeenUpgrade = 4,
  kSeenUpgradeOption = 8,
};

// The options of a handler's Connection field that the server does not decide, such as upgrade.
template <class Output>
[[gnu::noinline]] Output WithConnectionOptions(Output out, std::string_view value) {
  bool any = false;
  ForEachElement(value, [&](std::string_view option) {
    if (EqualsIgnoreCase(option, "close") || EqualsIgnoreCase(option, "keep-alive")) return true;
    out.AppendAny(any ? ", " : "Connection: ");
    out.AppendAny(option);
    any = true;
    return true;
  });
  if (any) out.AppendAny("\r\n");
  return out;
}

[[gnu::noinline]] bool HasUpgradeOption(std::string_view value) {
  return !ForEachElement(value, [](std::string_view option) { return !EqualsIgnoreCase(option, "upgrade"); });
}

template <class Output>
[[gnu::noinline]] Output WithTypeOf(Output out, std::string_view body) {
  out.AppendField({"Content-Type", SniffContentType(body)});
  return out;
}

template <class Output>
[[gnu::always_inline]] inline void AppendHandlersField(Output& out, const Fields::Field& field, bool interim, unsigned& seen) {
  const std::string_view name = field.name;
  switch (name.size()) {
    case 4:
      if (!NameIs(name.data(), "date")) break;
      seen |= kSeenDate;
      if (field.value.empty()) return;
      break;
    case 7:
      if (!NameIs(name.data(), "upgrade")) break;
      if (interim || field.value.empty()) return;
      seen |= kSeenUpgrade;
      break;
    case 10:
      if (!NameIs(name.data(), "connection")) break;
      if (interim) return;
      if (HasUpgradeOption(field.value)) seen |= kSeenUpgradeOption;
      out = WithConnectionOptions(out, field.value);
      return;
    case 12:
      if (!NameIs(name.data(), "content-type")) break;
      seen |= kSeenType;
      if (field.value.empty()) return;
      break;
    case 14:
      if (NameIs(name.data(), "content-length")) return;
      break;
    case 16:
      if (NameIs(name.data(), "content-encoding")) seen |= kSeenType;
      break;
    case 17:
      if (NameIs(name.data(), "transfer-encoding")) return;
      break;
    default:
      break;
  }
  out.AppendField(field);
}

template <class Output>
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

template <class Output>
[[gnu::always_inline]] inline void AppendDate(Output& output, std::string_view line) {
  if (line.size() == DateCache::kLineSize) return output.Append({line.data(), DateCache::kLineSize});
  output.AppendAny(line);
}

template <class Output>
[[gnu::always_inline]] inline void AppendHead(Output& output, const ResponseHead& head) {
  AppendStatusLine(output, head.status);
  const bool interim = head.status < 200 && head.status != 101;
  unsigned seen = 0;
  if (head.fields != nullptr) {
    for (const Fields::Field& field : *head.fields) AppendHandlersField(output, field, interim, seen);
  }
  if (!interim) {
    if ((seen & kSeenType) == 0 && !head.body.empty()) [[unlikely]] output = WithTypeOf(output, head.body);
    // RFC 9110 section 7.8: it applies to this connection only, and a proxy in between removes it if Connection names it.
    if ((seen & (kSeenUpgrade | kSeenUpgradeOption)) == kSeenUpgrade) output.Append("Connection: Upgrade\r\n");
    if ((seen & kSeenDate) == 0) AppendDate(output, head.date_line);
    AppendFraming(output, head.framing, head.version_minor);
  }
  output.Append("\r\n");
}

[[gnu::noinline]] std::size_t WriteMeasuredHead(char* out, std::size_t capacity, const ResponseHead& head) {
  Output output(out, capacity);
  AppendHead(output, head);
  return output.Size();
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
  if (capacity >= RoomyOutput::kRoom) [[likely]] {
    RoomyOutput output(out, capacity);
    AppendHead(output, head);
    if (!output.Full()) [[likely]] return static_cast<std::size_t>(output.End() - out);
  }
  return WriteMeasuredHead(out, capacity, head);
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
