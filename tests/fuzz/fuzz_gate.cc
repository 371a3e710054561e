// SPDX-License-Identifier: Apache-2.0
//
// A stream of pipelined requests, taken apart as the server does it. The parsers and the oracle see the same requests with the same
// bodies; pieces change nothing; and what stands behind a refusal is never a request, whatever follows.
#include <string>
#include <string_view>

#include "fuzz.h"
#include "gate.h"

namespace weft::fuzz {
namespace {

constexpr internal::HeadLimits kLimits{.head_bytes = 1000, .target_bytes = 200, .fields = 12};
using End = Stream::End;

// Ends that would make most beginnings whole.
constexpr const char* kEnds[] = {
    "\r\n\r\n",
    "\n\r\n\r\n",
    "\r\nHost: a\r\n\r\n",
    ": b\r\nHost: a\r\n\r\n",
    " / HTTP/1.1\r\nHost: a\r\n\r\n",
    "/ HTTP/1.1\r\nHost: a\r\n\r\n",
    " HTTP/1.1\r\nHost: a\r\n\r\n",
    ".1\r\nHost: a\r\n\r\n",
    "1\r\n\r\n0\r\n\r\n",
    "\r\n0\r\n\r\n",
    "0\r\n\r\n",
};

Stream Take(std::string_view bytes, Pieces::How how) {
  Gate gate(kLimits);
  Pieces pieces(bytes, how);
  for (std::string_view piece; pieces.Next(piece);) gate.Feed(piece);
  return gate.Result();
}

Stream TakeWhole(std::string_view bytes) {
  Gate gate(kLimits);
  gate.Feed(bytes);
  return gate.Result();
}

// The oracle cannot tell that a message that is not whole will never be good, so it may still wait where the gate refuses. Then no end
// that a client could add may make it good.
void CheckAgainstOracle(std::string_view bytes, const Stream& gate) {
  const Stream oracle = JudgeStream(bytes, kLimits);
  FUZZ_CHECK(gate.requests == oracle.requests, "the gate and the oracle see the same requests");
  if (gate.end == oracle.end) {
    FUZZ_CHECK(gate.in_body == oracle.in_body || gate.end == End::kRefused, "both end in the same place");
    return;
  }
  FUZZ_CHECK(gate.end == End::kRefused && oracle.end == End::kWaits, "the gate refuses earlier than the oracle, never later");
  Dice dice(bytes);
  for (int i = 0; i < 3; ++i) {
    const Stream more = JudgeStream(std::string(bytes) + kEnds[dice.Below(std::size(kEnds))], kLimits);
    FUZZ_CHECK(more.requests == gate.requests, "what the gate refuses early, no end makes good");
  }
}

void Play(std::string_view bytes) {
  const Stream whole = TakeWhole(bytes);
  for (const Pieces::How how : Pieces::kAll) {
    const Stream pieces = Take(bytes, how);
    FUZZ_CHECK(pieces.requests == whole.requests, "pieces give the requests of the whole");
    FUZZ_CHECK(pieces.end == whole.end, "pieces end as the whole");
  }
  CheckAgainstOracle(bytes, whole);
  const Stream more = TakeWhole(std::string(bytes) + "\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
  if (whole.end != End::kWaits) FUZZ_CHECK(more.requests == whole.requests, "nothing comes behind the end");
  FUZZ_CHECK(std::equal(whole.requests.begin(), whole.requests.end(), more.requests.begin()), "what follows changes nothing before it");
}

}  // namespace
}  // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weft::fuzz::Play({reinterpret_cast<const char*>(data), size});
  return 0;
}
