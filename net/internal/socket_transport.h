// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_SOCKET_TRANSPORT_H_
#define WEFT_NET_INTERNAL_SOCKET_TRANSPORT_H_

#include <atomic>
#include <cstddef>
#include <span>
#include <string_view>

#include <weft/concurrency/wait_fd.h>
#include <weft/net/internal/socket.h>
#include <weft/net/stream_transport.h>

namespace weft::internal {

// A connected socket under a Stream that owns it. It stays in the epoll set of the loop that uses it, so a call that need not wait is one
// system call, and one that must wait is two.
class SocketTransport final : public StreamTransport {
 public:
  explicit SocketTransport(Socket socket, const FdWaitOptions& options = {.waits_for = "stream"}) noexcept;
  ~SocketTransport() = default;

  Result<std::size_t> ReadStream(const Context& ctx, std::span<char> buffer) override;
  Error WriteStream(const Context& ctx, std::string_view data) override;
  Error CloseStreamWrite() override;
  void CloseStream() noexcept override;
  // Hands the descriptor over to the caller; the transport is then closed. -1: it is closed already, or in use.
  int Release() noexcept;

 private:
  static constexpr int kPiecesInARow = 4;  // without a wait, before others of the loop get their turn

  class Call;
  void Leave() noexcept;

  Socket socket_;
  FdWaiter waiter_;
  int reads_ = 0;
  int writes_ = 0;
  std::atomic<bool> closed_{false};
  std::atomic<int> inside_{1};  // calls, and one for being open: the last one closes the descriptor
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_SOCKET_TRANSPORT_H_
