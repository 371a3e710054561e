// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/stream.h>

#include <utility>

#include <weft/handlers/internal/stream_state.h>
#include <weft/handlers/server_side.h>

namespace weft {

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

// Where a stream dies that was carried elsewhere says nothing about its request: that one closes it at its end.
void Stream::CloseIfAlive() noexcept {
  if (state_ != nullptr && CurrentScope() == scope_ && state_->transport != nullptr) Close();
}

// The scope comes first: on another loop the state may be changing.
internal::StreamState& Stream::Check(const char* function) const {
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
  return Read(Check("Stream::Read").transport->StreamContext(), buffer);
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
  internal::StreamState& state = Check("Stream::Write");
  if (state.failure) return state.failure;
  if (state.closed || state.write_closed) return kClosed;
  if (data.empty()) return {};
  state.failure = state.transport->WriteStream(data);
  if (!state.failure) state.written += data.size();
  return state.failure;
}

Error Stream::CloseWrite() {
  if (state_ == nullptr) return {};
  internal::StreamState& state = Check("Stream::CloseWrite");
  if (state.failure || std::exchange(state.write_closed, true) || state.closed) return state.failure;
  state.failure = state.transport->CloseStreamWrite();
  return state.failure;
}

void Stream::Close() noexcept {
  if (state_ == nullptr) return;
  internal::StreamState& state = Check("Stream::Close");
  if (!std::exchange(state.closed, true)) state.transport->CloseStream();
}

}  // namespace weft
