// SPDX-License-Identifier: Apache-2.0
//
// How a response gets out: the head, the end, and what becomes of one that fails. What handlers call is in response_writer.cc.
#include <exception>

#include <weft/handlers/error_status.h>
#include <weft/handlers/handler.h>
#include <weft/handlers/internal/body_fields.h>
#include <weft/handlers/response_writer.h>
#include <weft/handlers/server_side.h>
#include <weft/http/status.h>

namespace weft {

void ResponseWriter::End() {
  state_ = State::kEnded;
  sink_ = nullptr;
  head_sent_ = false;
  file_failed_ = false;
  status_ = 0;
  buffer_ = {};
  written_ = buffered_ = 0;
  declared_.reset();
  failure_ = Error();
  header_.Clear();
  extras_.Clear();
}

// The last moment before a head is built. A status that promises another protocol would make the client wait for that protocol,
// and take the next response for it.
Error ResponseWriter::BeginHead() {
  if (PromisesOtherProtocol()) {
    return connect_ ? HttpError(501, "tunnels are not supported here") : Error::New("a 101 response needs Hijack");
  }
  if (extras_.HasHooks()) RunHooks();
  return {};
}

// A hook may add further ones and may throw; either way each runs at most once.
[[gnu::noinline]] void ResponseWriter::RunHooks() {
  struct InHook {
    explicit InHook(State& s) : state(s), before(s) { state = State::kInHook; }
    ~InHook() {
      if (state == State::kInHook) state = before;
    }
    State& state;
    const State before;
  } in_hook(state_);
  std::vector<std::function<void()>>& hooks = extras_.hooks;
  while (!hooks.empty()) {
    const std::function<void()> hook = std::move(hooks.back());
    hooks.pop_back();
    hook();
  }
}

Error ResponseWriter::SendHead() {
  if (failure_) return failure_;  // a hook has aborted
  // RFC 9110 section 8.6: no length with 1xx and 204; with 304 it is that of the response which was
  // not sent.
  declared_ = StatusAllowsBody(status_) || status_ == 304 ? HandlersLength() : std::nullopt;
  header_.Del("Content-Length");
  head_sent_ = true;
  state_ = State::kStreaming;
  return Fail(sink_->SendHead(status_, header_, declared_));
}

Error ResponseWriter::SendBuffered(std::string_view more) {
  const ResponseSink::BufferUse use(*sink_);
  const std::string_view buffered(buffer_.data(), std::exchange(buffered_, 0));
  if (head_only_) return {};
  return Fail(sink_->SendBody(buffered, more));
}

Error ResponseWriter::Finish() {
  if (failure_) return failure_;
  if (file_failed_) return Error::New("the body lacks a part of a file that could not be read");
  if (status_ == 0) status_ = 200;
  if (Error err = FinishFilters()) return err;
  return state_ == State::kBuffering ? FinishBuffered() : FinishStreaming();
}

Error ResponseWriter::FinishBuffered() {
  if (PromisesOtherProtocol() || extras_.HasHooks()) {
    if (Error err = BeginHead()) return err;
  }
  if (failure_) return failure_;
  const bool has_body = StatusAllowsBody(status_);
  if (MayHaveLength() || (has_body && extras_.HasTrailer())) return FinishDescribed(has_body);
  return FinishWhole();
}

// With a length that the handler has set, or with a trailer.
Error ResponseWriter::FinishDescribed(bool has_body) {
  const std::optional<std::uint64_t> length = HandlersLength();
  const bool describes_another = length && (status_ == 304 || (head_only_ && written_ == 0));
  if (has_body && length && *length != written_ && !describes_another) {
    return Error::New("the body is shorter than its Content-Length");
  }
  if (describes_another || (has_body && extras_.HasTrailer())) {
    if (Error err = SendHead()) return err;
    return FinishStreaming();
  }
  header_.Del("Content-Length");
  return FinishWhole();
}

[[gnu::always_inline]] inline Error ResponseWriter::FinishWhole() {
  head_sent_ = true;
  state_ = State::kFinished;
  return Fail(sink_->SendWhole(status_, header_, {buffer_.data(), buffered_}));
}

Error ResponseWriter::FinishStreaming() {
  if (!head_only_ && StatusAllowsBody(status_) && declared_ && written_ < *declared_) {
    return Error::New("the body is shorter than its Content-Length");
  }
  const std::string_view rest = head_only_ ? std::string_view() : std::string_view(buffer_.data(), buffered_);
  state_ = State::kFinished;
  return Fail(sink_->SendEnd(rest, extras_.trailer));
}

bool ResponseWriter::Restart() {
  Check("ResponseWriter::Restart");
  if (state_ != State::kBuffering || failure_) return false;
  status_ = 0;
  buffered_ = 0;
  written_ = 0;
  extras_.filters.Clear();
  file_failed_ = false;
  extras_.trailer.Clear();
  internal::DeleteBodyFields(header_);
  return true;
}

void ResponseWriter::Abort() {
  Check("ResponseWriter::Abort");
  if (state_ == State::kAborted) return;
  if (state_ == State::kHijacked) extras_.stream.Close();
  state_ = State::kAborted;
  static_cast<void>(Fail(kClosed));
  sink_->Abort();
}

}  // namespace weft
