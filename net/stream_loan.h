// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_STREAM_LOAN_H_
#define WEFT_NET_STREAM_LOAN_H_

#include <cstdint>
#include <memory>

#include <weft/concurrency/scope.h>
#include <weft/net/stream.h>

namespace weft {

class StreamTransport;

// Lends a transport to a Stream until End. For servers, whose connections outlive the handlers that
// take them over. Only fibers of one scope may use the Stream. It may outlive the loan, but calling
// it then aborts. All functions are called on the loop of the scope.
class StreamLoan {
 public:
  Stream Lend(StreamTransport& transport, const Scope& scope);
  bool Lent() const { return state_ != nullptr; }
  std::uint64_t BytesWritten() const;  // only while it is lent
  void Close() noexcept;  // closes the Stream; does not call the transport
  void End() noexcept;

 private:
  std::shared_ptr<internal::StreamState> state_;
};

}  // namespace weft

#endif  // WEFT_NET_STREAM_LOAN_H_
