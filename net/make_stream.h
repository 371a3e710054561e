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

// Makes a Stream from a transport, for those who bring their own kind of connection. To read and
// write, stream.h is enough.

namespace weft {

// Makes a Stream that owns its transport: a T that is constructed from `args`. The T is destroyed
// with the Stream, after CloseStream.
template <class T, class... Args>
Stream MakeStream(Args&&... args) {
  return internal::StreamAccess::Make(std::make_shared<internal::OwnedStreamState<T>>(std::forward<Args>(args)...));
}

// Lends a transport to a Stream until End. For servers, whose connections outlive the handlers that
// take them over. Only fibers of one scope may use the Stream. It may outlive the loan, but calling
// it then aborts. All functions are called on the loop of the scope.
class StreamLoan {
 public:
  Stream Lend(StreamTransport& transport, const Scope& scope);
  bool Lent() const { return state_ != nullptr; }
  std::uint64_t BytesWritten() const { return state_->written; }  // only while it is lent
  // closes the Stream; does not call the transport
  void Close() noexcept { state_->closed = true; }
  void End() noexcept;

 private:
  std::shared_ptr<internal::StreamState> state_;
};

}  // namespace weft

#endif  // WEFT_NET_MAKE_STREAM_H_
