// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/name_cache.h>

#include <cstring>
#include <memory>
#include <utility>

#include <weft/concurrency/await.h>
#include <weft/net/internal/connect.h>

namespace weft::internal {
namespace {

Semaphore& LookupSlots() {
  static Semaphore slots(NameCache::kLookupsMax);
  return slots;
}

}  // namespace

Result<NameCache::Verdict> NameCache::LookUp(const Context& ctx, const std::string& host, std::uint16_t port) {
  Result<Permit> slot = LookupSlots().Hold(ctx);
  if (Error err = slot.Err()) return err;
  // A lookup whose caller has given up still occupies a thread, so it counts until the name server has replied.
  const auto endpoints = ResolveHolding(ctx, host, std::to_string(port), std::make_shared<Permit>(*std::move(slot)));
  if (Error err = endpoints.Err()) {
    if (ctx.Err()) return err;
    return Verdict{nullptr, err};
  }
  std::vector<SocketAddress> addresses;
  for (const auto& endpoint : *endpoints) {
    SocketAddress each;
    each.size = static_cast<socklen_t>(endpoint.size());
    std::memcpy(&each.local, endpoint.data(), endpoint.size());
    addresses.push_back(each);
  }
  return Verdict{std::make_shared<const std::vector<SocketAddress>>(InterleaveFamilies(addresses)), {}};
}

void NameCache::Keep(const std::string& name, const Verdict& verdict) {
  const std::lock_guard hold(lock_);
  if (entries_.size() >= kNamesMax && !entries_.contains(name)) entries_.clear();
  Entry& entry = entries_[name];
  entry.asked = Now();
  entry.failure = verdict.failure;
  if (verdict.failure) return;
  entry.addresses = verdict.addresses;
  entry.found = entry.asked;
}

Result<NameCache::Addresses> NameCache::Find(const Context& ctx, const std::string& host, std::uint16_t port) {
  const std::string name = host + ":" + std::to_string(port);
  Addresses stale;
  {
    const std::lock_guard hold(lock_);
    if (const auto at = entries_.find(name); at != entries_.end()) {
      const Entry& entry = at->second;
      const Duration age = Now() - entry.asked;
      if (!entry.failure && age < kGoodFor) return entry.addresses;
      if (Now() - entry.found < kStaleFor) stale = entry.addresses;
      if (entry.failure && age < kBadFor) {
        if (stale != nullptr) return stale;
        return entry.failure;
      }
    }
  }
  // The work may continue after this call: it has copies.
  const auto outcome = lookups_.Do(ctx, name, [host, port](const Context& of_all) { return LookUp(of_all, host, port); });
  if (Error err = ctx.Err()) return err;
  if (outcome.Ok()) Keep(name, outcome->value);
  const Error failure = outcome.Ok() ? outcome->value.failure : outcome.Err();
  if (!failure) return outcome->value.addresses;
  if (stale != nullptr) return stale;
  return failure;
}

}  // namespace weft::internal
