// SPDX-License-Identifier: Apache-2.0
#include "transcript.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace weft::conformance {
namespace {

constexpr std::string_view kEmptyLine = "\r\n\r\n";

// The value of a field that our server writes in this case of letters; empty if there is none.
std::string_view FieldOf(std::string_view head, std::string_view name) {
  const std::string line = "\r\n" + std::string(name) + ": ";
  const std::size_t at = head.find(line);
  if (at == std::string_view::npos) return {};
  const std::size_t begin = at + line.size();
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

// The size of a chunked body at the start of `bytes`, or npos if it is not whole.
std::size_t ChunkedSize(std::string_view bytes) {
  for (std::size_t at = 0;;) {
    const std::size_t line_end = bytes.find("\r\n", at);
    if (line_end == std::string_view::npos) return std::string_view::npos;
    std::size_t size = 0;
    std::from_chars(bytes.data() + at, bytes.data() + line_end, size, 16);
    if (size == 0) {
      const std::size_t end = bytes.find(kEmptyLine, line_end);
      return end == std::string_view::npos ? end : end + kEmptyLine.size();
    }
    at = line_end + 2 + size + 2;
    if (at > bytes.size()) return std::string_view::npos;
  }
}

// How many bytes belong to the body, or npos if it is not whole.
std::size_t BodySize(const Response& response, bool no_body, std::string_view rest, bool ended) {
  if (no_body || response.status < 200 || response.status == 204 || response.status == 304) return 0;
  if (FieldOf(response.head, "Transfer-Encoding") == "chunked") return ChunkedSize(rest);
  const std::string_view length = FieldOf(response.head, "Content-Length");
  if (length.empty()) return ended ? rest.size() : std::string_view::npos;
  std::size_t size = 0;
  std::from_chars(length.data(), length.data() + length.size(), size);
  return size <= rest.size() ? size : std::string_view::npos;
}

}  // namespace

std::vector<Response> TakeApart(std::string_view stream, const std::vector<Expected>& expected, bool ended) {
  std::vector<Response> responses;
  while (!stream.empty()) {
    Response response;
    const std::size_t head_end = stream.find(kEmptyLine);
    const bool begun = stream.starts_with("HTTP/1.1 ") && stream.size() > 12;
    if (head_end == std::string_view::npos || !begun) {
      response.head = stream;
      responses.push_back(std::move(response));
      return responses;
    }
    std::from_chars(stream.data() + 9, stream.data() + 12, response.status);
    response.head = stream.substr(0, head_end + kEmptyLine.size());
    stream.remove_prefix(response.head.size());
    const bool no_body = responses.size() < expected.size() && expected[responses.size()].no_body;
    const std::size_t size = BodySize(response, no_body, stream, ended);
    response.whole = size != std::string_view::npos;
    response.body = stream.substr(0, size);
    stream.remove_prefix(response.body.size());
    responses.push_back(std::move(response));
  }
  return responses;
}

std::string WithoutDates(std::string stream) {
  constexpr std::string_view kDate = "\r\nDate: ";
  for (std::size_t at = 0; (at = stream.find(kDate, at)) != std::string::npos;) {
    at += kDate.size();
    stream.erase(at, stream.find("\r\n", at) - at);
  }
  return stream;
}

std::string Statuses(const std::vector<Response>& responses) {
  std::string all;
  for (const Response& response : responses) {
    all.append(all.empty() ? "" : " ").append(std::to_string(response.status)).append(response.whole ? "" : "cut");
  }
  return all;
}

std::string Statuses(const std::vector<Expected>& responses) {
  std::string all;
  for (const Expected& response : responses) {
    all.append(all.empty() ? "" : " ").append(std::to_string(response.status)).append(response.cut ? "cut" : "");
  }
  return all;
}

std::string Shown(std::string_view bytes) {
  constexpr std::size_t kMax = 700;
  std::string out = "\"";
  for (const char c : bytes.substr(0, kMax)) {
    char hex[8];
    if (c == '\r') {
      out += "\\r";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c >= ' ' && c < 0x7F) {
      out += c;
    } else {
      std::snprintf(hex, sizeof(hex), "\\x%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += hex;
    }
  }
  return out + (bytes.size() > kMax ? "...\"" : "\"");
}

}  // namespace weft::conformance
