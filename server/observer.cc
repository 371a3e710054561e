// SPDX-License-Identifier: Apache-2.0
#include <weft/server/observer.h>

#include <spdlog/common.h>
#include <spdlog/fmt/fmt.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <string>
#include <utility>

#include <weft/handlers/log.h>

namespace weft {
namespace {

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

// "1 request", "2 requests".
std::string Counted(std::uint64_t count, std::string_view noun) {
  return std::to_string(count).append(1, ' ').append(noun).append(count == 1 ? "" : "s");
}

// A query may contain private data.
std::string_view PathOf(std::string_view target) { return target.substr(0, target.find('?')); }

// Lets a limited number of lines a second through, over all threads. Lock-free, because a flood of bad requests must
// not make the loops queue up for a log.
class Throttle {
 public:
  struct Permit {
    bool granted;
    std::uint64_t left_out;  // since the last second that was granted anything; reported with its first line
  };

  Permit Take() {
    // Real time, not weft's Clock: a log is read by people.
    const std::int64_t now =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
    std::int64_t second = second_.load(std::memory_order_relaxed);
    if (second != now && second_.compare_exchange_strong(second, now, std::memory_order_relaxed)) {
      used_.store(0, std::memory_order_relaxed);
    }
    if (used_.fetch_add(1, std::memory_order_relaxed) >= kLinesPerSecond) {
      left_out_.fetch_add(1, std::memory_order_relaxed);
      return {false, 0};
    }
    return {true, left_out_.exchange(0, std::memory_order_relaxed)};
  }

 private:
  static constexpr std::uint64_t kLinesPerSecond = 10;

  std::atomic<std::int64_t> second_{-1};
  std::atomic<std::uint64_t> used_{0};
  std::atomic<std::uint64_t> left_out_{0};
};

class LogObserver final : public Observer {
 public:
  void OnListening(const Listening& event) override {
    Log(event.server, kListening, spdlog::level::info, "listening on {}", event.bound);
  }
  void OnBadRequest(const BadRequest& event) override {
    LogAbout(event.server, event.request_id, kBadRequest, spdlog::level::info, "bad request from {}: {} ({})", event.peer, event.reason, event.status);
  }
  void OnBadProxyHeader(const BadProxyHeader& event) override {
    // Through a proxy that is not set up as this server expects, no client gets in.
    Log(event.server, kBadProxyHeader, spdlog::level::warn, "closed a connection from {}: {}", event.peer, event.reason);
  }
  void OnTlsFailed(const TlsFailed& event) override {
    Log(event.server, kTlsFailed, spdlog::level::info, "TLS {} {} {}: {}", event.established ? "connection of" : "handshake with", event.peer,
        event.established ? "ended" : "failed", event.reason);
  }
  void OnPeerMisbehaved(const PeerMisbehaved& event) override {
    Log(event.server, kPeerMisbehaved, spdlog::level::info, "HTTP/2 connection of {} ended: {}", event.peer, Name(event.kind));
  }
  void OnTimedOut(const TimedOut& event) override {
    // Idle connections end that way every day.
    const auto level = event.kind == TimeoutKind::kIdle ? spdlog::level::debug : spdlog::level::info;
    LogAbout(event.server, event.request_id, event.kind == TimeoutKind::kIdle ? kIdleTimedOut : kTimedOut, level, "{} timeout of {} after {:g} s",
        Name(event.kind), event.peer, Seconds(event.limit));
  }
  void OnConnectionEvicted(const ConnectionEvicted& event) override {
    Log(event.server, kConnectionEvicted, spdlog::level::info, "connection of {} closed to make room, {:g} s into its {} timeout", event.peer,
        Seconds(event.waited), Name(event.kind));
  }
  void OnLimitReached(const LimitReached& event) override {
    LogAbout(event.server, event.request_id, kLimitReached, spdlog::level::warn, "limit of {} ({}) reached{}{}", Name(event.kind), event.limit, event.peer.empty() ? "" : " by ",
        event.peer);
  }
  void OnOutOfMemory(const OutOfMemory& event) override {
    Log(event.server, kOutOfMemory, spdlog::level::err, "no memory for a request of {}: {}", event.peer,
        event.status != 0 ? "responded with 503" : "its response was broken off");
  }
  void OnHandlerFailed(const HandlerFailed& event) override {
    LogAbout(event.server, event.request_id, kHandlerFailed, spdlog::level::err, "{} {} from {}: responded with {}: {}", event.method, PathOf(event.target), event.peer,
        event.status, event.error.Message());
  }
  void OnResponseAborted(const ResponseAborted& event) override {
    LogAbout(event.server, event.request_id, kResponseAborted, spdlog::level::info, "{} {} from {}: broken off after {}: {}", event.method, PathOf(event.target),
        event.peer, Counted(event.body_bytes, "byte"), event.error.Message());
  }
  void OnDrainProgress(const DrainProgress& event) override {
    const bool late = event.phase == DrainPhase::kCanceling || event.phase == DrainPhase::kForceClose;
    Log(event.server, kDrainProgress, late ? spdlog::level::warn : spdlog::level::info,
        "{} after {:.3f} s: {}, {}{}{}", Name(event.phase), Seconds(event.elapsed), Counted(event.connections, "connection"),
        Counted(event.requests, "request"), event.cause ? ", because of " : "", event.cause.Message());
  }
  void OnHandlerStuck(const HandlerStuck& event) override {
    LogAbout(event.server, event.request_id, kHandlerStuck, spdlog::level::err, "handler does not end: {} ({} {} from {}), {:g} s after its context was done",
        event.fiber, event.method, PathOf(event.target), event.peer, Seconds(event.since));
  }
  void OnAcceptFailed(const AcceptFailed& event) override {
    Log(event.server, kAcceptFailed, event.fatal ? spdlog::level::critical : spdlog::level::err, "accept: {}", event.error.Message());
  }
  void OnLoopStalled(const LoopStalled& event) override {
    Log(event.server, kLoopStalled, spdlog::level::warn, "{} has held its loop for {:.3f} s without parking{}{}", event.fiber, Seconds(event.held),
        event.stack.empty() ? "" : ":\n", event.stack);
  }

 private:
  enum Kind : std::size_t {
    kListening,
    kBadRequest,
    kBadProxyHeader,
    kTlsFailed,
    kPeerMisbehaved,
    kTimedOut,
    kIdleTimedOut,
    kConnectionEvicted,
    kLimitReached,
    kOutOfMemory,
    kHandlerFailed,
    kResponseAborted,
    kDrainProgress,
    kHandlerStuck,
    kAcceptFailed,
    kLoopStalled,
    kKinds,
  };

  template <class... Args>
  void Log(std::string_view server, Kind kind, spdlog::level::level_enum level, spdlog::format_string_t<Args...> format, Args&&... args) {
    LogAbout(server, {}, kind, level, format, std::forward<Args>(args)...);
  }

  // The request's own context is gone by then, or another fiber reports.
  template <class... Args>
  void LogAbout(std::string_view server, std::string_view request_id, Kind kind, spdlog::level::level_enum level,
                spdlog::format_string_t<Args...> format, Args&&... args) {
    const Throttle::Permit permit = throttles_[kind].Take();
    if (!permit.granted) return;
    const auto weight = static_cast<LogLevel>(level);
    if (!LogEnabled(weight)) return;
    if (permit.left_out != 0) LogLine(weight, Counted(permit.left_out, "line") + " like the next left out");
    std::string line;
    if (!server.empty()) line.append(server).append(": ");
    spdlog::fmt_lib::format_to(std::back_inserter(line), format, std::forward<Args>(args)...);
    LogLineAbout(request_id, weight, std::move(line));
  }

  std::array<Throttle, kKinds> throttles_;
};

}  // namespace

Observer::~Observer() = default;

std::string_view Name(TimeoutKind kind) {
  switch (kind) {
    case TimeoutKind::kHeader:
      return "header";
    case TimeoutKind::kBodyStall:
      return "body stall";
    case TimeoutKind::kWriteStall:
      return "write stall";
    case TimeoutKind::kHandshake:
      return "handshake";
    case TimeoutKind::kIdle:
      return "idle";
    case TimeoutKind::kRequest:
      return "request";
    case TimeoutKind::kProbe:
      return "probe";
  }
  return "unknown";
}

std::string_view Name(LimitKind kind) {
  switch (kind) {
    case LimitKind::kConnections:
      return "connections";
    case LimitKind::kRequests:
      return "requests in handlers";
    case LimitKind::kQueuedRequests:
      return "queued requests";
    case LimitKind::kLongLivedRequests:
      return "long-lived requests";
    case LimitKind::kBodyBytes:
      return "body bytes";
    case LimitKind::kRequestsPerConnection:
      return "requests per connection";
  }
  return "unknown";
}

std::string_view Name(Misbehaviour kind) {
  switch (kind) {
    case Misbehaviour::kProtocolError:
      return "protocol error";
    case Misbehaviour::kResets:
      return "resets";
    case Misbehaviour::kStreamErrors:
      return "malformed requests";
    case Misbehaviour::kControlFrames:
      return "control frames";
    case Misbehaviour::kEmptyData:
      return "empty DATA";
    case Misbehaviour::kPriorities:
      return "priorities";
    case Misbehaviour::kWindowUpdates:
      return "window updates";
    case Misbehaviour::kRefusedStreams:
      return "refused streams";
    case Misbehaviour::kOverhead:
      return "overhead";
    case Misbehaviour::kFieldList:
      return "field list";
  }
  return "unknown";
}

std::string_view Name(CloseReason reason) {
  switch (reason) {
    case CloseReason::kClient:
      return "client";
    case CloseReason::kComplete:
      return "complete";
    case CloseReason::kAborted:
      return "aborted";
    case CloseReason::kBadRequest:
      return "bad request";
    case CloseReason::kTimedOut:
      return "timeout";
    case CloseReason::kOverload:
      return "overload";
    case CloseReason::kEvicted:
      return "evicted";
    case CloseReason::kDrain:
      return "drain";
    case CloseReason::kTls:
      return "TLS";
    case CloseReason::kMisbehaved:
      return "misbehaved";
    case CloseReason::kForced:
      return "forced close";
  }
  return "unknown";
}

std::string_view Name(DrainPhase phase) {
  switch (phase) {
    case DrainPhase::kLameDuck:
      return "lame duck";
    case DrainPhase::kDraining:
      return "draining";
    case DrainPhase::kCanceling:
      return "canceling";
    case DrainPhase::kForceClose:
      return "forced close";
    case DrainPhase::kDrained:
      return "drained";
  }
  return "unknown";
}

Observer& DefaultObserver() {
  // Never destroyed: servers may end during static destruction.
  static LogObserver* const observer = new LogObserver;
  return *observer;
}

}  // namespace weft
