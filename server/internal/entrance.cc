// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/entrance.h>

#include <poll.h>

#include <new>
#include <system_error>
#include <utility>

#include <weft/server/internal/limits.h>

namespace weft::internal {

Entrance::Entrance(ServerState& shared, Placement& placement, Listener listener)
    : shared_(shared),
      placement_(placement),
      listener_(std::move(listener)),
      bound_(listener_.Bound().starts_with("unix:") ? listener_.Bound() : (shared.options.tls ? "https://" : "http://") + listener_.Bound()),
      connections_max_(ResolveLimits(shared.options, MeasureResources()).connections) {}

Entrance::Next Entrance::AcceptOne(Loop* here) {
  if (!open_.load()) return Next::kStop;
  if (static_cast<std::uint64_t>(shared_.open_connections.load(std::memory_order_relaxed)) >= connections_max_) {
    shortage_.store(0, std::memory_order_relaxed);
    forbidden_.store(false, std::memory_order_relaxed);
    return Next::kPause;
  }
  return Take(here);
}

// The connection is counted before it exists: a drain that finds none open must not overlook one that another thread is about to accept.
Entrance::Next Entrance::Take(Loop* here) {
  shared_.ConnectionOpened();
  const Next next = open_.load() ? TakeCounted(here) : Next::kStop;
  if (next != Next::kMore) shared_.ConnectionClosed();
  return next;
}

Entrance::Next Entrance::TakeCounted(Loop* here) {
  Accepted accepted = listener_.Accept();
  switch (accepted.outcome) {
    case Accepted::Outcome::kConnection: break;
    case Accepted::Outcome::kAgain: return Next::kEmpty;
    case Accepted::Outcome::kExhausted:
    case Accepted::Outcome::kForbidden:
      shortage_.store(accepted.error, std::memory_order_relaxed);
      forbidden_.store(accepted.outcome == Accepted::Outcome::kForbidden, std::memory_order_relaxed);
      return Next::kPause;
    case Accepted::Outcome::kFatal:
      // The drain checks once more, and shuts the socket while others may still be accepting.
      if (!open_.load() || failed_.exchange(true)) return Next::kStop;
      failure_ = Error(std::error_code(accepted.error, std::generic_category())).Wrap("accept on " + Bound());
      shared_.observer.OnAcceptFailed({failure_, /*fatal=*/true});
      broken_.Set();
      return Next::kStop;
  }
  if (shortage_told_.load(std::memory_order_relaxed)) shortage_told_.store(false, std::memory_order_relaxed);
  const Peer peer(accepted.peer);
  try {
    placement_.Place(std::move(accepted.fd), peer, here);
  } catch (const std::bad_alloc&) {  // this connection is lost; the server continues
    shared_.ConnectionClosed();
    ReportOutOfMemory();
  }
  return Next::kMore;
}

void Entrance::ReportOutOfMemory() noexcept {
  try {
    shared_.observer.OnOutOfMemory({"", 0});
  } catch (const std::bad_alloc&) {  // there is no memory even for that
  }
}

void Entrance::NoteShortage() noexcept {
  try {
    ReportShortage();
  } catch (const std::bad_alloc&) {
    ReportOutOfMemory();
  }
  if (!forbidden_.load(std::memory_order_relaxed)) placement_.EvictOneIdle();
}

void Entrance::ReportShortage() {
  if (!shortage_told_.exchange(true)) {
    if (const int number = shortage_.load(std::memory_order_relaxed)) {
      shared_.observer.OnAcceptFailed({Error(std::error_code(number, std::generic_category())), /*fatal=*/false});
    } else {
      shared_.observer.OnLimitReached({"", LimitKind::kConnections, connections_max_});
    }
  }
}

// Only connections that have waited since the last check: newer ones belong to a loop, which has been woken. If all loops are held,
// they wait in the backlog, where the first loop that runs again finds them.
void Entrance::HandOn() {
  pollfd waiting{Descriptor(), POLLIN, 0};
  const bool waits = open_.load() && poll(&waiting, 1, 0) > 0;
  if (waits && waited_ && placement_.AnyTurns()) {
    while (AcceptOne(nullptr) == Next::kMore) {
    }
  }
  waited_ = waits;
}

void Entrance::Shut() {
  // At most as many as the backlog holds: new ones may arrive faster than they are taken.
  for (int i = 0; i < shared_.options.backlog && Take(nullptr) == Next::kMore; ++i) {
  }
  // A listener with a backlog of 0 lets no more clients in; those let in before or meanwhile are accepted.
  if (listener_.StopAccepting()) {
    while (Take(nullptr) == Next::kMore) {
    }
  }
  open_.store(false);
  listener_.Shut();
}

Error Entrance::Wait(const Context& ctx) {
  if (broken_.Wait(ctx)) return {};
  return failure_;
}

}  // namespace weft::internal
