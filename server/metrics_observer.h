// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_METRICS_OBSERVER_H_
#define WEFT_SERVER_METRICS_OBSERVER_H_

#include <weft/handlers/metrics.h>
#include <weft/server/observer.h>

namespace weft {

// Counts what happens below the handlers, for the page of a Metrics (handlers/metrics.h):
// connections and why they ended, requests that the server itself has rejected, timeouts, limits,
// failures, and the current figures of all servers of the process. The names start with
// weft_server_. All have the label server, which is ServerOptions::name.
//
//   weft::Metrics metrics;
//   weft::MetricsObserver observer(metrics);
//   options.name = "api";
//   options.observers = {&weft::DefaultObserver(), &observer};
//
// One of these serves all servers of a program, and must outlive them; a Metrics accepts only one.
// It asks for connections (WatchesConnections), so each connection costs two more calls.
class MetricsObserver final : public Observer {
 public:
  explicit MetricsObserver(Metrics& metrics);

  bool WatchesConnections() const override { return true; }
  void OnListening(const Listening& event) override;
  void OnConnectionOpened(const ConnectionOpened& event) override;
  void OnConnectionClosed(const ConnectionClosed& event) override;
  void OnBadRequest(const BadRequest& event) override;
  void OnRequestRefused(const RequestRefused& event) override;
  void OnBadProxyHeader(const BadProxyHeader& event) override;
  void OnTlsFailed(const TlsFailed& event) override;
  void OnPeerMisbehaved(const PeerMisbehaved& event) override;
  void OnTimedOut(const TimedOut& event) override;
  void OnConnectionEvicted(const ConnectionEvicted& event) override;
  void OnLimitReached(const LimitReached& event) override;
  void OnOutOfMemory(const OutOfMemory& event) override;
  void OnHandlerFailed(const HandlerFailed& event) override;
  void OnResponseAborted(const ResponseAborted& event) override;
  void OnDrainProgress(const DrainProgress& event) override;
  void OnHandlerStuck(const HandlerStuck& event) override;
  void OnAcceptFailed(const AcceptFailed& event) override;
  void OnLoopStalled(const LoopStalled& event) override;

 private:
  Labeled<Counter>& connections_opened_;
  Labeled<Counter>& connections_closed_;
  Labeled<Counter>& bad_requests_;
  Labeled<Counter>& requests_refused_;
  Labeled<Counter>& bad_proxy_headers_;
  Labeled<Counter>& tls_failed_;
  Labeled<Counter>& peers_misbehaved_;
  Labeled<Counter>& timeouts_;
  Labeled<Counter>& connections_evicted_;
  Labeled<Counter>& limits_reached_;
  Labeled<Counter>& out_of_memory_;
  Labeled<Counter>& handlers_failed_;
  Labeled<Counter>& responses_aborted_;
  Labeled<Counter>& drain_phases_;
  Labeled<Counter>& handlers_stuck_;
  Labeled<Counter>& accepts_failed_;
  Labeled<Counter>& loop_stalls_;
};

}  // namespace weft

#endif  // WEFT_SERVER_METRICS_OBSERVER_H_
