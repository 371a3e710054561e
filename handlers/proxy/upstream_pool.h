// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_PROXY_UPSTREAM_POOL_H_
#define WEFT_HANDLERS_PROXY_UPSTREAM_POOL_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>
#include <weft/concurrency/unlimited.h>

namespace weft {

class HttpClient;
namespace internal {
struct Upstream;
}

// Which of the upstreams that are not out gets the next request.
enum class Pick : std::uint8_t {
  kLeastInFlight,  // the one with the fewest requests of this process; in turn among equals
  kRoundRobin,
};

struct UpstreamOptions {
  // "http://10.0.0.1:8080", "https://orders.internal", "http+unix://%2Frun%2Forders.sock"; without
  // a scheme it is http.
  std::vector<std::string> addresses = {};
  // The Host that upstreams see; empty: their address. The name in their certificates is
  // HttpClientOptions::tls.server_name.
  std::string server_name = {};
  Pick pick = Pick::kLeastInFlight;
  // For each upstream at a time. If all have that many: ClientFailure::kBusy, 503.
  std::uint32_t requests_max = kUnlimited;
  // After this many failed calls in a row an upstream is out for `out_for`, twice as long each time
  // up to 30 s. Then one request tries it.
  int failures_max = 3;
  Duration out_for = std::chrono::seconds(1);
};

// What is known about one upstream at this moment.
struct UpstreamStats {
  std::string address;
  std::uint32_t in_flight = 0;
  std::uint64_t requests = 0;  // so far
  std::uint64_t failed = 0;    // of these
  bool out = false;            // gets no requests, because of failures or the check
};

// How UpstreamPool::Check asks an upstream whether it is well. One good response puts it in again.
struct UpstreamCheckOptions {
  std::string target = "/healthz";             // GET; 2xx and 3xx are good
  Duration every = std::chrono::seconds(5);
  Duration timeout = std::chrono::seconds(1);
  int failures_to_out = 2;                     // in a row
};

// One request's use of an upstream, which ends with this object. One of the two calls says how it
// went. Without them nothing is known, as when the client has left.
class [[nodiscard]] UpstreamLease {
 public:
  UpstreamLease(UpstreamLease&& other) noexcept = default;
  UpstreamLease& operator=(UpstreamLease&&) = delete;
  ~UpstreamLease();

  // "http://10.0.0.1:8080": always with the scheme. The request goes there.
  const std::string& Address() const;
  void Succeeded() noexcept;
  void Failed() noexcept;

 private:
  friend class UpstreamPool;
  explicit UpstreamLease(std::shared_ptr<internal::Upstream> upstream)
      : upstream_(std::move(upstream)) {}
  std::shared_ptr<internal::Upstream> upstream_;  // null: moved from
};

// Equivalent servers, for ReverseProxy: decides which one gets a request, and which ones get none
// because they fail. Use one for the process, like the client that it needs. It may be called
// from any fiber and thread. It starts nothing by itself: the caller runs Check.
//
//   weft::UpstreamPool orders(client, {.addresses = {"10.0.0.1:8080", "10.0.0.2:8080"}});
//   mux.Handle("/orders/", weft::ReverseProxy(orders));
//   services.push_back({"check orders", [&](const weft::Context& c) { return orders.Check(c); }});
class UpstreamPool {
 public:
  // `client` must outlive it. An invalid address aborts.
  UpstreamPool(HttpClient& client, UpstreamOptions options);
  ~UpstreamPool();
  UpstreamPool(const UpstreamPool&) = delete;
  UpstreamPool& operator=(const UpstreamPool&) = delete;

  // Replaces the upstreams; what is known about those that stay is kept. Requests in progress
  // continue. For service discovery.
  void Set(std::vector<std::string> addresses);

  // Checks each upstream again and again, in addition to the requests that the client sends at the
  // same time, and puts it out or in. Blocks until the context is done, and returns its error: for
  // a Group or RunServices.
  Error Check(const Context& ctx, UpstreamCheckOptions options = {});

  // Returns the upstream for one request, but none of `tried` unless there is no other one. If all
  // are out, it is the one that will be back first. Never suspends. Errors: ClientFailure::kBusy if
  // all have as many requests as they may; ClientFailure::kUnreachable if there is none.
  Result<UpstreamLease> Acquire(std::span<const std::string> tried = {});

  // The figures of all upstreams at this moment, in the order of the addresses.
  std::vector<UpstreamStats> Stats() const;
  HttpClient& Client() const { return client_; }
  const UpstreamOptions& Options() const { return options_; }

 private:
  using List = std::vector<std::shared_ptr<internal::Upstream>>;
  std::shared_ptr<const List> Snapshot() const;

  struct State;
  HttpClient& client_;
  const UpstreamOptions options_;
  std::unique_ptr<State> state_;
};

}  // namespace weft

#endif  // WEFT_HANDLERS_PROXY_UPSTREAM_POOL_H_
