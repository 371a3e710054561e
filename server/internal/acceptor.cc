// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/acceptor.h>

#include <sys/epoll.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include <weft/server/internal/limits.h>

namespace weft::internal {
namespace {

// Connections that are accepted before the loop goes on with other things.
constexpr int kAcceptsInARow = 64;
// Between two tries while there is no room: short at first, because most often somebody idle makes room at once.
constexpr Duration kFirstPause = std::chrono::milliseconds(1);
constexpr Duration kLongestPause = std::chrono::milliseconds(16);

}  // namespace

Acceptor::Acceptor(ServerState& shared, LoopServers& parts, Listener listener)
    : FdWatch(&OnReady),
      shared_(shared),
      parts_(parts),
      loop_(*Loop::Current()),
      listener_(std::move(listener)),
      connections_max_(ResolveLimits(shared.options, MeasureResources()).connections),
      pause_time_(kFirstPause) {}

Acceptor::~Acceptor() { StopWatching(); }

Error Acceptor::Start() {
  // Level-triggered: what is left after a bounded number of accepts is reported again.
  Error err = loop_.Add(*this, listener_.Descriptor(), EPOLLIN);
  watching_ = !err;
  return err.Wrap("watch the listener");
}

void Acceptor::StopWatching() {
  loop_.Disarm(pause_);
  if (!watching_) return;
  watching_ = false;
  loop_.Remove(*this, listener_.Descriptor());
}

Error Acceptor::Wait(const Context& ctx) {
  if (broken_.Wait(ctx)) return {};
  return failure_;
}

void Acceptor::OnReady(FdWatch* watch, std::uint32_t) {
  auto* self = static_cast<Acceptor*>(watch);
  for (int i = 0; i < kAcceptsInARow; ++i) {
    switch (self->AcceptOne(/*drain=*/false)) {
      case Next::kMore: break;
      case Next::kEmpty: return;
      // Only when somebody is known to wait: at the first try. Else the listener tells when there is somebody; accept itself
      // asks for a descriptor before it looks.
      case Next::kPause:
        if (i == 0) self->PauseAccepting();
        return;
      case Next::kStop: self->StopWatching(); return;
    }
  }
}

Acceptor::Next Acceptor::AcceptOne(bool drain) {
  if (!drain && static_cast<std::uint64_t>(shared_.open_connections.load(std::memory_order_relaxed)) >= connections_max_) {
    shortage_ = {};
    return Next::kPause;
  }
  Accepted accepted = listener_.Accept();
  switch (accepted.outcome) {
    case Accepted::Outcome::kConnection: break;
    case Accepted::Outcome::kAgain: return Next::kEmpty;
    case Accepted::Outcome::kExhausted:
      shortage_ = std::error_code(accepted.error, std::generic_category());
      return Next::kPause;
    case Accepted::Outcome::kFatal:
      if (broken_.IsSet()) return Next::kStop;  // the drain looks once more
      failure_ = Error(std::error_code(accepted.error, std::generic_category())).Wrap("accept on " + Bound());
      shared_.observer.OnAcceptFailed({failure_, /*fatal=*/true});
      broken_.Set();
      return Next::kStop;
  }
  shortage_told_ = false;
  pause_time_ = kFirstPause;
  shared_.ConnectionOpened();
  parts_.Place(std::move(accepted.fd), Peer(accepted.peer));
  return Next::kMore;
}

// The backlog keeps those who wait; in the meantime the connection that nobody uses makes room.
void Acceptor::PauseAccepting() {
  if (!std::exchange(shortage_told_, true)) {
    if (shortage_) {
      shared_.observer.OnAcceptFailed({shortage_, /*fatal=*/false});
    } else {
      shared_.observer.OnLimitReached({"", LimitKind::kConnections, connections_max_});
    }
  }
  StopWatching();
  parts_.EvictOneIdle();
  loop_.Arm(pause_, loop_.TurnTime() + pause_time_);
  pause_time_ = std::min(pause_time_ * 2, kLongestPause);
}

void Acceptor::OnPauseEnd(LoopTimer* timer) {
  Acceptor* self = static_cast<Pause*>(timer)->acceptor;
  // No memory for the watch either: then later.
  if (self->Start()) self->loop_.Arm(self->pause_, self->loop_.TurnTime() + kLongestPause);
}

void Acceptor::Drain() {
  RunOnLoop(loop_, [this] {
    StopWatching();
    // As many as can wait: others may still be coming faster than they are taken.
    for (int i = 0; i < shared_.options.backlog && AcceptOne(/*drain=*/true) == Next::kMore; ++i) {
    }
    // A listener of length 0 lets nobody in any more; whoever was let in before or meanwhile is taken.
    if (listener_.StopAccepting()) {
      while (AcceptOne(/*drain=*/true) == Next::kMore) {
      }
    }
    listener_.Close();
  });
}

}  // namespace weft::internal
