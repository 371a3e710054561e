// SPDX-License-Identifier: Apache-2.0
//
// The chunked transfer coding. The input is once a body as a client sends it, to be decoded whole and in pieces alike and as the
// oracle says; and once a body to be sent: framed by our own writer in chunks of any size, it decodes to itself.
#include <string>
#include <string_view>

#include <weft/http/internal/http1/chunked_decoder.h>
#include <weft/http/internal/http1/response_head_writer.h>

#include "fuzz.h"
#include "oracle.h"

namespace weft::fuzz {
namespace {

using internal::ChunkedDecoder;
using State = ChunkedDecoder::State;

struct Decoded {
  State state = State::kNeedMore;
  int status = 0;
  std::string_view reason = {};
  std::size_t consumed = 0;
  std::string body = {};
  std::string trailers = {};
};

void Feed(ChunkedDecoder& decoder, std::string_view bytes, Decoded& out) {
  for (;;) {
    const ChunkedDecoder::Step step = decoder.Next(bytes);
    FUZZ_CHECK(step.consumed <= bytes.size(), "no more is consumed than there is");
    FUZZ_CHECK(IsInside(step.data, bytes), "data lies inside the bytes");
    FUZZ_CHECK(step.data.size() <= step.consumed, "data is consumed");
    FUZZ_CHECK((step.state == State::kData) == !step.data.empty(), "there is data if and only if the step says so");
    out.consumed += step.consumed;
    bytes.remove_prefix(step.consumed);
    out.body += step.data;
    if (step.state == State::kData) continue;
    FUZZ_CHECK(step.state != State::kNeedMore || bytes.empty(), "a decoder that wants more has taken all");
    out.state = step.state;
    if (step.state != State::kBad) return;
    FUZZ_CHECK(step.status >= 400 && step.reason != nullptr, "a refusal has a status and a reason");
    out.status = step.status;
    out.reason = step.reason;
    return;
  }
}

void TakeTrailers(const ChunkedDecoder& decoder, Decoded& out) {
  if (out.state != State::kDone) return;
  Fields trailers;
  decoder.CopyTrailersTo(trailers);
  FUZZ_CHECK(trailers.Size() <= ChunkedDecoder::kTrailerFieldsMax, "there are no more trailers than allowed");
  for (const auto& [name, value] : trailers) out.trailers.append(name).append(": ").append(value).append("\r\n");
  FUZZ_CHECK(out.trailers.size() <= 4 * ChunkedDecoder::kTrailerBytesMax, "trailers keep to their limit");
}

Decoded DecodeInPieces(std::string_view bytes, Pieces::How how) {
  ChunkedDecoder decoder;
  Decoded out;
  Pieces pieces(bytes, how);
  for (std::string_view piece; out.state == State::kNeedMore && pieces.Next(piece);) Feed(decoder, ExactCopy(piece).View(), out);
  TakeTrailers(decoder, out);
  return out;
}

void CheckDecoding(std::string_view bytes) {
  ChunkedDecoder decoder;
  Decoded whole;
  Feed(decoder, bytes, whole);
  TakeTrailers(decoder, whole);
  FUZZ_CHECK(whole.body.size() <= whole.consumed || whole.state == State::kBad, "a body is not longer than its framing");

  for (const Pieces::How how : Pieces::kAll) {
    const Decoded pieces = DecodeInPieces(bytes, how);
    FUZZ_CHECK(pieces.state == whole.state && pieces.status == whole.status && pieces.reason == whole.reason,
               "pieces get the verdict of the whole");
    FUZZ_CHECK(pieces.body == whole.body && pieces.trailers == whole.trailers, "pieces give the body of the whole");
    FUZZ_CHECK(pieces.consumed == whole.consumed || whole.state == State::kBad, "pieces end where the whole ends");
  }

  const OracleBody oracle = JudgeChunked(bytes);
  switch (whole.state) {
    case State::kDone:
      FUZZ_CHECK(oracle.verdict == OracleVerdict::kTaken, "what the decoder takes, the oracle takes");
      FUZZ_CHECK(oracle.size == whole.consumed && oracle.body == whole.body, "both see the same body");
      FUZZ_CHECK(oracle.trailers == whole.trailers, "both see the same trailers");
      break;
    case State::kBad: FUZZ_CHECK(oracle.verdict != OracleVerdict::kTaken, "what the oracle takes, the decoder takes"); break;
    default: FUZZ_CHECK(oracle.verdict == OracleVerdict::kNeedMore, "both want more"); break;
  }
}

void CheckRoundTrip(std::string_view body) {
  Dice dice(body);
  std::string framed;
  for (std::string_view left = body; !left.empty();) {
    const std::string_view piece = left.substr(0, 1 + dice.Below(dice.Below(4) == 0 ? left.size() : 20));
    char room[internal::kChunkHeaderMax];
    const char* const begin = internal::WriteChunkHeaderBefore(room + sizeof room, piece.size());
    framed.append(begin, static_cast<std::size_t>(room + sizeof room - begin)).append(piece).append(internal::kChunkEnd);
    left.remove_prefix(piece.size());
  }
  Fields trailers;
  (void)trailers.Add("X-Sum", body.substr(0, 20));  // often refused, which is fine
  (void)trailers.Add("Content-Length", "1");        // never sent
  std::string last(internal::WriteLastChunk(nullptr, 0, trailers), '\0');
  FUZZ_CHECK(internal::WriteLastChunk(last.data(), last.size(), trailers) == last.size(), "the size is told before");
  framed += last;

  const Decoded out = DecodeInPieces(framed, Pieces::kAll[dice.Below(4)]);
  FUZZ_CHECK(out.state == State::kDone && out.consumed == framed.size(), "our own framing is good");
  FUZZ_CHECK(out.body == body, "our own framing decodes to what was framed");
  FUZZ_CHECK(out.trailers.empty() == (trailers.Size() == 1), "trailers come through, but for those that must not");
}

}  // namespace
}  // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  weft::fuzz::CheckDecoding(bytes);
  weft::fuzz::CheckRoundTrip(bytes);
  return 0;
}
