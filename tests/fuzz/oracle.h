// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_FUZZ_ORACLE_H_
#define WEFT_TESTS_FUZZ_ORACLE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <weft/http/internal/http1/head_parser.h>

// A second reading of the rules for requests, to compare the parsers with: it looks at whole messages only, goes over them as often as
// it likes, copies what it likes, and shares no code with the library. Where we are stricter than RFC 9112 asks, so is it.
namespace weft::fuzz {

enum class OracleVerdict : std::uint8_t { kTaken, kNeedMore, kRefused };

struct OracleHead {
  OracleVerdict verdict = OracleVerdict::kNeedMore;
  std::size_t size = 0;  // of the head, with the empty lines before it
  std::string method = {};
  std::string target = {};
  bool chunked = false;
  std::uint64_t length = 0;
  bool expects_continue = false;
  bool keeps_alive = false;
};

// The head at the start of `bytes`. kNeedMore: no empty line ends it yet, and its limits are not reached.
OracleHead JudgeHead(std::string_view bytes, const internal::HeadLimits& limits);

struct OracleBody {
  OracleVerdict verdict = OracleVerdict::kNeedMore;
  std::size_t size = 0;       // as it came
  std::string body = {};      // decoded
  std::string trailers = {};  // "name: value" CRLF for each
};

// The chunked body at the start of `bytes`. kNeedMore: what is whole of it is good.
OracleBody JudgeChunked(std::string_view bytes);

}  // namespace weft::fuzz

#endif  // WEFT_TESTS_FUZZ_ORACLE_H_
