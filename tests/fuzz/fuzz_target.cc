// SPDX-License-Identifier: Apache-2.0
//
// What a request target becomes: the input stands in a request line and in a Host field. The parser judges both as the oracle does; path
// and query are decoded as a plain second reading decodes them; and Mux routes by what it shows the handler, redirects only to clean
// paths on its own host, and never in a circle.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weft/handlers/routing/mux.h>
#include <weft/handlers/testing.h>
#include <weft/http/internal/http1/head_parser.h>

#include "fuzz.h"
#include "oracle.h"

namespace weft::fuzz {
namespace {

using internal::Head;
using internal::HeadResult;

constexpr internal::HeadLimits kLimits;

int Nibble(char c) {
  const std::size_t at = std::string_view("0123456789abcdef0123456789ABCDEF").find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at % 16);
}

// Empty: an escape is broken.
std::optional<std::string> Decode(std::string_view text, bool query) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || Nibble(text[i + 1]) < 0 || Nibble(text[i + 2]) < 0) return std::nullopt;
      out += static_cast<char>(Nibble(text[i + 1]) * 16 + Nibble(text[i + 2]));
      i += 2;
    } else {
      out += query && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

void CheckQuery(const Request& r) {
  std::vector<std::pair<std::string, std::string>> expected;
  for (const std::string& pair : Split(r.RawQuery(), '&')) {
    if (pair.empty() || pair.find(';') != std::string::npos) continue;
    const std::size_t equals = pair.find('=');
    const auto name = Decode(pair.substr(0, equals), true);
    const auto value = Decode(equals == std::string::npos ? "" : pair.substr(equals + 1), true);
    if (name && value) expected.emplace_back(*name, *value);
  }
  for (const auto& [name, value] : expected) {
    std::vector<std::string> values;
    for (const auto& [other, of_other] : expected) {
      if (other == name) values.push_back(of_other);
    }
    const std::vector<std::string_view> got = r.QueryValues(name);
    FUZZ_CHECK(std::equal(got.begin(), got.end(), values.begin(), values.end()), "a query is read as written");
    FUZZ_CHECK(r.Query(name) == values.front(), "the first value of a name counts");
  }
}

void CheckPath(const Request& r) {
  FUZZ_CHECK(r.Path() == Decode(r.RawPath(), false), "a path is decoded once");
  FUZZ_CHECK(r.Path().find('\0') == std::string_view::npos, "no path holds NUL");
}

// A handler that checks that the values of the wildcards are the segments of the path where they stand.
Handler Checking(std::vector<std::pair<std::string, std::size_t>> wildcards) {
  return [wildcards = std::move(wildcards)](ResponseWriter& w, Request& r) {
    CheckPath(r);
    CheckQuery(r);
    const std::vector<std::string> segments = Split(r.RawPath(), '/');
    for (const auto& [name, at] : wildcards) {
      FUZZ_CHECK(at < segments.size(), "a wildcard has a segment");
      FUZZ_CHECK(r.PathValue(name) == Decode(segments[at], false), "a wildcard's value is its segment");
    }
    FUZZ_CHECK(r.RawPath().find("//") == std::string_view::npos, "no path with empty segments gets to a handler");
    for (const std::string& segment : segments) {
      const auto decoded = Decode(segment, false);
      FUZZ_CHECK(decoded != "." && decoded != "..", "no path with dot segments gets to a handler");
    }
    return w.Write(r.Pattern());
  };
}

const Mux& Routes() {
  static const Mux mux = [] {
    Mux routes;
    routes.Handle("GET /{$}", Checking({}));
    routes.Handle("/a/{x}", Checking({{"x", 2}}));
    routes.Handle("/a/{x}/b/{y}/", Checking({{"x", 2}, {"y", 4}}));
    routes.Handle("POST /a/b", Checking({}));
    routes.Handle("GET /files/{rest...}", Checking({}));
    routes.Handle("/dir/", Checking({}));
    return routes;
  }();
  return mux;
}

// Redirect encodes what has no place in a URI, such as a backslash, so queries are compared by what they mean.
std::vector<std::optional<std::string>> QueryOf(const std::string& target) {
  std::vector<std::optional<std::string>> pairs;
  const std::size_t mark = std::min(target.find('?'), target.size() - 1);
  for (const std::string& pair : Split(std::string_view(target).substr(mark + 1), '&')) pairs.push_back(Decode(pair, true));
  return pairs;
}

void CheckRouting(std::string target) {
  Recorder recorder;
  for (int hops = 0;; ++hops) {
    FUZZ_CHECK(hops < 3, "redirects come to an end");
    recorder.Serve(Routes(), RequestBuilder("GET", target));
    FUZZ_CHECK(!recorder.Aborted(), "each path gets an answer");
    const int status = recorder.Status();
    FUZZ_CHECK(status == 200 || status == 307 || status == 404 || status == 405, "a Mux finds, redirects or refuses");
    if (status != 307) return;
    const std::string location(recorder.Header().Get("Location"));
    FUZZ_CHECK(location.starts_with('/') && !location.starts_with("//"), "a redirect stays on its host");
    FUZZ_CHECK(location != target, "a redirect leads elsewhere");
    FUZZ_CHECK(QueryOf(location) == QueryOf(target), "a redirect keeps the query");
    target = location;
  }
}

void CheckHead(const std::string& text) {
  Head head;
  const ExactCopy bytes(text);
  const HeadResult result = internal::ParseHead(bytes.View(), kLimits, head);
  const OracleHead oracle = JudgeHead(bytes.View(), kLimits);
  FUZZ_CHECK((result.verdict == HeadResult::Verdict::kDone) == (oracle.verdict == OracleVerdict::kTaken), "parser and oracle agree");
  if (result.verdict != HeadResult::Verdict::kDone) return;
  FUZZ_CHECK(result.consumed == oracle.size, "both end in the same place");
  const char* const buffer = bytes.View().data();
  FUZZ_CHECK(head.target.In(buffer) == oracle.target, "both see the same target");
  if (head.form != internal::TargetForm::kOrigin) return;
  FUZZ_CHECK(head.path_escaped == (head.path.In(buffer).find('%') != std::string_view::npos), "an escape in the path is noted");
  CheckRouting(std::string(head.target.In(buffer)));
}

void Play(std::string_view bytes) {
  const std::string text(bytes);
  for (const char* method : {"GET ", "OPTIONS ", "CONNECT "}) CheckHead(method + text + " HTTP/1.1\r\nHost: a\r\n\r\n");
  CheckHead("GET http://" + text + " HTTP/1.1\r\nHost: b\r\n\r\n");
  CheckHead("GET / HTTP/1.1\r\nHost: " + text + "\r\n\r\n");
}

}  // namespace
}  // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weft::fuzz::Play({reinterpret_cast<const char*>(data), size});
  return 0;
}
