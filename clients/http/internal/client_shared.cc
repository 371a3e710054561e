// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/client_shared.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include <weft/http/fields.h>
#include <weft/http/internal/http2/session.h>
#include <weft/net/client_failure.h>

namespace weft::internal {

std::shared_ptr<SharedOrigin> ClientShared::FindOrigin(const std::string& name) {
  const std::lock_guard hold(origins_lock_);
  std::shared_ptr<SharedOrigin>& origin = origins_[name];
  if (origin == nullptr) origin = std::make_shared<SharedOrigin>(name, options.requests_per_origin_max);
  return origin;
}

Error ClientShared::Refused(const HttpClientOptions& options) {
  Fields fields;
  if (!options.user_agent.empty()) fields.Set("User-Agent", options.user_agent);
  if (!fields.Refused().empty()) return Error::New("HttpClientOptions::user_agent: " + std::string(fields.Refused()));
  if (options.http2 && !http2::SessionsExist()) return Error::New("HttpClientOptions::http2: weft was built without HTTP/2 (WEFT_HTTP2=OFF)");
  return {};
}

ClientShared::Wait::Wait(ClientShared& client) : client_(client) {
  client_.waiting.fetch_add(1);
  client_.waited.fetch_add(1);
}

ClientShared::Wait::~Wait() {
  const std::int64_t took = (Now() - since_).count();
  for (std::int64_t longest = client_.longest_wait_ns; longest < took && !client_.longest_wait_ns.compare_exchange_weak(longest, took);) {
  }
  client_.waiting.fetch_sub(1);
}

Error ClientShared::WaitForSlot(const Context& ctx, SharedOrigin& origin) {
  if (origin.waiting.fetch_add(1) >= options.waiting_per_origin_max) {
    origin.waiting.fetch_sub(1);
    const auto most = options.waiting_per_origin_max;
    return MakeClientFailure({ClientFailure::kBusy, false, origin.name,
                              std::to_string(most) + (most == 1 ? " request already waits" : " requests already wait")});
  }
  Error err;
  {
    const Wait counted(*this);
    err = origin.slots.Acquire(ctx);
  }
  origin.waiting.fetch_sub(1);
  if (!err) return {};
  // The Error remains the context's, and says that nothing was sent.
  struct Waited {
    ClientFailure failure;
    std::vector<Error> cause;
  };
  const std::string what = "wait for one of the requests to " + origin.name;
  auto waited_for = std::make_shared<Waited>(Waited{{ClientFailure::kBusy, false, origin.name, what}, {err}});
  const ClientFailure* const failure = &waited_for->failure;
  const std::vector<Error>* const cause = &waited_for->cause;
  return MakeTypedError(err.Wrap(what).Message(), std::shared_ptr<const void>(std::move(waited_for), failure), &kTypeTag<ClientFailure>, Errc{}, cause);
}

void ClientShared::ForgetUnused() noexcept {
  const std::lock_guard hold(origins_lock_);
  std::erase_if(origins_, [](const auto& each) { return each.second.use_count() == 1; });
}

void ClientShared::TrimElsewhere(const Part& asks) noexcept {
  const std::lock_guard hold(parts_lock);
  for (Part* part : parts) {
    if (part != &asks) part->AskToTrim();
  }
}

PoolStats ClientShared::Stats() const {
  const auto now = [](const std::atomic<std::int64_t>& count) { return static_cast<std::uint64_t>(std::max<std::int64_t>(count.load(), 0)); };
  PoolStats stats;
  stats.idle = now(idle);
  stats.in_use = now(out);
  stats.open = stats.idle + stats.in_use;
  stats.waiting = now(waiting);
  stats.opened = opened;
  stats.closed = closed;
  stats.failed = failed;
  stats.waited = waited;
  stats.longest_wait = Duration(longest_wait_ns.load());
  return stats;
}

}  // namespace weft::internal
