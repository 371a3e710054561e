// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_MAKE_STREAM_H_
#define WEFT_NET_MAKE_STREAM_H_

#include <cstdint>
#include <memory>
#include <utility>

#include <weft/concurrency/scope.h>
#include <weft/net/internal/stream_state.h>
#include <weft/net/stream.h>
#include <weft/net/stream_transport.h>

// How a Stream is made of a transport, for those who bring a connection of their own kind. To read and write one needs only stream.h.

namespace weft {

// A Stream that owns its transport, a T that is made of `args`. T is destroyed with the Stream, after CloseStream.
template <class T, class... Args>
Stream MakeStream(Args&&... args) {
  return internal::StreamAccess::Make(std::make_shared<internal::OwnedStreamState<T>>(std::forward<Args>(args)...));
}

// Lends a transport to a Stream, up to End: for servers, whose connections outlive the handlers that take them over. The Stream may be used by
// the fibers of one scope only. It may live longer than the loan; a call of it aborts then. On the loop of the scope.
class StreamLoan {
 public:
  Stream Lend(StreamTransport& transport, const Scope& scope);
  bool Lent() const { return state_ != nullptr; }
  std::uint64_t BytesWritten() const { return state_->written; }  // while it is lent, as the next
  void Close() noexcept { state_->closed = true; }               // for the Stream; the transport is not called
  void End() noexcept;

 private:
  std::shared_ptr<internal::StreamState> state_;
};

}  // namespace weft

#endif  // WEFT_NET_MAKE_STREAM_H_
