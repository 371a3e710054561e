// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/faulty_link.h>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <weft/concurrency/copy.h>
#include <weft/net/internal/address.h>
#include <weft/net/internal/connect.h>
#include <weft/net/make_stream.h>

namespace weft::internal {
namespace {

Error BrokenByTest() { return std::errc::connection_reset; }

// The two ends between which the bytes of a connection are passed.
struct Relay {
  Stream near;
  Stream far;

  void Close() noexcept {
    near.Close();
    far.Close();
  }
};

}  // namespace

void LinkState::Set(LinkFault next) {
  fault.Set(next);
  const bool breaks = next.kind == LinkFault::Kind::kRefuse || (next.kind == LinkFault::Kind::kReset && next.after_bytes == 0);
  if (!breaks) return;
  const std::lock_guard hold(lock);
  for (FaultyLink* link : links) link->Break();
}

FaultyLink::FaultyLink(Socket socket, std::shared_ptr<LinkState> state)
    : transport_(std::move(socket), {.waits_for = "test server", .holds_time = false}), state_(std::move(state)) {
  const std::lock_guard hold(state_->lock);
  state_->links.push_back(this);
}

FaultyLink::~FaultyLink() {
  const std::lock_guard hold(state_->lock);
  std::erase(state_->links, this);
}

// Waits until nothing holds back what has arrived.
Error FaultyLink::WaitForTheWay(const Context& ctx) {
  WatchReader<LinkFault> changes = state_->fault.Reader();
  for (;;) {
    const Result<LinkFault> fault = changes.Next(ctx);
    if (Error err = fault.Err()) return err;
    if (fault->kind == LinkFault::Kind::kStall) continue;
    if (fault->kind == LinkFault::Kind::kDelay && asked_.exchange(false)) return Sleep(ctx, fault->by);
    return {};
  }
}

Result<std::size_t> FaultyLink::ReadStream(const Context& ctx, std::span<char> buffer) {
  if (held_.empty()) {
    const LinkFault fault = state_->fault.Get();
    if (fault.kind == LinkFault::Kind::kReset) {
      if (received_ >= fault.after_bytes) Break();
      buffer = buffer.first(std::min<std::uint64_t>(buffer.size(), std::max<std::uint64_t>(fault.after_bytes - std::min(received_, fault.after_bytes), 1)));
    }
    if (broken_) return BrokenByTest();
    const Result<std::size_t> got = transport_.ReadStream(ctx, buffer);
    if (broken_) return BrokenByTest();
    if (!got.Ok() || *got == 0) return got;
    // The fault may have begun while this waited for bytes.
    const LinkFault then = state_->fault.Get();
    const std::uint64_t left = then.kind == LinkFault::Kind::kReset ? then.after_bytes - std::min(received_, then.after_bytes) : *got;
    if (left == 0) {
      Break();
      return BrokenByTest();
    }
    held_.assign(buffer.data(), std::min<std::uint64_t>(*got, left));
    received_ += held_.size();
  }
  if (Error err = WaitForTheWay(ctx)) return err;
  if (broken_) return BrokenByTest();
  const std::size_t size = held_.copy(buffer.data(), buffer.size());
  held_.erase(0, size);
  return size;
}

Error FaultyLink::WriteStream(const Context& ctx, std::string_view data) {
  if (broken_) return std::errc::broken_pipe;
  asked_ = true;
  Error err = transport_.WriteStream(ctx, data);
  return broken_ ? Error(std::errc::broken_pipe) : err;
}

Result<Stream> DialTestServer(const Context& ctx, const std::string& bound, const std::shared_ptr<LinkState>& state) {
  const LinkFault fault = state->fault.Get();
  if (fault.kind == LinkFault::Kind::kRefuse) return Error(std::errc::connection_refused);
  if (fault.kind == LinkFault::Kind::kDelay) {
    if (Error err = Sleep(ctx, fault.by)) return err;
  }
  const std::size_t scheme = bound.find("://");
  const Result<SocketAddress> address = ResolveAddress(scheme == std::string::npos ? bound : bound.substr(scheme + 3));
  if (Error err = address.Err()) return err;
  Result<Fd> fd = Connect(ctx, {&*address, 1}, {.holds_time = false});
  if (Error err = fd.Err()) return err;
  return MakeStream<FaultyLink>(Socket(*std::move(fd)), state);
}

Result<Stream> Relayed(Group& group, Stream far) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) return Error(std::error_code(errno, std::generic_category()));
  const FdWaitOptions waits{.waits_for = "test network", .holds_time = false};
  auto relay = std::make_shared<Relay>();
  relay->near = MakeStream<SocketTransport>(Socket(Fd(ends[0])), waits);
  relay->far = std::move(far);
  Stream mine = MakeStream<SocketTransport>(Socket(Fd(ends[1])), waits);
  const bool taken = group.Go("relay to the client", [relay](const Context& ctx) {
    static_cast<void>(Copy(ctx, relay->far, relay->near));
    relay->Close();
  }) && group.Go("relay to the server", [relay](const Context& ctx) {
    if (Copy(ctx, relay->near, relay->far).Ok()) {
      static_cast<void>(relay->far.CloseWrite());
    } else {
      relay->Close();
    }
  });
  if (!taken) return kClosed;
  return mine;
}

}  // namespace weft::internal
