// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/kept_connections.h>

#include <algorithm>
#include <utility>

namespace weft::internal {

KeptConnections::KeptConnections(ClientShared& client, Loop& loop) : client_(client), loop_(loop) {
  const std::lock_guard hold(client_.parts_lock);
  client_.parts.push_back(this);
}

KeptConnections::~KeptConnections() {
  loop_.Disarm(timer_);
  {
    const std::lock_guard hold(client_.parts_lock);
    Part* const self = this;
    std::erase(client_.parts, self);
  }
  trim_->part = nullptr;
  for (auto& [name, pool] : pools_) {
    while (!pool.idle.empty()) CloseAt(pool, pool.idle.size() - 1);
    while (!pool.multiplexers.empty()) multiplexers_.Drop(*pool.multiplexers.back());
  }
}

OriginPool& KeptConnections::Pool(const std::string& origin) {
  if (const auto at = pools_.find(std::string_view(origin)); at != pools_.end()) return at->second;
  std::shared_ptr<SharedOrigin> shared = client_.FindOrigin(origin);
  OriginPool& pool = pools_[origin];
  pool.shared = std::move(shared);
  ArmFor(Now() + kLookEvery);
  return pool;
}

std::unique_ptr<ClientWire> KeptConnections::TakeIdle(OriginPool& pool, bool sees_its_end) {
  while (!pool.idle.empty()) {
    if (sees_its_end && !pool.idle.back().wire->SeesItsEnd()) return nullptr;
    std::unique_ptr<ClientWire> wire = std::move(pool.idle.back().wire);
    pool.idle.pop_back();
    pool.shared->idle.fetch_sub(1, std::memory_order_relaxed);
    client_.idle.fetch_sub(1, std::memory_order_relaxed);
    wire->Wake();
    // The event of an end, or of unexpected bytes, may still be on its way to the loop.
    if (wire->StaysQuiet()) return wire;
    client_.closed.fetch_add(1, std::memory_order_relaxed);
  }
  return nullptr;
}

Result<std::unique_ptr<ClientWire>> KeptConnections::Open(const Context& ctx, const HttpUrl& url, OriginPool& pool, bool http2) {
  Result<std::unique_ptr<ClientWire>> made = client_.connector.Connect(ctx, url, *pool.shared, http2);
  if (made.Ok()) {
    client_.opened.fetch_add(1, std::memory_order_relaxed);
    (*made)->pool = &pool;
  } else {
    client_.failed.fetch_add(1, std::memory_order_relaxed);
  }
  return made;
}

void KeptConnections::Close(std::unique_ptr<ClientWire> wire) noexcept {
  TakeTicket(*wire, *wire->pool);
  wire.reset();
  client_.closed.fetch_add(1, std::memory_order_relaxed);
}

void KeptConnections::TakeTicket(ClientWire& wire, OriginPool& pool) {
  TlsSession* const tls = wire.Tls();
  if (tls == nullptr) return;
  if (TlsSession::Ticket ticket = tls->TakeTicket()) pool.shared->KeepTicket(std::move(ticket));
}

void KeptConnections::Keep(std::unique_ptr<ClientWire> wire) noexcept {
  OriginPool& pool = *wire->pool;
  if (client_.options.idle_per_origin_max == 0 || !wire->Rest(*this)) {
    client_.closed.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const TimePoint now = Now();
  pool.idle.push_back({std::move(wire), now});
  client_.idle.fetch_add(1, std::memory_order_relaxed);
  const std::uint32_t kept = pool.shared->idle.fetch_add(1, std::memory_order_relaxed) + 1;
  if (kept > client_.options.idle_per_origin_max) {
    if (pool.idle.size() > 1) {
      CloseAt(pool, 0);
    } else {
      client_.TrimElsewhere(*this);
    }
  }
  if (!timer_.Armed() && client_.options.idle_timeout != kUnlimited) ArmFor(now + client_.options.idle_timeout);
}

// Both protocols share the bound on idle connections.
void KeptConnections::OnIdle(http2::ClientMultiplexer& connection) noexcept {
  OriginPool& pool = connection.pool();
  const TimePoint since = connection.unused_since;
  if (pool.shared->idle.fetch_add(1, std::memory_order_relaxed) + 1 > client_.options.idle_per_origin_max) {
    http2::ClientMultiplexer* const oldest = KeptMultiplexers::IdleSince(pool, TimePoint::max());
    if (!pool.idle.empty()) {
      CloseAt(pool, 0);
    } else if (oldest != &connection) {
      multiplexers_.Drop(*oldest);
    } else {
      client_.TrimElsewhere(*this);
    }
  }
  if (client_.options.idle_timeout != kUnlimited) ArmFor(since + client_.options.idle_timeout);
}

void KeptConnections::CloseAt(OriginPool& pool, std::size_t index) noexcept {
  pool.idle[index].wire->Wake();
  pool.idle.erase(pool.idle.begin() + static_cast<std::ptrdiff_t>(index));
  pool.shared->idle.fetch_sub(1, std::memory_order_relaxed);
  client_.idle.fetch_sub(1, std::memory_order_relaxed);
  client_.closed.fetch_add(1, std::memory_order_relaxed);
}

void KeptConnections::OnIdleEnd(ClientWire& wire) noexcept {
  OriginPool& pool = *wire.pool;
  const auto at = std::find_if(pool.idle.begin(), pool.idle.end(), [&wire](const OriginPool::Kept& kept) { return kept.wire.get() == &wire; });
  if (at != pool.idle.end()) CloseAt(pool, static_cast<std::size_t>(at - pool.idle.begin()));
}

void KeptConnections::ArmFor(TimePoint when) noexcept {
  if (!timer_.Armed()) loop_.Arm(timer_, when);
}

// The oldest one of an origin is the first. An origin that was not used for this long is forgotten, so that a client with very many
// hosts does not grow.
void KeptConnections::CloseOld() {
  const TimePoint now = Now();
  TimePoint next = TimePoint::max();
  bool forgot = false;
  for (auto at = pools_.begin(); at != pools_.end();) {
    OriginPool& pool = at->second;
    while (!pool.idle.empty() && now - pool.idle.front().since >= client_.options.idle_timeout) CloseAt(pool, 0);
    while (http2::ClientMultiplexer* const idle = KeptMultiplexers::IdleSince(pool, now - client_.options.idle_timeout)) multiplexers_.Drop(*idle);
    if (!pool.idle.empty()) {
      if (client_.options.idle_timeout != kUnlimited) next = std::min(next, pool.idle.front().since + client_.options.idle_timeout);
      ++at;
    } else if (const http2::ClientMultiplexer* const idle = KeptMultiplexers::IdleSince(pool, now)) {
      if (client_.options.idle_timeout != kUnlimited) next = std::min(next, idle->unused_since + client_.options.idle_timeout);
      ++at;
    } else if (pool.users != 0 || !pool.multiplexers.empty()) {
      ++at;
    } else {
      forgot = true;
      at = pools_.erase(at);
    }
  }
  if (forgot) client_.ForgetUnused();
  if (next != TimePoint::max()) ArmFor(std::max(next, now + kLookEvery));
}

void KeptConnections::AskToTrim() noexcept {
  if (trim_->asked.exchange(true)) return;
  if (!loop_.TryHold()) return;  // it ends, and what it has kept with it
  trim_->self = trim_;
  loop_.Post(*trim_);
}

void KeptConnections::TrimTask::Run() noexcept {
  const std::shared_ptr<TrimTask> kept = std::move(self);
  asked = false;
  if (part != nullptr) part->Trim();
  loop.Release();
}

void KeptConnections::Trim() noexcept {
  for (auto& [name, pool] : pools_) {
    while (!pool.idle.empty() && pool.shared->idle.load() > client_.options.idle_per_origin_max) CloseAt(pool, 0);
    while (pool.shared->idle.load() > client_.options.idle_per_origin_max) {
      http2::ClientMultiplexer* const idle = KeptMultiplexers::IdleSince(pool, TimePoint::max());
      if (idle == nullptr) break;
      multiplexers_.Drop(*idle);
    }
  }
}

}  // namespace weft::internal
