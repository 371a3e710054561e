// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_HTTP_HEAD_PLAY_H_
#define WEFT_TESTS_HTTP_HEAD_PLAY_H_

#include <cstddef>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include <weft/http/internal/http1/head_parser.h>

namespace weft::internal {

// What the parser said, in a form to compare and to print: 0 for a good head, -1 for one that needs more, else the
// status.
struct Outcome {
  int status = -1;
  std::size_t consumed = 0;
  std::string reason = {};

  friend bool operator==(const Outcome&, const Outcome&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
    return out << outcome.status << " (consumed " << outcome.consumed << ", " << outcome.reason << ")";
  }
};

// Parses a copy that has no byte behind its end, so that the sanitizer sees a look too far.
inline Outcome Feed(std::string_view bytes, const HeadLimits& limits, Head& head) {
  const std::unique_ptr<char[]> copy(new char[bytes.size() + 1]);
  char* const exact = copy.get() + 1;
  bytes.copy(exact, bytes.size());
  const HeadResult result = ParseHead({exact, bytes.size()}, limits, head);
  switch (result.verdict) {
    case HeadResult::Verdict::kDone:
      return {0, result.consumed};
    case HeadResult::Verdict::kBad:
      return {result.status, 0, result.reason};
    default:
      return {-1, result.consumed};
  }
}

inline Outcome FeedWhole(std::string_view bytes, const HeadLimits& limits = {}) {
  Head head;
  return Feed(bytes, limits, head);
}

// Feeds the bytes one by one, and in two pieces for each place where they can be cut. Returns the place where the
// verdict was another one than that for the whole, or npos. A verdict may come before the last byte, but must be the
// same then.
inline std::size_t FindSplitThatMatters(std::string_view bytes, const HeadLimits& limits = {}) {
  const Outcome whole = FeedWhole(bytes, limits);
  const auto agrees = [&whole](const Outcome& early) { return early.status == -1 || early == whole; };
  Head trickled;
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const Outcome outcome = Feed(bytes.substr(0, size), limits, trickled);
    if (!agrees(outcome) || (size == bytes.size() && outcome != whole)) return size;
    if (outcome.status != -1) break;
  }
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    Head head;
    const Outcome first = Feed(bytes.substr(0, cut), limits, head);
    if (!agrees(first)) return cut;
    if (first.status == -1 && Feed(bytes, limits, head) != whole) return cut;
  }
  return std::string_view::npos;
}

}  // namespace weft::internal

#endif  // WEFT_TESTS_HTTP_HEAD_PLAY_H_
