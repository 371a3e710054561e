// SPDX-License-Identifier: Apache-2.0
//
// What it costs to be strict: the time to parse the head of a request and to decide how it is framed, compared with that of a scan that finds
// the same pieces and checks nothing. bench/run prints it; it is no test, but it needs what only tests may include.
//
//   gate_speed [--slices N]      prints for each head: name bytes fields scan_ns parse_ns gate_ns
//
// Scan and parse take turns in short slices, and the best slice of each counts: nothing but other work on the machine makes one slower
// than another. gate_ns is the difference.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <weft/http/internal/http1/head_parser.h>
#include <weft/http/internal/http1/request_framing.h>

namespace weft::internal {
namespace {

struct Sample {
  const char* name;
  std::string head;
};

std::vector<Sample> Samples() {
  return {
      {"hello", "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: load\r\nAccept: */*\r\n\r\n"},
      {"curl",
       "GET /api/v1/users/4711?expand=orders&limit=20 HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n"
       "Accept-Encoding: gzip, deflate\r\n\r\n"},
      {"browser",
       "GET /articles/2026/11/what-a-head-costs?utm_source=newsletter HTTP/1.1\r\nHost: www.example.com\r\nConnection: keep-alive\r\n"
       "Cache-Control: max-age=0\r\nUpgrade-Insecure-Requests: 1\r\n"
       "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36\r\n"
       "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\nSec-Fetch-Site: same-origin\r\n"
       "Sec-Fetch-Mode: navigate\r\nReferer: https://www.example.com/articles/2026/11\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"
       "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
       "Cookie: session=6f1d2c7e5b9a4d3f8e0c1b2a39485766; theme=dark; consent=2026-11-01T09%3A12%3A33Z; ab=17.3.9.22; "
       "csrf=Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA\r\n\r\n"},
      {"post",
       "POST /echo HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: load\r\nAccept: */*\r\nContent-Type: text/plain\r\n"
       "Content-Length: 1024\r\n\r\n"},
  };
}

// The pieces alone: lines end at a line feed, names at a colon, blanks around values are cut off.
struct Scan {
  std::vector<Head::FieldSpan> fields;

  std::size_t operator()(std::string_view bytes) {
    fields.clear();
    const char* const begin = bytes.data();
    const char* const end = begin + bytes.size();
    const auto* line = static_cast<const char*>(std::memchr(begin, '\n', bytes.size()));
    while (line != nullptr && ++line != end && *line != '\r') {
      const auto left = static_cast<std::size_t>(end - line);
      const auto* colon = static_cast<const char*>(std::memchr(line, ':', left));
      if (colon == nullptr) break;
      const auto* next = static_cast<const char*>(std::memchr(colon, '\n', static_cast<std::size_t>(end - colon)));
      if (next == nullptr) break;
      const char* value = colon + 1;
      const char* value_end = next - 1;
      while (value != value_end && *value == ' ') ++value;
      while (value != value_end && value_end[-1] == ' ') --value_end;
      fields.push_back({static_cast<std::uint32_t>(line - begin), static_cast<std::uint32_t>(colon - line),
                        static_cast<std::uint32_t>(value - begin), static_cast<std::uint32_t>(value_end - value)});
      line = next;
    }
    return fields.size();
  }
};

struct Parse {
  Head head;
  HeadLimits limits;

  std::size_t operator()(std::string_view bytes) {
    head.Reset();
    const HeadResult result = ParseHead(bytes, limits, head);
    if (result.verdict != HeadResult::Verdict::kDone) std::abort();
    const RequestFraming framing = FrameRequest(head);
    return head.fields.size() + (framing.kind == BodyKind::kChunked ? 1u : 0u) + (ClientKeepsAlive(head) ? 0u : 1u);
  }
};

std::size_t g_sink = 0;

template <class F>
double NanosecondsEach(F& f, std::string_view bytes) {
  constexpr int kCalls = 2'000;  // fits between two interruptions
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kCalls; ++i) {
    g_sink += f(bytes);
    asm volatile("" : : "r"(bytes.data()) : "memory");
  }
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count() / kCalls;
}

void Measure(const Sample& sample, int slices) {
  Scan scan;
  Parse parse;
  const std::size_t fields = parse(sample.head);
  if (scan(sample.head) != fields) std::abort();
  double scan_least = NanosecondsEach(scan, sample.head);
  double parse_least = NanosecondsEach(parse, sample.head);
  for (int i = 1; i < slices; ++i) {
    scan_least = std::min(scan_least, NanosecondsEach(scan, sample.head));
    parse_least = std::min(parse_least, NanosecondsEach(parse, sample.head));
  }
  std::printf("%s %zu %zu %.1f %.1f %.1f\n", sample.name, sample.head.size(), fields, scan_least, parse_least, parse_least - scan_least);
}

}  // namespace
}  // namespace weft::internal

int main(int argc, char** argv) {
  const int slices = argc == 3 && std::strcmp(argv[1], "--slices") == 0 ? std::atoi(argv[2]) : 500;
  if (slices < 1) {
    std::fprintf(stderr, "usage: gate_speed [--slices N]\n");
    return 2;
  }
  for (const auto& sample : weft::internal::Samples()) weft::internal::Measure(sample, slices);
  return weft::internal::g_sink == 0 ? 1 : 0;
}
