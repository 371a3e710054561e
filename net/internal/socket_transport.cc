// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/socket_transport.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include <weft/concurrency/run.h>

namespace weft::internal {
namespace {

Error SystemError(int number, std::string_view what) { return Error(std::error_code(number, std::generic_category())).Wrap(what); }

// A peer that always has or takes bytes must not keep other connections of this loop from their turn.
void LetOthersGo(int& pieces, int most) {
  if (++pieces < most) return;
  pieces = 0;
  Yield();
}

}  // namespace

SocketTransport::SocketTransport(Socket socket, const FdWaitOptions& options) noexcept
    : socket_(std::move(socket)), waiter_(socket_.Descriptor(), options) {}

// A call that uses the descriptor, which stays open until the call ends.
class SocketTransport::Call {
 public:
  explicit Call(SocketTransport& transport) : transport_(transport) { transport_.inside_.fetch_add(1); }
  ~Call() { transport_.Leave(); }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  bool Closed() const { return transport_.closed_; }

 private:
  SocketTransport& transport_;
};

void SocketTransport::Leave() noexcept {
  if (inside_.fetch_sub(1) != 1) return;
  waiter_.Forget();
  socket_.Close();
}

Result<std::size_t> SocketTransport::ReadStream(const Context& ctx, std::span<char> buffer) {
  const Call call(*this);
  // Before it gives up it tries once more: what arrived in time counts.
  for (Error why;;) {
    if (call.Closed()) return kClosed;
    const ssize_t got = socket_.Receive(buffer.data(), buffer.size());
    const int failure = errno;
    if (got >= 0) {
      LetOthersGo(reads_, kPiecesInARow);
      return static_cast<std::size_t>(got);
    }
    if (failure == EINTR) continue;
    if (!WouldWait(failure)) return call.Closed() ? Error(kClosed) : SystemError(failure, "read");
    if (why) return why;
    reads_ = 0;
    why = waiter_.WaitAfterEagain(ctx, FdEvents::kRead);
  }
}

Error SocketTransport::WriteStream(const Context& ctx, std::string_view data) {
  const Call call(*this);
  while (!data.empty()) {
    if (call.Closed()) return kClosed;
    const ssize_t sent = socket_.Send(data.data(), data.size());
    const int failure = errno;
    if (sent >= 0) {
      data.remove_prefix(static_cast<std::size_t>(sent));
      LetOthersGo(writes_, kPiecesInARow);
      continue;
    }
    if (failure == EINTR) continue;
    if (!WouldWait(failure)) return call.Closed() ? Error(kClosed) : SystemError(failure, "write");
    writes_ = 0;
    if (Error err = waiter_.WaitAfterEagain(ctx, FdEvents::kWrite)) return err;
  }
  return {};
}

Error SocketTransport::CloseStreamWrite() {
  const Call call(*this);
  if (call.Closed()) return kClosed;
  if (socket_.ShutWrite()) return {};
  return SystemError(errno, "close the sending side");
}

int SocketTransport::Release() noexcept {
  if (closed_ || inside_ != 1) return -1;
  closed_ = true;
  waiter_.Forget();
  return socket_.Release();
}

// The shutdown wakes the waiters.
void SocketTransport::CloseStream() noexcept {
  closed_ = true;
  socket_.ShutBoth();
  Leave();
}

}  // namespace weft::internal
