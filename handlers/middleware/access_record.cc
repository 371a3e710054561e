// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/access_record.h>

#include <charconv>
#include <cstdio>
#include <ctime>
#include <iterator>

#include <weft/handlers/internal/json_string.h>
#include <weft/handlers/middleware/internal/peer_text.h>

namespace weft {
namespace {

// Nothing that a client sends may forge a line.
void AppendEscaped(std::string_view text, std::string& line) {
  constexpr char kHex[] = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\') {
      line += c;
    } else {
      line += {'\\', 'x', kHex[byte / 16], kHex[byte % 16]};
    }
  }
}

// For a field without quotes, which a blank would end.
void AppendWord(std::string_view text, std::string& line) {
  if (text.empty()) text = "-";
  for (std::size_t blank; (blank = text.find(' ')) != text.npos; text.remove_prefix(blank + 1)) {
    AppendEscaped(text.substr(0, blank), line);
    line += "\\x20";
  }
  AppendEscaped(text, line);
}

void AppendQuoted(std::string_view text, std::string& line) {
  line += " \"";
  AppendEscaped(text.empty() ? "-" : text, line);
  line += '"';
}

std::string_view Cut(std::string_view target, bool query) {
  return query ? target : target.substr(0, target.find('?'));
}

std::string Version(const AccessRecord& record) {
  return std::to_string(record.version.first) + '.' + std::to_string(record.version.second);
}

std::string Milliseconds(Duration duration) {
  char text[48];
  const double ms = std::chrono::duration<double, std::milli>(duration).count();
  return {text, std::to_chars(text, std::end(text), ms, std::chars_format::fixed, 3).ptr};  // in any locale
}

std::tm Utc(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return parts;
}

// "29/Nov/2026:10:23:11 +0000", whatever the locale.
std::string CommonTime(std::chrono::system_clock::time_point time) {
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::tm utc = Utc(time);
  char text[64];
  std::snprintf(text, sizeof text, "%02d/%s/%d:%02d:%02d:%02d +0000", utc.tm_mday,
                kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return text;
}

// "2026-11-29T10:23:11.042Z" (RFC 3339).
std::string JsonTime(std::chrono::system_clock::time_point time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time - whole).count();
  const std::tm utc = Utc(whole);
  char text[80];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900,
                utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                static_cast<int>(ms));
  return text;
}

void AppendRequestLine(const AccessRecord& record, bool query, std::string& line) {
  line += " \"";
  AppendEscaped(record.method, line);
  line += ' ';
  AppendEscaped(Cut(record.target, query), line);
  line += " HTTP/" + Version(record) + "\" " + std::to_string(record.status) + ' ' +
          std::to_string(record.bytes);
}

std::string FormatText(const AccessRecord& record, bool query) {
  std::string line;
  AppendWord(record.peer, line);
  AppendRequestLine(record, query, line);
  line += ' ' + Milliseconds(record.duration) + "ms";
  if (record.aborted) line += " aborted";
  if (record.error) {
    line += record.aborted ? ": " : " ";
    AppendEscaped(record.error.Message(), line);
  }
  return line;
}

std::string FormatCommon(const AccessRecord& record, bool query, bool combined) {
  std::string line;
  const std::string_view address = internal::AddressOfPeer(record.peer);
  AppendWord(address, line);
  line += " - ";
  AppendWord(record.user, line);
  line += " [" + CommonTime(record.time) + ']';
  AppendRequestLine(record, query, line);
  if (combined) {
    AppendQuoted(Cut(record.referer, query), line);
    AppendQuoted(record.user_agent, line);
  }
  return line;
}

std::string FormatJson(const AccessRecord& record, bool query) {
  std::string json = "{";
  const auto name = [&json](std::string_view text) {
    json.append(json.size() > 1 ? ",\"" : "\"").append(text).append("\":");
  };
  const auto add = [&](std::string_view what, std::string_view text) {
    if (text.empty()) return;
    name(what);
    internal::AppendJsonString(text, json);
  };
  const auto add_bare = [&](std::string_view what, std::string_view value) {
    name(what);
    json += value;
  };
  add("time", JsonTime(record.time));
  add("id", record.id);
  add("peer", record.peer);
  add("method", record.method);
  add("target", Cut(record.target, query));
  add("host", record.host);
  add("route", record.pattern);
  add("version", Version(record));
  add_bare("status", std::to_string(record.status));
  add_bare("bytes", std::to_string(record.bytes));
  add_bare("ms", Milliseconds(record.duration));
  add("user", record.user);
  add("referer", Cut(record.referer, query));
  add("user_agent", record.user_agent);
  if (record.aborted) add_bare("aborted", "true");
  if (record.error) add("error", record.error.Message());
  return json += '}';
}

}  // namespace

std::string FormatAccessRecord(const AccessRecord& record, AccessFormat format, bool query) {
  switch (format) {
    case AccessFormat::kCommon:
      return FormatCommon(record, query, false);
    case AccessFormat::kCombined:
      return FormatCommon(record, query, true);
    case AccessFormat::kJson:
      return FormatJson(record, query);
    case AccessFormat::kText:
      break;
  }
  return FormatText(record, query);
}

}  // namespace weft
