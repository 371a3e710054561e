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
// it then aborts.
//
//   weft::Error ServeTunnel(weft::StreamTransport& connection, const Tunnel& handler) {
//     weft::StreamLoan loan;
//     weft::Error err = handler(loan.Lend(connection, weft::CurrentScope()));
//     loan.End();
//     return err;
//   }
//
// The transport still belongs to the lender and must live until End. All functions are called on
// the loop of the scope, and none of them suspends.
class StreamLoan {
 public:
  // Makes the Stream. The fibers of `scope` may use it; a call from any other one aborts.
  Stream Lend(StreamTransport& transport, const Scope& scope);
  bool Lent() const { return state_ != nullptr; }
  // How many bytes were written so far. Only while it is lent.
  std::uint64_t BytesWritten() const;
  // Closes the Stream, whose calls then return kClosed. Does not call the transport.
  void Close() noexcept;
  // Takes the transport back. Calling it again does nothing.
  void End() noexcept;

 private:
  std::shared_ptr<internal::StreamState> state_;
};

}  // namespace weft

#endif  // WEFT_NET_STREAM_LOAN_H_
