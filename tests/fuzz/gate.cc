// SPDX-License-Identifier: Apache-2.0
#include "gate.h"

#include <algorithm>

#include <weft/http/internal/http1/chunked_decoder.h>
#include <weft/http/internal/http1/request_framing.h>

#include "fuzz.h"
#include "oracle.h"

namespace weft::fuzz {

using internal::BodyKind;
using internal::ChunkedDecoder;
using internal::HeadResult;
using End = Stream::End;

struct Gate::State {
  internal::Head head;
  internal::RequestFraming framing;
  ChunkedDecoder decoder;
  std::uint64_t body_left = 0;
  bool keeps_alive = true;
};

Gate::Gate(const internal::HeadLimits& limits) : limits_(limits), state_(new State) {}
Gate::~Gate() { delete state_; }

void Gate::Feed(std::string_view piece) {
  if (stream_.end != End::kWaits) return;
  waiting_ += piece;
  while (Step()) {
  }
}

// False: nothing more can be done with what has come.
bool Gate::Step() {
  if (stream_.in_body ? !ReadBody() : !ReadHead()) return false;
  if (stream_.in_body) return true;
  if (!state_->keeps_alive) {
    stream_.end = End::kClosed;
    return false;
  }
  return true;
}

bool Gate::ReadHead() {
  State& s = *state_;
  const ExactCopy bytes(waiting_);
  const HeadResult result = internal::ParseHead(bytes.View(), limits_, s.head);
  if (result.verdict == HeadResult::Verdict::kBad) stream_.end = End::kRefused;
  if (result.verdict != HeadResult::Verdict::kDone) return false;
  const char* const buffer = bytes.View().data();
  s.framing = internal::FrameRequest(s.head);
  s.keeps_alive = internal::ClientKeepsAlive(s.head) && !s.head.is_connect;  // what follows is meant for a tunnel
  s.body_left = s.framing.length;
  s.decoder = ChunkedDecoder();
  stream_.begun = {std::string(s.head.method.In(buffer)), std::string(s.head.target.In(buffer)), {}, s.framing.expects_continue};
  waiting_.erase(0, result.consumed);
  s.head.Reset();
  stream_.in_body = s.framing.kind != BodyKind::kNone;
  if (!stream_.in_body) stream_.requests.push_back(std::exchange(stream_.begun, {}));
  return true;
}

bool Gate::ReadBody() {
  State& s = *state_;
  if (waiting_.empty()) return false;
  bool ended = false;
  if (s.framing.kind == BodyKind::kLength) {
    const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(s.body_left, waiting_.size()));
    stream_.begun.body.append(waiting_, 0, size);
    waiting_.erase(0, size);
    s.body_left -= size;
    ended = s.body_left == 0;
  } else {
    const ExactCopy bytes(waiting_);
    const ChunkedDecoder::Step step = s.decoder.Next(bytes.View());
    if (step.state == ChunkedDecoder::State::kBad) {
      stream_.end = End::kRefused;
      return false;
    }
    stream_.begun.body += step.data;
    waiting_.erase(0, step.consumed);
    ended = step.state == ChunkedDecoder::State::kDone;
  }
  if (ended) {
    stream_.in_body = false;
    stream_.requests.push_back(std::exchange(stream_.begun, {}));
  }
  return true;
}

Stream JudgeStream(std::string_view bytes, const internal::HeadLimits& limits) {
  Stream stream;
  for (;;) {
    const OracleHead head = JudgeHead(bytes, limits);
    if (head.verdict != OracleVerdict::kTaken) {
      if (head.verdict == OracleVerdict::kRefused) stream.end = End::kRefused;
      return stream;
    }
    bytes.remove_prefix(head.size);
    Seen seen{head.method, head.target, {}, head.expects_continue};
    OracleBody body{OracleVerdict::kTaken, static_cast<std::size_t>(std::min<std::uint64_t>(head.length, bytes.size())), {}};
    body.body = bytes.substr(0, body.size);
    if (body.size < head.length) body.verdict = OracleVerdict::kNeedMore;
    if (head.chunked) body = JudgeChunked(bytes);
    seen.body = body.body;
    if (body.verdict != OracleVerdict::kTaken) {
      stream.in_body = true;
      stream.begun = seen;
      if (body.verdict == OracleVerdict::kRefused) stream.end = End::kRefused;
      return stream;
    }
    stream.requests.push_back(seen);
    bytes.remove_prefix(body.size);
    if (!head.keeps_alive || head.method == "CONNECT") {
      stream.end = End::kClosed;
      return stream;
    }
  }
}

}  // namespace weft::fuzz
