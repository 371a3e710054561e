// SPDX-License-Identifier: Apache-2.0
#include <weft/net/stream.h>

#include <mutex>
#include <utility>

#include <weft/net/internal/socket_transport.h>
#include <weft/net/internal/stream_state.h>
#include <weft/net/stream_transport.h>

namespace weft {
namespace {

// The turn to write on a stream of one's own. For a lent stream, its transport decides whose turn it is.
class Turn {
 public:
  Turn(internal::StreamState& state, const Context& ctx) : mutex_(state.turn), held_(!state.lent) {
    if (!held_) return;
    failure_ = mutex_.Lock(ctx);
    held_ = !failure_;
  }
  ~Turn() {
    if (held_) mutex_.unlock();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  const Error& Failure() const { return failure_; }

 private:
  Mutex& mutex_;
  bool held_;
  Error failure_;
};

}  // namespace

Stream::Stream() noexcept = default;
Stream::Stream(std::shared_ptr<internal::StreamState> state) noexcept : scope_(state->scope), state_(std::move(state)) {}
Stream::Stream(Stream&& other) noexcept = default;

Stream& Stream::operator=(Stream&& other) noexcept {
  if (this == &other) return *this;
  CloseIfAlive();
  scope_ = other.scope_;
  state_ = std::move(other.state_);
  return *this;
}

Stream::~Stream() { CloseIfAlive(); }

// A lent stream may be destroyed where its request does not run. Then it is not closed here: the request closes it at its end.
void Stream::CloseIfAlive() noexcept {
  if (state_ == nullptr) return;
  if (!state_->lent || (CurrentScope() == scope_ && state_->transport != nullptr)) Close();
}

// The scope is checked first: on another loop the state may be changing.
internal::StreamState& Stream::Check(const char* function) const {
  if (!state_->lent) return *state_;
  const Scope here = CurrentScope();
  if (here.loop == scope_.loop && state_->transport == nullptr) {
    internal::AbortMisuse(function, "used after its handler has returned");
  }
  if (here != scope_) {
    internal::AbortMisuse(function, "used from another loop, or by a fiber that does not belong to its request");
  }
  return *state_;
}

Result<std::size_t> Stream::Read(std::span<char> buffer) {
  if (state_ == nullptr) return kClosed;
  const Context* given = Check("Stream::Read").transport->StreamContext();
  return given != nullptr ? Read(*given, buffer) : Read(CurrentContext(), buffer);
}

Result<std::size_t> Stream::Read(const Context& ctx, std::span<char> buffer) {
  if (state_ == nullptr) return kClosed;
  internal::StreamState& state = Check("Stream::Read");
  if (Error err = ctx.Err()) return err;
  if (state.closed) return kClosed;
  if (buffer.empty()) return std::size_t{0};
  return state.transport->ReadStream(ctx, buffer);
}

Error Stream::Write(std::string_view data) {
  if (state_ == nullptr) return kClosed;
  const bool without = Check("Stream::Write").transport->StreamContext() != nullptr;
  return WriteAll(without ? Background() : CurrentContext(), data);
}

Error Stream::Write(const Context& ctx, std::string_view data) {
  if (state_ == nullptr) return kClosed;
  Check("Stream::Write");
  return WriteAll(ctx, data);
}

Error Stream::WriteAll(const Context& ctx, std::string_view data) {
  internal::StreamState& state = *state_;
  const Turn turn(state, ctx);
  if (Error err = turn.Failure()) return err;
  if (Error err = state.transport->WaitToWrite(ctx)) return err;  // nothing of it was sent: the stream continues
  if (state.failure) return state.failure;
  if (state.closed || state.write_closed) return kClosed;
  if (Error err = ctx.Err()) return err;
  if (data.empty()) return {};
  Error err = state.transport->WriteStream(ctx, data);
  if (err) {
    if (!state.failure) state.failure = err;
  } else {
    state.written += data.size();
  }
  return err;
}

Error Stream::CloseWrite() {
  if (state_ == nullptr) return {};
  internal::StreamState& state = Check("Stream::CloseWrite");
  const Turn turn(state, Background());
  if (state.failure || std::exchange(state.write_closed, true) || state.closed) return state.failure;
  state.failure = state.transport->CloseStreamWrite();
  return state.failure;
}

void Stream::Close() noexcept {
  if (state_ == nullptr) return;
  internal::StreamState& state = Check("Stream::Close");
  if (!state.closed.exchange(true)) state.transport->CloseStream();
}

namespace internal {

Result<std::size_t> StreamAccess::ReadWhatIsThere(Stream& stream, const Context& ctx, std::span<char> buffer) {
  if (stream.state_ == nullptr) return kClosed;
  StreamState& state = stream.Check("Stream::Read");
  return state.closed ? Result<std::size_t>(kClosed) : state.transport->ReadStream(ctx, buffer);
}

const Context* StreamAccess::RequestContext(const Stream& stream) noexcept {
  const bool lent = stream.state_ != nullptr && stream.state_->lent && stream.state_->transport != nullptr;
  return lent ? stream.state_->transport->StreamContext() : nullptr;
}

int StreamAccess::ReleaseSocket(Stream& stream) noexcept {
  if (stream.state_ == nullptr || stream.state_->lent || stream.state_->closed) return -1;
  auto* const transport = dynamic_cast<SocketTransport*>(stream.state_->transport);
  const int fd = transport != nullptr ? transport->Release() : -1;
  if (fd >= 0) stream.state_->closed = true;
  return fd;
}

}  // namespace internal
}  // namespace weft
