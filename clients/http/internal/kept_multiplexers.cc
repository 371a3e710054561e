// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/kept_multiplexers.h>

#include <algorithm>
#include <new>
#include <utility>

namespace weft::internal {

void SharedAttempt::End(OriginPool& pool) {
  if (pool.attempt.get() == this) pool.attempt = nullptr;
  done.Set();
  pool.line.Look();
}

// The oldest first, so that those that are too many become idle.
bool KeptMultiplexers::Join(OriginPool& pool, std::uint64_t after, http2::ClientStream& stream) {
  for (std::size_t i = 0; i < pool.multiplexers.size();) {
    http2::ClientMultiplexer& connection = *pool.multiplexers[i];
    // The event of an end may still be on its way to the loop.
    if (connection.Unused()) connection.ReadNow();
    if (connection.Unused() && connection.Ended()) {
      Drop(connection);
      continue;
    }
    ++i;
    if (connection.number <= after || !connection.TakesMore()) continue;
    stream.Join(connection);
    NoteUsed(connection);
    return true;
  }
  return false;
}

bool KeptMultiplexers::CanShare(const OriginPool& pool) noexcept {
  return std::any_of(pool.multiplexers.begin(), pool.multiplexers.end(), [](const auto& each) { return each->Settled() && !each->Ended(); });
}

bool KeptMultiplexers::MayConnect(const OriginPool& pool) noexcept {
  std::size_t alive = 0;
  std::size_t endless = 0;
  std::size_t streams = 1;
  for (const auto& each : pool.multiplexers) {
    if (each->Ended()) continue;
    ++alive;
    endless += each->Endless();
    streams = std::max(streams, each->StreamsMax());
  }
  return alive < kMultiplexersMax + endless / streams;
}

void KeptMultiplexers::Share(OriginPool& pool, std::unique_ptr<SocketWire> wire, http2::ClientStream& stream,
                            std::shared_ptr<SharedAttempt> attempt) {
  http2::ClientMultiplexer::Home& home = *this;  // which no other code sees
  auto made = std::make_unique<http2::ClientMultiplexer>(std::move(wire), client_.options, pace_, pool, home, loop_);
  made->attempt = std::move(attempt);
  if (!made->Begin()) throw std::bad_alloc();
  made->number = ++pool.multiplexers_made;
  pool.multiplexers.push_back(std::move(made));
  try {
    stream.Join(*pool.multiplexers.back());
  } catch (const std::bad_alloc&) {
    Drop(*pool.multiplexers.back());
    throw;
  }
}

void KeptMultiplexers::NoteUsed(http2::ClientMultiplexer& connection) noexcept {
  if (!std::exchange(connection.counts_as_idle, false)) return;
  connection.pool().shared->idle.fetch_sub(1, std::memory_order_relaxed);
  client_.idle.fetch_sub(1, std::memory_order_relaxed);
}

void KeptMultiplexers::Drop(http2::ClientMultiplexer& connection) noexcept {
  OriginPool& pool = connection.pool();
  NoteUsed(connection);
  std::erase_if(pool.multiplexers, [&connection](const auto& each) { return each.get() == &connection; });
  client_.closed.fetch_add(1, std::memory_order_relaxed);
  pool.line.Look();
}

void KeptMultiplexers::OnSettled(http2::ClientMultiplexer& connection) noexcept {
  if (const std::shared_ptr<SharedAttempt> attempt = std::move(connection.attempt)) attempt->End(connection.pool());
}

void KeptMultiplexers::OnRoom(http2::ClientMultiplexer& connection) noexcept { connection.pool().line.Look(); }

void KeptMultiplexers::OnEnd(http2::ClientMultiplexer& connection) noexcept { Drop(connection); }

void KeptMultiplexers::OnUnused(http2::ClientMultiplexer& connection) noexcept {
  if (client_.options.idle_per_origin_max == 0) return Drop(connection);
  connection.pool().line.Look();
  connection.unused_since = Now();
  connection.counts_as_idle = true;
  client_.idle.fetch_add(1, std::memory_order_relaxed);
  owner_.OnIdle(connection);
}

http2::ClientMultiplexer* KeptMultiplexers::IdleSince(OriginPool& pool, TimePoint since) noexcept {
  http2::ClientMultiplexer* oldest = nullptr;
  for (const auto& each : pool.multiplexers) {
    if (!each->counts_as_idle || each->unused_since > since) continue;
    if (oldest == nullptr || each->unused_since < oldest->unused_since) oldest = each.get();
  }
  return oldest;
}

}  // namespace weft::internal
