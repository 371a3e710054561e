// SPDX-License-Identifier: Apache-2.0
#include "replay.h"

#include <algorithm>
#include <memory>
#include <string_view>

#include <weft/http/internal/http1/chunked_decoder.h>
#include <weft/http/internal/http1/head_parser.h>
#include <weft/http/internal/http1/request_framing.h>

#include "transcript.h"

namespace weft::conformance {
namespace {

using internal::BodyKind;
using internal::ChunkedDecoder;
using internal::HeadResult;

// What a server understands of a stream of bytes, written down.
class Reader {
 public:
  explicit Reader(const internal::HeadLimits& limits) : limits_(limits) {}

  // Takes a piece. What is not used yet is kept, each time in a copy that has no byte behind its end, so that the
  // sanitizer sees a look too far.
  void Take(std::string_view bytes) {
    const std::size_t size = size_ + bytes.size();
    std::unique_ptr<char[]> copy(new char[std::max<std::size_t>(size, 1)]);
    std::copy_n(kept_.get(), size_, copy.get());
    bytes.copy(copy.get() + size_, bytes.size());
    kept_ = std::move(copy);
    size_ = size;
    std::string_view rest(kept_.get(), size_);
    while (!ended_ && Step(rest)) {
    }
    if (ended_) rest = {};
    std::copy(rest.begin(), rest.end(), kept_.get());
    size_ = rest.size();
  }

  const std::string& said() const { return said_; }
  int refused() const { return refused_; }             // the status for a head
  const std::string& reason() const { return reason_; }  // for which head or body was refused

 private:
  // False: more bytes are needed, or it has ended.
  bool Step(std::string_view& rest) {
    switch (framing_.kind) {
      case BodyKind::kLength: return StepLength(rest);
      case BodyKind::kChunked: return StepChunked(rest);
      default: return StepHead(rest);
    }
  }

  bool StepHead(std::string_view& rest) {
    const HeadResult result = internal::ParseHead(rest, limits_, head_);
    switch (result.verdict) {
      case HeadResult::Verdict::kBad:
        refused_ = result.status;
        End(std::to_string(result.status) + ' ' + result.reason, result.reason);
        return false;
      case HeadResult::Verdict::kNeedMore:
        rest.remove_prefix(result.consumed);
        if (result.consumed > 0) head_.DropEmptyLines();
        return false;
      case HeadResult::Verdict::kDone: break;
    }
    said_.append(head_.method.In(rest.data())).append(" ").append(head_.target.In(rest.data()));
    said_.append(" on ").append(head_.host.In(rest.data())).append("\n");
    rest.remove_prefix(result.consumed);
    framing_ = internal::FrameRequest(head_);
    decoder_ = ChunkedDecoder();
    if (framing_.kind == BodyKind::kNone) EndMessage();
    return !ended_;
  }

  bool StepLength(std::string_view& rest) {
    const std::string_view piece = rest.substr(0, framing_.length);
    said_ += piece;
    framing_.length -= piece.size();
    rest.remove_prefix(piece.size());
    if (framing_.length > 0) return false;
    EndMessage();
    return !ended_;
  }

  bool StepChunked(std::string_view& rest) {
    const ChunkedDecoder::Step step = decoder_.Next(rest);
    rest.remove_prefix(step.consumed);
    switch (step.state) {
      case ChunkedDecoder::State::kNeedMore: return false;
      case ChunkedDecoder::State::kData: said_ += step.data; return true;
      case ChunkedDecoder::State::kBad: End(step.reason, step.reason); return false;
      case ChunkedDecoder::State::kDone: break;
    }
    Fields trailer;
    decoder_.CopyTrailersTo(trailer);
    for (const auto& [name, value] : trailer) said_.append("; ").append(name).append("=").append(value);
    EndMessage();
    return !ended_;
  }

  void EndMessage() {
    said_ += "\n.\n";
    framing_ = {};
    if (!internal::ClientKeepsAlive(head_) || head_.is_connect) ended_ = true;
    head_.Reset();
  }
  void End(const std::string& text, const std::string& reason) {
    said_ += text;
    reason_ = reason;
    ended_ = true;
  }

  const internal::HeadLimits limits_;
  internal::Head head_;
  internal::RequestFraming framing_;
  ChunkedDecoder decoder_;
  std::unique_ptr<char[]> kept_{new char[1]};
  std::size_t size_ = 0;
  bool ended_ = false;
  int refused_ = 0;
  std::string reason_;
  std::string said_;
};

// What the case expects of a refusal of these functions.
std::string Judge(const Case& c, const Reader& whole) {
  if (whole.reason().empty()) return {};
  if (!c.closes) return "refused for \"" + whole.reason() + "\", and the case does not close";
  if (whole.refused() == 0) return {};
  if (c.responses.empty() || c.responses.back().status != whole.refused()) return "refused with " + std::to_string(whole.refused());
  return c.reason == whole.reason() ? "" : "refused for \"" + whole.reason() + "\"";
}

}  // namespace

std::vector<std::string> Replay(const Table& table) {
  internal::HeadLimits limits;
  limits.head_bytes = table.options.head_bytes_max;
  limits.target_bytes = table.options.target_bytes_max;
  limits.fields = table.options.fields_max;
  std::vector<std::string> failures;
  for (const Case& c : table.cases) {
    const auto report = [&](const std::string& way, const std::string& what) {
      failures.push_back(table.name + ".cases:" + std::to_string(c.line) + ": " + c.title + " (" + way + "): " + what);
    };
    const std::string glued = c.bytes + "GET /next HTTP/1.1\r\nHost: next\r\n\r\n";
    Reader whole(limits);
    whole.Take(glued);
    if (const std::string wrong = Judge(c, whole); !wrong.empty() && c.afterwards == Afterwards::kGoesOn) report("whole", wrong);
    const std::size_t stride = c.bytes.size() > 3000 ? 7 : 1;
    for (std::size_t cut = 1; cut < c.bytes.size(); cut += stride) {
      Reader reader(limits);
      reader.Take(std::string_view(glued).substr(0, cut));
      reader.Take(std::string_view(glued).substr(cut));
      if (reader.said() != whole.said()) report("cut at " + std::to_string(cut), Shown(reader.said()) + " instead of " + Shown(whole.said()));
    }
    Reader trickled(limits);
    for (const char& byte : glued) trickled.Take({&byte, 1});
    if (trickled.said() != whole.said()) report("byte by byte", Shown(trickled.said()) + " instead of " + Shown(whole.said()));
  }
  return failures;
}

}  // namespace weft::conformance
