// SPDX-License-Identifier: Apache-2.0
#include <weft/server/metrics_observer.h>

#include <initializer_list>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include <weft/server/server_stats.h>

namespace weft {
namespace {

void AddStats(Metrics& metrics, const char* name, const char* help, std::uint64_t ServerStats::*member) {
  metrics.AddGauge(name, help, {"server"}, [member] {
    std::vector<MetricValue> values;
    for (const ServerStats& server : ListServers()) values.push_back({{server.name}, static_cast<double>(server.*member)});
    return values;
  });
}

// An observer must not throw: without memory for a new series the event is not counted.
void CountOne(Labeled<Counter>& counter, std::initializer_list<std::string_view> values) noexcept {
  try {
    counter.With(values).Add();
  } catch (const std::bad_alloc&) {
  }
}

}  // namespace

MetricsObserver::MetricsObserver(Metrics& metrics)
    : connections_opened_(metrics.AddCounter("weft_server_connections_opened_total", "Connections that were accepted.", {"server"})),
      connections_closed_(metrics.AddCounter("weft_server_connections_closed_total", "Connections that have ended, by the reason.",
                                             {"server", "reason"})),
      bad_requests_(metrics.AddCounter("weft_server_bad_requests_total", "Requests that were not valid, or not acceptable, by what was wrong with them.",
                                       {"server", "reason"})),
      requests_refused_(metrics.AddCounter("weft_server_requests_refused_total",
                                           "Requests that the server itself rejected, before any handler or middleware.",
                                           {"server", "http_response_status_code", "reason"})),
      bad_proxy_headers_(metrics.AddCounter("weft_server_bad_proxy_headers_total",
                                            "Connections of proxies that did not start with a valid PROXY header.", {"server"})),
      tls_failed_(metrics.AddCounter("weft_server_tls_failed_total", "TLS handshakes and connections that failed, by the reason.",
                                     {"server", "reason"})),
      peers_misbehaved_(metrics.AddCounter("weft_server_peers_misbehaved_total",
                                           "HTTP/2 connections that were ended because their client misbehaved, by what it did.",
                                           {"server", "kind"})),
      timeouts_(metrics.AddCounter("weft_server_timeouts_total", "Clients that were too slow, and requests that took too long.",
                                   {"server", "kind"})),
      connections_evicted_(metrics.AddCounter("weft_server_connections_evicted_total",
                                              "Connections that were closed to make room for others, by the timeout that was running.",
                                              {"server", "kind"})),
      limits_reached_(metrics.AddCounter("weft_server_limits_reached_total", "How often a limit of the server was reached.",
                                         {"server", "limit"})),
      out_of_memory_(metrics.AddCounter("weft_server_out_of_memory_total", "Requests and connections for which there was no memory.",
                                        {"server"})),
      handlers_failed_(metrics.AddCounter("weft_server_handlers_failed_total", "Requests that failed because of their handler.",
                                          {"server", "http_response_status_code"})),
      responses_aborted_(
          metrics.AddCounter("weft_server_responses_aborted_total", "Responses that were broken off after they had begun.", {"server"})),
      drain_phases_(metrics.AddCounter("weft_server_drain_phases_total", "Steps of a drain that were reached.", {"server", "phase"})),
      handlers_stuck_(metrics.AddCounter("weft_server_handlers_stuck_total",
                                         "Reports of handlers that have not returned although their connection was closed.", {"server"})),
      accepts_failed_(metrics.AddCounter("weft_server_accepts_failed_total", "Failed attempts to accept a connection.", {"server"})),
      loop_stalls_(metrics.AddCounter("weft_server_loop_stalls_total", "Reports of fibers that have held a loop for too long.", {"server"})) {
  AddStats(metrics, "weft_server_connections", "Connections that are open.", &ServerStats::connections);
  AddStats(metrics, "weft_server_requests", "Requests that are in handlers, except long-lived ones.", &ServerStats::requests);
  AddStats(metrics, "weft_server_long_lived_requests", "Long-lived requests that are in handlers.", &ServerStats::long_lived);
  AddStats(metrics, "weft_server_queued_requests", "Requests that wait for a slot.", &ServerStats::queued);
  AddStats(metrics, "weft_server_connections_limit", "How many connections may be open.", &ServerStats::connections_max);
  AddStats(metrics, "weft_server_requests_limit", "How many requests may be in handlers.", &ServerStats::requests_max);
}

// These exist from the start, at zero, so that a page distinguishes a first failure from a new series.
void MetricsObserver::OnListening(const Listening& event) {
  for (Labeled<Counter>* counter : {&connections_opened_, &bad_proxy_headers_, &out_of_memory_, &responses_aborted_, &handlers_stuck_,
                                    &accepts_failed_, &loop_stalls_}) {
    counter->With({event.server});
  }
}
void MetricsObserver::OnConnectionOpened(const ConnectionOpened& event) { CountOne(connections_opened_, {event.server}); }
void MetricsObserver::OnConnectionClosed(const ConnectionClosed& event) {
  CountOne(connections_closed_, {event.server, Name(event.reason)});
}
void MetricsObserver::OnBadRequest(const BadRequest& event) { CountOne(bad_requests_, {event.server, event.reason}); }
void MetricsObserver::OnRequestRefused(const RequestRefused& event) {
  CountOne(requests_refused_, {event.server, std::to_string(event.status), event.reason});
}
void MetricsObserver::OnBadProxyHeader(const BadProxyHeader& event) { CountOne(bad_proxy_headers_, {event.server}); }
void MetricsObserver::OnTlsFailed(const TlsFailed& event) { CountOne(tls_failed_, {event.server, event.reason}); }
void MetricsObserver::OnPeerMisbehaved(const PeerMisbehaved& event) { CountOne(peers_misbehaved_, {event.server, Name(event.kind)}); }
void MetricsObserver::OnTimedOut(const TimedOut& event) { CountOne(timeouts_, {event.server, Name(event.kind)}); }
void MetricsObserver::OnConnectionEvicted(const ConnectionEvicted& event) {
  CountOne(connections_evicted_, {event.server, Name(event.kind)});
}
void MetricsObserver::OnLimitReached(const LimitReached& event) { CountOne(limits_reached_, {event.server, Name(event.kind)}); }
void MetricsObserver::OnOutOfMemory(const OutOfMemory& event) { CountOne(out_of_memory_, {event.server}); }
void MetricsObserver::OnHandlerFailed(const HandlerFailed& event) {
  CountOne(handlers_failed_, {event.server, std::to_string(event.status)});
}
void MetricsObserver::OnResponseAborted(const ResponseAborted& event) { CountOne(responses_aborted_, {event.server}); }
void MetricsObserver::OnDrainProgress(const DrainProgress& event) { CountOne(drain_phases_, {event.server, Name(event.phase)}); }
void MetricsObserver::OnHandlerStuck(const HandlerStuck& event) { CountOne(handlers_stuck_, {event.server}); }
void MetricsObserver::OnAcceptFailed(const AcceptFailed& event) { CountOne(accepts_failed_, {event.server}); }
void MetricsObserver::OnLoopStalled(const LoopStalled& event) { CountOne(loop_stalls_, {event.server}); }

}  // namespace weft
