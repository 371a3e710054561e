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

enum class Pick : std::uint8_t {
  kLeastInFlight,  // the one with the fewest requests of this process; in turn among equals
  kRoundRobin,
};

struct UpstreamOptions {
  // "http://10.0.0.1:8080", "https://orders.internal", "http+unix://%2Frun%2Forders.sock"; without a scheme it is http.
  std::vector<std::string> addresses = {};
  // The Host that upstreams see; empty: their address. The name of their certificates is HttpClientOptions::tls.server_name.
  std::string server_name = {};
  Pick pick = Pick::kLeastInFlight;
  std::uint32_t requests_max = kUnlimited;  // for each upstream at once; beyond on all of them: ClientFailure::kBusy, 503
  // So many calls in a row that fail put an upstream out, for `out_for`, twice as long each time up to 30 s; then one request tries it.
  int failures_max = 3;
  Duration out_for = std::chrono::seconds(1);
};

// What is known of one upstream at this moment.
struct UpstreamStats {
  std::string address;
  std::uint32_t in_flight = 0;
  std::uint64_t requests = 0;  // so far
  std::uint64_t failed = 0;    // of them
  bool out = false;            // gets no requests, by failures or by the check
};

struct UpstreamCheckOptions {
  std::string target = "/healthz";             // GET; 2xx and 3xx are good
  Duration every = std::chrono::seconds(5);
  Duration timeout = std::chrono::seconds(1);
  int failures_to_out = 2;                     // in a row
};

// A request's use of one upstream, which ends with it. One of the two calls says how it went; without one nothing is known, as when the
// client has left.
class [[nodiscard]] UpstreamLease {
 public:
  UpstreamLease(UpstreamLease&& other) noexcept = default;
  UpstreamLease& operator=(UpstreamLease&&) = delete;
  ~UpstreamLease();

  const std::string& Address() const;  // with its scheme
  void Succeeded() noexcept;
  void Failed() noexcept;

 private:
  friend class UpstreamPool;
  explicit UpstreamLease(std::shared_ptr<internal::Upstream> upstream) : upstream_(std::move(upstream)) {}
  std::shared_ptr<internal::Upstream> upstream_;  // null: moved from
};

// Servers that do the same, for ReverseProxy: which one gets a request, and which gets none because it fails. One for the process, like the
// client that it uses; from any fiber and thread. It starts nothing: Check is the caller's to run.
//
//   weft::UpstreamPool orders(client, {.addresses = {"10.0.0.1:8080", "10.0.0.2:8080"}});
//   mux.Handle("/orders/", weft::ReverseProxy(orders));
//   services.push_back({"check orders", [&](const weft::Context& ctx) { return orders.Check(ctx); }});
class UpstreamPool {
 public:
  // `client` outlives it. An address that is none aborts.
  UpstreamPool(HttpClient& client, UpstreamOptions options);
  ~UpstreamPool();
  UpstreamPool(const UpstreamPool&) = delete;
  UpstreamPool& operator=(const UpstreamPool&) = delete;

  // From now on these; what is known of those that stay is kept. Requests that are under way go on. For service discovery.
  void Set(std::vector<std::string> addresses);

  // Asks each upstream again and again, beside the requests that the client sends at once, and puts it out or in. Blocks until the context is done, and returns its error: for a Group or
  // RunServices.
  Error Check(const Context& ctx, UpstreamCheckOptions options = {});

  // The upstream for one request, but none of `tried`, unless there is no other one. Never suspends. If all are out it is the one that is
  // back first. Errors: ClientFailure::kBusy, all have as many requests as they may; ClientFailure::kUnreachable, there is none.
  Result<UpstreamLease> Acquire(std::span<const std::string> tried = {});

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
