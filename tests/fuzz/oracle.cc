// SPDX-License-Identifier: Apache-2.0
#include "oracle.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <vector>

namespace weft::fuzz {
namespace {

using Text = std::string;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool IsAlpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool All(const Text& text, bool (*is)(char)) { return std::all_of(text.begin(), text.end(), is); }

// RFC 9110 section 5.6.2.
bool IsTokenChar(char c) { return IsDigit(c) || IsAlpha(c) || (c != 0 && Text("!#$%&'*+-.^_`|~").find(c) != Text::npos); }
bool IsToken(const Text& text) { return !text.empty() && All(text, IsTokenChar); }

// RFC 9110 section 5.5, with the blanks between.
bool IsValueChar(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return c == '\t' || (byte >= ' ' && byte != 0x7F);
}

// A target is visible ASCII without what never stands in one (RFC 3986 section 2).
bool IsTargetChar(char c) { return c > ' ' && c < 0x7F && Text("#\"<>").find(c) == Text::npos; }

Text Lower(Text text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

Text Trim(const Text& text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == Text::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::vector<Text> Split(const Text& text, const Text& separator) {
  std::vector<Text> parts;
  std::size_t begin = 0;
  for (std::size_t end; (end = text.find(separator, begin)) != Text::npos; begin = end + separator.size()) {
    parts.push_back(text.substr(begin, end - begin));
  }
  parts.push_back(text.substr(begin));
  return parts;
}

bool Escapes(const Text& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') continue;
    if (i + 2 >= text.size() || !IsHex(text[i + 1]) || !IsHex(text[i + 2])) return false;
    if (text.substr(i, 3) == "%00") return false;
  }
  return true;
}

// RFC 9110 section 7.2: host [ ":" port ].
bool IsAuthority(const Text& text, bool with_port) {
  Text host = text;
  Text port;
  bool has_port = false;
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.find(':', bracket == Text::npos ? 0 : bracket);
  if (colon != Text::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    has_port = true;
  }
  if (port.size() > 5 || !All(port, IsDigit) || (!port.empty() && std::stoi(port) > 65535)) return false;
  if (with_port && (!has_port || port.empty())) return false;
  if (host.empty()) return false;
  if (host.front() == '[') {
    unsigned char address[16];
    return host.back() == ']' && host.find('\0') == Text::npos && inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), address) == 1;
  }
  const auto is_host_char = [](char c) { return IsDigit(c) || IsAlpha(c) || (c != 0 && Text("-._~!$&'()*+,;=%").find(c) != Text::npos); };
  return std::all_of(host.begin(), host.end(), is_host_char) && Escapes(host);
}

// RFC 9112 section 3.2.
bool IsTarget(const Text& method, const Text& target) {
  if (target.empty() || !All(target, IsTargetChar)) return false;
  if (method == "CONNECT") return IsAuthority(target, true);
  if (target == "*") return method == "OPTIONS";
  Text path = target;
  if (target.front() != '/') {
    const Text lower = Lower(target);
    std::size_t begin = 0;
    if (lower.compare(0, 7, "http://") == 0) begin = 7;
    if (lower.compare(0, 8, "https://") == 0) begin = 8;
    if (begin == 0) return false;
    const std::size_t end = std::min(target.find_first_of("/?", begin), target.size());
    if (!IsAuthority(target.substr(begin, end - begin), false)) return false;
    path = target.substr(end);
  }
  return Escapes(path.substr(0, path.find('?')));
}

// RFC 9112 section 3: method SP target SP HTTP/1.digit.
bool ReadRequestLine(const Text& line, std::uint32_t target_max, OracleHead& head, bool& is_10) {
  const std::vector<Text> parts = Split(line, " ");
  if (parts.size() != 3) return false;
  head.method = parts[0];
  head.target = parts[1];
  const Text& version = parts[2];
  if (!IsToken(head.method) || head.method.size() > 32) return false;
  if (head.target.size() > target_max || !IsTarget(head.method, head.target)) return false;
  if (version.size() != 8 || version.substr(0, 7) != "HTTP/1." || !IsDigit(version[7])) return false;
  is_10 = version[7] == '0';
  return true;
}

// What the fields say, by their names in small letters.
struct Said {
  std::vector<Text> host, length, coding, expect, connection;
};

bool ReadFieldLine(const Text& line, Said& said) {
  const std::size_t colon = line.find(':');
  if (colon == Text::npos || !IsToken(line.substr(0, colon)) || !All(line.substr(colon + 1), IsValueChar)) return false;
  const Text name = Lower(line.substr(0, colon));
  const Text value = Trim(line.substr(colon + 1));
  if (name == "host") said.host.push_back(value);
  if (name == "content-length") said.length.push_back(value);
  if (name == "transfer-encoding") said.coding.push_back(value);
  if (name == "expect") said.expect.push_back(value);
  if (name == "connection") {
    for (const Text& option : Split(value, ",")) {
      if (!Trim(option).empty()) said.connection.push_back(Lower(Trim(option)));
    }
  }
  return true;
}

// RFC 9110 section 8.6: digits, of which a signed number of 64 bits can hold all.
bool ReadLength(const Text& digits, std::uint64_t& length) {
  if (digits.empty() || !All(digits, IsDigit)) return false;
  const Text significant = digits.substr(std::min(digits.find_first_not_of('0'), digits.size()));
  const Text max = "9223372036854775807";
  if (significant.size() > max.size() || (significant.size() == max.size() && significant > max)) return false;
  length = significant.empty() ? 0 : std::stoull(significant);
  return true;
}

bool Decide(const Said& said, bool is_10, OracleHead& head) {
  if (said.host.size() > 1 || (said.host.empty() && !is_10)) return false;
  for (const Text& host : said.host) {
    if (!host.empty() && !IsAuthority(host, false)) return false;
  }
  if (said.coding.size() > 1 || said.length.size() > 1) return false;
  if (!said.coding.empty() && (is_10 || !said.length.empty() || Lower(said.coding[0]) != "chunked")) return false;
  if (!said.length.empty() && !ReadLength(said.length[0], head.length)) return false;
  for (const Text& expect : said.expect) {
    if (Lower(expect) != "100-continue") return false;
  }
  for (const Text& option : said.connection) {
    if (!IsToken(option)) return false;
  }
  const auto has = [&](const char* option) {
    return std::find(said.connection.begin(), said.connection.end(), option) != said.connection.end();
  };
  head.chunked = !said.coding.empty();
  head.expects_continue = !said.expect.empty() && !is_10 && (head.chunked || head.length > 0);
  head.keeps_alive = !has("close") && (!is_10 || has("keep-alive"));
  return true;
}

}  // namespace

OracleHead JudgeHead(std::string_view bytes, const internal::HeadLimits& limits) {
  OracleHead head;
  std::size_t begin = 0;
  int empty_lines = 0;
  while (bytes.substr(begin, 2) == "\r\n") {
    begin += 2;
    ++empty_lines;
  }
  head.verdict = OracleVerdict::kRefused;
  if (empty_lines > 4) return head;
  const std::size_t end = bytes.find("\r\n\r\n", begin);
  if (end == std::string_view::npos || end + 4 > limits.head_bytes) {
    if (bytes.size() < limits.head_bytes) head.verdict = OracleVerdict::kNeedMore;
    return head;
  }
  head.size = end + 4;
  const std::vector<Text> lines = Split(Text(bytes.substr(begin, end - begin)), "\r\n");
  bool is_10 = false;
  if (!ReadRequestLine(lines[0], limits.target_bytes, head, is_10) || lines.size() - 1 > limits.fields) return head;
  Said said;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (!ReadFieldLine(lines[i], said)) return head;
  }
  if (Decide(said, is_10, head)) head.verdict = OracleVerdict::kTaken;
  return head;
}

namespace {

// RFC 9110 section 6.5.1, as far as we list it.
bool IsForbiddenTrailer(const Text& name) {
  static const std::vector<Text> kForbidden = {
      "age", "authorization", "cache-control", "connection", "content-encoding", "content-length", "content-range", "content-type",
      "cookie", "date", "expect", "expires", "forwarded", "host", "keep-alive", "location", "max-forwards", "pragma",
      "proxy-authenticate", "proxy-authorization", "proxy-connection", "range", "retry-after", "set-cookie", "te", "trailer",
      "transfer-encoding", "upgrade", "vary", "warning", "www-authenticate"};
  return std::find(kForbidden.begin(), kForbidden.end(), name) != kForbidden.end() || (name.size() > 3 && name.compare(0, 3, "if-") == 0) ||
         (name.size() > 12 && name.compare(0, 12, "x-forwarded-") == 0);
}

// The next line, which ends with CRLF. False: it is not whole.
bool TakeLine(std::string_view bytes, std::size_t& at, Text& line) {
  const std::size_t end = bytes.find("\r\n", at);
  if (end == std::string_view::npos) return false;
  line = Text(bytes.substr(at, end - at));
  at = end + 2;
  return true;
}

Text BehindBlanks(const Text& text) { return text.substr(std::min(text.find_first_not_of(" \t"), text.size())); }

// These take what they are named after off the begin of the text. False: it is not there.
bool TakeByte(Text& text, char byte) {
  if (text.empty() || text[0] != byte) return false;
  text.erase(0, 1);
  return true;
}
bool TakeToken(Text& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), IsTokenChar);
  if (end == text.begin()) return false;
  text.erase(text.begin(), end);
  return true;
}
bool TakeQuoted(Text& text) {  // RFC 9110 section 5.6.4
  if (!TakeByte(text, '"')) return false;
  while (!text.empty() && text[0] != '"') text.erase(0, text[0] == '\\' ? 2 : 1);
  return TakeByte(text, '"');
}

// RFC 9112 section 7.1.1.
bool AreExtensions(Text text) {
  while (!text.empty()) {
    text = BehindBlanks(text);
    if (!TakeByte(text, ';')) return false;
    text = BehindBlanks(text);
    if (!TakeToken(text)) return false;
    Text value = BehindBlanks(text);
    if (!TakeByte(value, '=')) continue;
    text = BehindBlanks(value);
    if (!TakeToken(text) && !TakeQuoted(text)) return false;
  }
  return true;
}

// chunk-size [ chunk-ext ]. Gives the size, and how many bytes behind it are no size.
bool ReadSizeLine(const Text& line, std::uint64_t& size, std::uint64_t& extension) {
  std::size_t digits = 0;
  while (digits < line.size() && IsHex(line[digits])) ++digits;
  if (digits == 0 || digits > 16) return false;
  size = std::stoull(line.substr(0, digits), nullptr, 16);
  if (size > static_cast<std::uint64_t>(INT64_MAX)) return false;
  const Text rest = line.substr(digits);
  extension = rest.size();
  if (rest.empty()) return true;
  return rest.size() > 4096 || (All(rest, IsValueChar) && AreExtensions(rest));  // more is too much, whatever it is
}

}  // namespace

OracleBody JudgeChunked(std::string_view bytes) {
  OracleBody body;
  const auto refused = [&body] {
    body.verdict = OracleVerdict::kRefused;
    return body;
  };
  std::size_t at = 0;
  Text line;
  std::uint64_t extensions = 0;  // not yet paid for by data
  for (;;) {
    std::uint64_t size = 0;
    std::uint64_t extension = 0;
    if (!TakeLine(bytes, at, line)) return body;
    if (!ReadSizeLine(line, size, extension)) return refused();
    extensions += extension;
    if (extensions > 4096) return refused();
    if (size == 0) break;
    extensions -= std::min(extensions, size / 16);
    if (bytes.size() - at < size) return body;
    body.body += bytes.substr(at, size);
    at += size;
    if (bytes.size() - at < 2) return body;
    if (bytes.substr(at, 2) != "\r\n") return refused();
    at += 2;
  }
  std::size_t trailer_bytes = 0;
  for (int fields = 0;; ++fields) {
    if (!TakeLine(bytes, at, line)) return body;
    if (line.empty()) break;
    trailer_bytes += line.size();
    const std::size_t colon = line.find(':');
    if (fields == 32 || trailer_bytes + 2 * static_cast<std::size_t>(fields) > 8192) return refused();
    if (colon == Text::npos || !IsToken(line.substr(0, colon)) || !All(line, IsValueChar)) return refused();
    if (IsForbiddenTrailer(Lower(line.substr(0, colon)))) return refused();
    body.trailers += line.substr(0, colon) + ": " + Trim(line.substr(colon + 1)) + "\r\n";
  }
  body.verdict = OracleVerdict::kTaken;
  body.size = at;
  return body;
}

}  // namespace weft::fuzz
