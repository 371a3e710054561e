// SPDX-License-Identifier: Apache-2.0
//
// The parser of request heads: the input is what a client sends. However it is cut, the outcome is the same; nothing that is given out
// lies outside of the input; and a head that was taken, written out again in one plain form, is the same head.
#include <string>
#include <string_view>

#include <weft/http/internal/http1/head_parser.h>

#include "fuzz.h"

namespace weft::fuzz {
namespace {

using internal::Head;
using internal::HeadLimits;
using internal::HeadResult;
using internal::ParseHead;
using Verdict = HeadResult::Verdict;

// Small enough for a fuzzer to hit them.
constexpr HeadLimits kLimits{.head_bytes = 1500, .target_bytes = 200, .fields = 16};

void CheckSpans(const Head& head, std::string_view bytes) {
  const char* const buffer = bytes.data();
  for (const internal::Span span : {head.method, head.target, head.path, head.query, head.host}) {
    FUZZ_CHECK(span.size == 0 || std::size_t{span.begin} + span.size <= bytes.size(), "a span lies inside the head");
  }
  for (const Head::FieldSpan& field : head.fields) {
    FUZZ_CHECK(field.name_size > 0, "a field has a name");
    FUZZ_CHECK(IsInside({buffer + field.name_begin, field.name_size}, bytes), "a name lies inside the head");
    FUZZ_CHECK(IsInside({buffer + field.value_begin, field.value_size}, bytes), "a value lies inside the head");
  }
}

void CheckResult(const HeadResult& result, const Head& head, std::string_view bytes) {
  FUZZ_CHECK(result.consumed <= bytes.size(), "no more is consumed than there is");
  switch (result.verdict) {
    case Verdict::kDone: {
      FUZZ_CHECK(bytes.substr(0, result.consumed).ends_with("\r\n\r\n"), "a head ends with an empty line");
      FUZZ_CHECK(result.consumed <= kLimits.head_bytes, "a head keeps to its limit");
      FUZZ_CHECK(head.target.size <= kLimits.target_bytes, "a target keeps to its limit");
      FUZZ_CHECK(head.fields.size() <= kLimits.fields, "there are no more fields than allowed");
      FUZZ_CHECK(head.method.size > 0 && head.target.size > 0, "a request has a method and a target");
      FUZZ_CHECK(!(head.chunked && head.has_content_length), "no head has two framings");
      CheckSpans(head, bytes.substr(0, result.consumed));
      break;
    }
    case Verdict::kBad:
      FUZZ_CHECK(result.status >= 400 && result.status < 600 && result.reason != nullptr, "a refusal has a status and a reason");
      break;
    case Verdict::kNeedMore:
      FUZZ_CHECK(bytes.size() < kLimits.head_bytes, "a head without end is refused");
      FUZZ_CHECK(bytes.substr(0, result.consumed).find_first_not_of("\r\n") == std::string_view::npos, "only empty lines are dropped");
      break;
  }
}

// Everything that matters about a head, as text.
std::string Canonical(const Head& head, const char* buffer) {
  std::string text(head.method.In(buffer));
  text.append(" ").append(head.target.In(buffer)).append(head.version_minor == 0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
  for (const Head::FieldSpan& field : head.fields) {
    text.append(buffer + field.name_begin, field.name_size).append(": ");
    text.append(buffer + field.value_begin, field.value_size).append("\r\n");
  }
  return text + "\r\n";
}

std::string Facts(const Head& head, const char* buffer) {
  std::string text = Canonical(head, buffer);
  text.append(head.path.In(buffer)).append("|").append(head.query.In(buffer)).append("|").append(head.host.In(buffer)).append("|");
  for (const std::uint64_t fact :
       {head.content_length, std::uint64_t(head.form), std::uint64_t{head.is_head}, std::uint64_t{head.is_connect},
        std::uint64_t{head.path_escaped}, std::uint64_t{head.has_query}, std::uint64_t{head.has_host},
        std::uint64_t{head.has_content_length}, std::uint64_t{head.chunked}, std::uint64_t{head.connection_close},
        std::uint64_t{head.connection_keep_alive}, std::uint64_t{head.connection_upgrade}, std::uint64_t{head.expect_continue}}) {
    text.append(std::to_string(fact)).append(",");
  }
  return text;
}

bool Same(const HeadResult& a, const HeadResult& b) {
  return a.verdict == b.verdict && a.status == b.status && a.consumed == b.consumed &&
         std::string_view(a.reason == nullptr ? "" : a.reason) == std::string_view(b.reason == nullptr ? "" : b.reason);
}

// Feeds the input in pieces, each time in memory that holds no more than has come.
void CheckPieces(std::string_view bytes, Pieces::How how, const HeadResult& whole, const Head& head) {
  Head trickled;
  HeadResult result;
  Pieces pieces(bytes, how);
  std::size_t size = 0;
  for (std::string_view piece; result.verdict == Verdict::kNeedMore && pieces.Next(piece);) {
    size += piece.size();
    const ExactCopy sofar(bytes.substr(0, size));
    result = ParseHead(sofar.View(), kLimits, trickled);
    CheckResult(result, trickled, sofar.View());
  }
  FUZZ_CHECK(Same(result, whole), "pieces get the verdict of the whole");
  if (whole.verdict != Verdict::kDone) return;
  FUZZ_CHECK(Facts(trickled, bytes.data()) == Facts(head, bytes.data()), "pieces give the head of the whole");
}

void Play(std::string_view bytes) {
  Head head;
  const HeadResult whole = ParseHead(bytes, kLimits, head);
  CheckResult(whole, head, bytes);
  for (const Pieces::How how : Pieces::kAll) CheckPieces(bytes, how, whole, head);
  if (whole.verdict != Verdict::kDone) return;

  const ExactCopy canonical(Canonical(head, bytes.data()));
  Head again;
  constexpr HeadLimits kRoom{.head_bytes = 64 * 1024, .target_bytes = kLimits.target_bytes, .fields = kLimits.fields};
  const HeadResult result = ParseHead(canonical.View(), kRoom, again);
  FUZZ_CHECK(result.verdict == Verdict::kDone && result.consumed == canonical.View().size(), "a head that is written again is good");
  FUZZ_CHECK(Facts(again, canonical.View().data()) == Facts(head, bytes.data()), "a head that is written again is the same");
}

}  // namespace
}  // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weft::fuzz::Play({reinterpret_cast<const char*>(data), size});
  return 0;
}
