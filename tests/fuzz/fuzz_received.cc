// SPDX-License-Identifier: Apache-2.0
//
// The parser of response heads: the input is what a server sends. However it is cut, the outcome is the same; nothing that is given out
// lies outside of the input; and whatever we take, Beast's parser takes as well, and reads as the same.
#include <algorithm>
#include <string>
#include <string_view>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <weft/http/internal/http1/response_parser.h>

#include "fuzz.h"

namespace weft::fuzz {
namespace {

using internal::ParseResponseHead;
using internal::ReceivedResponse;
using internal::ResponseLimits;
using internal::ResponseResult;
using Verdict = ResponseResult::Verdict;

// Small enough for a fuzzer to hit them.
constexpr ResponseLimits kLimits{.head_bytes = 1500, .fields = 16};

void CheckResult(const ResponseResult& result, const ReceivedResponse& head, std::string_view bytes) {
  FUZZ_CHECK(result.consumed <= bytes.size(), "no more is consumed than there is");
  switch (result.verdict) {
    case Verdict::kDone:
      FUZZ_CHECK(bytes.substr(0, result.consumed).ends_with("\r\n\r\n"), "a head ends with an empty line");
      FUZZ_CHECK(result.consumed <= kLimits.head_bytes && head.fields.size() <= kLimits.fields, "a head keeps to its limits");
      FUZZ_CHECK(head.status >= 100 && head.status <= 999, "a status has three digits");
      FUZZ_CHECK(!(head.chunked && head.has_content_length), "no head has two framings");
      for (const auto& field : head.fields) {
        FUZZ_CHECK(field.name_size > 0 && IsInside({bytes.data() + field.name_begin, field.name_size}, bytes), "a name lies inside the head");
        FUZZ_CHECK(IsInside({bytes.data() + field.value_begin, field.value_size}, bytes), "a value lies inside the head");
      }
      break;
    case Verdict::kBad:
    case Verdict::kTooLarge:
      FUZZ_CHECK(result.reason != nullptr, "a rejection has a reason");
      break;
    case Verdict::kNeedMore:
      FUZZ_CHECK(bytes.size() < kLimits.head_bytes, "a head without end is rejected");
      break;
  }
}

std::string Facts(const ReceivedResponse& head, const char* buffer) {
  std::string text;
  for (const auto& field : head.fields) {
    text.append(buffer + field.name_begin, field.name_size).append(": ");
    text.append(buffer + field.value_begin, field.value_size).append("\r\n");
  }
  for (const std::uint64_t fact : {head.content_length, std::uint64_t(head.status), std::uint64_t{head.version_minor},
                                   std::uint64_t{head.has_content_length}, std::uint64_t{head.chunked}, std::uint64_t{head.connection_close},
                                   std::uint64_t{head.connection_keep_alive}, std::uint64_t{head.connection_upgrade}}) {
    text.append(std::to_string(fact)).append(",");
  }
  return text;
}

bool Same(const ResponseResult& a, const ResponseResult& b) {
  return a.verdict == b.verdict && a.consumed == b.consumed &&
         std::string_view(a.reason == nullptr ? "" : a.reason) == std::string_view(b.reason == nullptr ? "" : b.reason);
}

void CheckPieces(std::string_view bytes, Pieces::How how, const ResponseResult& whole, const ReceivedResponse& head) {
  ReceivedResponse trickled;
  ResponseResult result;
  Pieces pieces(bytes, how);
  std::size_t size = 0;
  for (std::string_view piece; result.verdict == Verdict::kNeedMore && pieces.Next(piece);) {
    size += piece.size();
    const ExactCopy sofar(bytes.substr(0, size));
    result = ParseResponseHead(sofar.View(), kLimits, trickled);
    CheckResult(result, trickled, sofar.View());
  }
  FUZZ_CHECK(Same(result, whole), "pieces get the verdict of the whole");
  if (whole.verdict == Verdict::kDone) FUZZ_CHECK(Facts(trickled, bytes.data()) == Facts(head, bytes.data()), "pieces give the head of the whole");
}

// Beast wants the space before a reason phrase that is empty, which we do without, and knows no minor version above 1.
void CheckAgainstBeast(std::string_view head_bytes, const ReceivedResponse& head) {
  std::string text(head_bytes);
  if (text[7] != '0') text[7] = '1';
  if (text[12] == '\r') text.insert(text.begin() + 12, ' ');
  boost::beast::http::response_parser<boost::beast::http::empty_body> parser;
  parser.eager(false);
  parser.skip(true);
  parser.header_limit(64 * 1024);
  parser.body_limit(boost::none);
  boost::beast::error_code failure;
  parser.put(boost::asio::buffer(text), failure);
  FUZZ_CHECK(!failure || failure == boost::beast::http::error::need_more, "Beast takes what we take");
  FUZZ_CHECK(parser.is_header_done(), "Beast sees the end of the head where we see it");
  const auto& message = parser.get();
  FUZZ_CHECK(static_cast<int>(message.result_int()) == head.status, "Beast reads the same status");
  std::size_t fields = 0;
  for (auto at = message.begin(); at != message.end(); ++at) ++fields;
  FUZZ_CHECK(fields == head.fields.size(), "Beast reads as many fields");
  if (head.has_content_length) FUZZ_CHECK(parser.content_length() && *parser.content_length() == head.content_length, "Beast reads the same length");
}

void Play(std::string_view bytes) {
  ReceivedResponse head;
  const ResponseResult whole = ParseResponseHead(bytes, kLimits, head);
  CheckResult(whole, head, bytes);
  for (const Pieces::How how : Pieces::kAll) CheckPieces(bytes, how, whole, head);
  if (whole.verdict == Verdict::kDone) CheckAgainstBeast(bytes.substr(0, whole.consumed), head);
}

}  // namespace
}  // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weft::fuzz::Play({reinterpret_cast<const char*>(data), size});
  return 0;
}
