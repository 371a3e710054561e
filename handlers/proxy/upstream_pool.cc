// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/proxy/upstream_pool.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/internal/base/thread_mutex.h>
#include <weft/handlers/proxy/internal/upstream.h>

namespace weft {
namespace {

// With a scheme and without a slash at the end.
std::string Normalized(std::string address) {
  if (address.find("://") == std::string::npos) address.insert(0, "http://");
  while (address.ends_with('/')) address.pop_back();
  return address;
}

bool Was(const internal::Upstream& upstream, std::span<const std::string> tried) {
  return std::find(tried.begin(), tried.end(), upstream.address) != tried.end();
}

}  // namespace

struct UpstreamPool::State {
  mutable internal::ThreadMutex lock;  // for a moment
  std::shared_ptr<const List> list WEFT_GUARDED_BY(lock) = std::make_shared<const List>();
  std::atomic<std::uint32_t> turn{0};
};

UpstreamLease::~UpstreamLease() {
  if (upstream_ != nullptr) upstream_->in_flight.fetch_sub(1);
}
const std::string& UpstreamLease::Address() const { return upstream_->address; }
void UpstreamLease::Succeeded() noexcept { upstream_->Succeeded(); }
void UpstreamLease::Failed() noexcept { upstream_->Failed(Now()); }

UpstreamPool::UpstreamPool(HttpClient& client, UpstreamOptions options)
    : client_(client), options_(std::move(options)), state_(std::make_unique<State>()) {
  Set(options_.addresses);
}
UpstreamPool::~UpstreamPool() = default;

std::shared_ptr<const UpstreamPool::List> UpstreamPool::Snapshot() const {
  const std::lock_guard hold(state_->lock);
  return state_->list;
}

void UpstreamPool::Set(std::vector<std::string> addresses) {
  const std::shared_ptr<const List> old = Snapshot();
  auto fresh = std::make_shared<List>();
  for (std::string& given : addresses) {
    std::string address = Normalized(std::move(given));
    const auto known = std::find_if(old->begin(), old->end(), [&](const auto& each) { return each->address == address; });
    fresh->push_back(known != old->end() ? *known : std::make_shared<internal::Upstream>(std::move(address), options_.failures_max, options_.out_for));
  }
  const std::lock_guard hold(state_->lock);
  state_->list = std::move(fresh);
}

Result<UpstreamLease> UpstreamPool::Acquire(std::span<const std::string> tried) {
  const std::shared_ptr<const List> list = Snapshot();
  const std::size_t count = list->size();
  if (count == 0) return MakeClientFailure(Errc::kUnavailable, {ClientFailure::kUnreachable, false, "upstreams", "there is none"});
  const TimePoint now = Now();
  const std::size_t first = state_->turn.fetch_add(1, std::memory_order_relaxed) % count;
  // Better is: not tried, then in, then back soonest, then what the options say, then in turn.
  internal::Upstream* best = nullptr;
  std::size_t best_at = 0;
  bool best_tried = false;
  TimePoint best_back;
  bool full = false;
  for (std::size_t i = 0; i < count; ++i) {
    internal::Upstream& each = *(*list)[(first + i) % count];
    const std::uint32_t in_flight = each.in_flight.load(std::memory_order_relaxed);
    if (in_flight >= options_.requests_max) {
      full = true;
      continue;
    }
    const bool was_tried = Was(each, tried);
    const TimePoint back = std::max(each.BackAt(), now);
    const bool better = best == nullptr || (was_tried != best_tried ? best_tried
                        : back != best_back ? back < best_back
                                            : options_.pick == Pick::kLeastInFlight && in_flight < best->in_flight.load(std::memory_order_relaxed));
    if (!better) continue;
    best = &each;
    best_at = (first + i) % count;
    best_tried = was_tried;
    best_back = back;
  }
  if (best == nullptr) {
    return MakeClientFailure({full ? ClientFailure::kBusy : ClientFailure::kUnreachable, false, "upstreams", "all have as many requests as they may have"});
  }
  if (best->in_flight.fetch_add(1) >= options_.requests_max) {  // another loop has just taken the last place
    best->in_flight.fetch_sub(1);
    return MakeClientFailure({ClientFailure::kBusy, false, "upstreams", "all have as many requests as they may have"});
  }
  best->Enter(now);
  return UpstreamLease((*list)[best_at]);
}

Error UpstreamPool::Check(const Context& ctx, UpstreamCheckOptions options) {
  const auto check = [&](const Context& c, internal::Upstream& upstream) {
    const CancelScope limit = WithTimeout(c, options.timeout);
    ClientRequest request("GET", upstream.address + options.target);
    if (!options_.server_name.empty()) request.Header().Set("Host", options_.server_name);
    ClientRequestAccess::WithoutSlot(request);
    const Result<ClientResponse> response = client_.Do(limit.ctx, request);
    if (c.Err()) return;
    upstream.Checked(response.Ok() && response->Status() < 400, options.failures_to_out);
  };
  for (;;) {
    {
      const std::shared_ptr<const List> list = Snapshot();
      Group round(ctx);
      for (const auto& upstream : *list) {
        round.Go("check upstream", [&check, upstream](const Context& c) { check(c, *upstream); });
      }
      static_cast<void>(round.Wait());
    }
    if (Error err = Sleep(ctx, options.every)) return err;
  }
}

std::vector<UpstreamStats> UpstreamPool::Stats() const {
  std::vector<UpstreamStats> all;
  const TimePoint now = Now();
  for (const auto& each : *Snapshot()) {
    UpstreamStats stats{.address = each->address, .in_flight = each->in_flight.load()};
    const std::lock_guard hold(each->lock);
    stats.requests = each->requests;
    stats.failed = each->failed;
    stats.out = each->checked_out || each->back_at > now;
    all.push_back(std::move(stats));
  }
  return all;
}

}  // namespace weft
