// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_OBSERVERS_H_
#define WEFT_SERVER_INTERNAL_OBSERVERS_H_

#include <string>
#include <vector>

#include <weft/server/observer.h>
#include <weft/server/options.h>

namespace weft::internal {

// All observers of one server as one, which gives its events the name of the server.
class Observers final : public Observer {
 public:
  explicit Observers(const ServerOptions& options);

  bool WatchesConnections() const override { return !watching_.empty(); }
  void OnConnectionOpened(const ConnectionOpened& event) override { Tell(watching_, &Observer::OnConnectionOpened, event); }
  void OnConnectionClosed(const ConnectionClosed& event) override { Tell(watching_, &Observer::OnConnectionClosed, event); }

  void OnListening(const Listening& event) override { Tell(all_, &Observer::OnListening, event); }
  void OnBadRequest(const BadRequest& event) override { Tell(all_, &Observer::OnBadRequest, event); }
  void OnRequestRefused(const RequestRefused& event) override { Tell(all_, &Observer::OnRequestRefused, event); }
  void OnBadProxyHeader(const BadProxyHeader& event) override { Tell(all_, &Observer::OnBadProxyHeader, event); }
  void OnTlsFailed(const TlsFailed& event) override { Tell(all_, &Observer::OnTlsFailed, event); }
  void OnPeerMisbehaved(const PeerMisbehaved& event) override { Tell(all_, &Observer::OnPeerMisbehaved, event); }
  void OnTimedOut(const TimedOut& event) override { Tell(all_, &Observer::OnTimedOut, event); }
  void OnConnectionEvicted(const ConnectionEvicted& event) override { Tell(all_, &Observer::OnConnectionEvicted, event); }
  void OnLimitReached(const LimitReached& event) override { Tell(all_, &Observer::OnLimitReached, event); }
  void OnOutOfMemory(const OutOfMemory& event) override { Tell(all_, &Observer::OnOutOfMemory, event); }
  void OnHandlerFailed(const HandlerFailed& event) override { Tell(all_, &Observer::OnHandlerFailed, event); }
  void OnResponseAborted(const ResponseAborted& event) override { Tell(all_, &Observer::OnResponseAborted, event); }
  void OnDrainProgress(const DrainProgress& event) override { Tell(all_, &Observer::OnDrainProgress, event); }
  void OnHandlerStuck(const HandlerStuck& event) override { Tell(all_, &Observer::OnHandlerStuck, event); }
  void OnAcceptFailed(const AcceptFailed& event) override { Tell(all_, &Observer::OnAcceptFailed, event); }
  void OnLoopStalled(const LoopStalled& event) override { Tell(all_, &Observer::OnLoopStalled, event); }

 private:
  template <class Event>
  void Tell(const std::vector<Observer*>& whom, void (Observer::*on)(const Event&), const Event& event) const {
    Event named = event;
    named.server = name_;
    for (Observer* observer : whom) (observer->*on)(named);
  }

  const std::string name_;
  std::vector<Observer*> all_;
  std::vector<Observer*> watching_;  // those that ask for connections
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_OBSERVERS_H_
