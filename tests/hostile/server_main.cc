// SPDX-License-Identifier: Apache-2.0

// The server that the tests of this folder attack: a process of its own, so that what /proc tells about it is about nothing else.
// Arguments are NAME=NUMBER, all times in milliseconds; tls=1 has it speak TLS, as "test", and tls_cert=FILE and tls_key=FILE do
// with a certificate. It prints one line, "listening on http://HOST:PORT", and ends with 0 after a clean drain.
//
//   /          a short answer                     POST /sink        reads the whole body, answers with its size
//   /big?n=N   N bytes, in pieces                 POST /sink-long   the same without a deadline
//   /endless   bytes for ever                     POST /echo        the body, piece by piece
//   /park      waits for POST /release            POST /ignore      answers without reading
//   /nap       takes five milliseconds
//   /stats     what has happened so far, one "NAME NUMBER" a line
// those of live_routes.h and, where Boost.JSON is there, those of content_routes.h.

#include <algorithm>
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include <weft/concurrency/debug.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/run.h>
#include <weft/handlers/routing/mux.h>
#include <weft/server/listen_and_serve.h>
#include <weft/server/observer.h>

#include "live_routes.h"
#ifdef WEFT_HOSTILE_CONTENT
#include "content_routes.h"
#endif

namespace {

using weft::Error;
using weft::Request;
using weft::ResponseWriter;

using Count = std::atomic<long>;

class Counts final : public weft::Observer {
 public:
  void OnBadRequest(const weft::BadRequest&) override { ++bad_requests; }
  void OnTimedOut(const weft::TimedOut& e) override { ++timeouts[static_cast<std::size_t>(e.kind)]; }
  void OnLimitReached(const weft::LimitReached&) override { ++limits; }
  void OnResponseAborted(const weft::ResponseAborted&) override { ++aborted; }
  void OnPeerMisbehaved(const weft::PeerMisbehaved&) override { ++misbehaved; }
  void OnTlsFailed(const weft::TlsFailed& e) override { ++(e.established ? tls_ended : tls_failed); }

  Count bad_requests{0};
  Count limits{0};
  Count aborted{0};
  Count misbehaved{0};
  Count tls_failed{0};  // in the handshake
  Count tls_ended{0};   // after it
  Count timeouts[static_cast<std::size_t>(weft::TimeoutKind::kProbe) + 1] = {};
  Count entered{0};  // handlers
  Count running{0};
};

Counts counts;

// What those who park wait for; each release opens a new one.
class Gate {
 public:
  std::shared_ptr<weft::Event> Current() {
    std::lock_guard hold(lock_);
    return event_;
  }
  void Release() {
    std::unique_lock hold(lock_);
    const std::shared_ptr<weft::Event> event = std::exchange(event_, std::make_shared<weft::Event>());
    hold.unlock();
    event->Set();
  }

 private:
  std::mutex lock_;
  std::shared_ptr<weft::Event> event_ = std::make_shared<weft::Event>();
};

Gate gate;

struct Running {
  Running() {
    ++counts.entered;
    ++counts.running;
  }
  ~Running() { --counts.running; }
};

Error Send(ResponseWriter& w, std::uint64_t bytes) {
  static const std::string piece(16 * 1024, 'b');
  for (; bytes > piece.size(); bytes -= piece.size()) {
    if (Error err = w.Write(piece)) return err;
  }
  return w.Write(std::string_view(piece).substr(0, bytes));
}

Error Sink(ResponseWriter& w, Request& r) {
  char piece[8192];
  for (std::size_t total = 0;;) {
    const weft::Result<std::size_t> n = r.Body().Read(piece);
    if (Error err = n.Err()) return err;
    if (*n == 0) return w.Write(std::to_string(total));
    total += *n;
  }
}

Error Echo(ResponseWriter& w, Request& r) {
  char piece[8192];
  for (;;) {
    const weft::Result<std::size_t> n = r.Body().Read(piece);
    if (Error err = n.Err()) return err;
    if (*n == 0) return {};
    if (Error err = w.Write({piece, *n})) return err;
  }
}

Error Stats(ResponseWriter& w, const LiveRoutes& live) {
  std::string text;
  const auto add = [&](std::string_view name, const Count& count) {
    text.append(name).append(" ").append(std::to_string(count.load())).append("\n");
  };
  add("entered", counts.entered);
  add("running", counts.running);
  add("bad_requests", counts.bad_requests);
  add("limits", counts.limits);
  add("aborted", counts.aborted);
  add("misbehaved", counts.misbehaved);
  add("tls_failed", counts.tls_failed);
  add("tls_ended", counts.tls_ended);
  add("handshake_timeouts", counts.timeouts[static_cast<std::size_t>(weft::TimeoutKind::kHandshake)]);
  add("header_timeouts", counts.timeouts[static_cast<std::size_t>(weft::TimeoutKind::kHeader)]);
  add("body_stalls", counts.timeouts[static_cast<std::size_t>(weft::TimeoutKind::kBodyStall)]);
  add("write_stalls", counts.timeouts[static_cast<std::size_t>(weft::TimeoutKind::kWriteStall)]);
  add("idle_timeouts", counts.timeouts[static_cast<std::size_t>(weft::TimeoutKind::kIdle)]);
  add("request_timeouts", counts.timeouts[static_cast<std::size_t>(weft::TimeoutKind::kRequest)]);
  add("probe_timeouts", counts.timeouts[static_cast<std::size_t>(weft::TimeoutKind::kProbe)]);
  text.append("fibers ").append(std::to_string(weft::ListFibers().size())).append("\n");
  return w.Write(text.append(live.Stats()));
}

weft::Mux Routes(LiveRoutes& live) {
  weft::Mux mux;
  mux.Handle("GET /{$}", [](ResponseWriter& w, Request&) { return w.Write("hello"); });
  mux.Handle("GET /stats", [&live](ResponseWriter& w, Request&) { return Stats(w, live); });
  mux.Handle("GET /big", [](ResponseWriter& w, Request& r) -> Error {
    const Running running;
    const weft::Result<std::uint64_t> bytes = r.QueryAs<std::uint64_t>("n");
    return bytes.Ok() ? Send(w, *bytes) : bytes.Err();
  });
  mux.Handle("GET /endless", [](ResponseWriter& w, Request& r) {
    const Running running;
    r.LongLived();
    return Send(w, ~std::uint64_t{0});
  });
  mux.Handle("GET /park", [](ResponseWriter& w, Request& r) -> Error {
    const Running running;
    if (Error err = gate.Current()->Wait(r.Ctx())) return err;
    return w.Write("released");
  });
  mux.Handle("GET /nap", [](ResponseWriter& w, Request& r) -> Error {
    const Running running;
    if (Error err = weft::Sleep(r.Ctx(), std::chrono::milliseconds(5))) return err;
    return w.Write("rested");
  });
  mux.Handle("POST /release", [](ResponseWriter&, Request&) { gate.Release(); });
  mux.Handle("POST /sink", [](ResponseWriter& w, Request& r) {
    const Running running;
    return Sink(w, r);
  });
  mux.Handle("POST /sink-long", [](ResponseWriter& w, Request& r) {
    const Running running;
    r.LongLived();
    return Sink(w, r);
  });
  mux.Handle("POST /echo", [](ResponseWriter& w, Request& r) {
    const Running running;
    return Echo(w, r);
  });
  mux.Handle("POST /ignore", [](ResponseWriter& w, Request&) {
    const Running running;
    return w.Write("no need");
  });
  live.AddTo(mux);
  return mux;
}

bool Apply(std::string_view name, std::uint64_t value, weft::ServerOptions& o) {
  const std::map<std::string_view, weft::Duration*> times = {
      {"handshake_timeout", &o.handshake_timeout}, {"header_timeout", &o.header_timeout}, {"body_stall_timeout", &o.body_stall_timeout},
      {"write_stall_timeout", &o.write_stall_timeout}, {"idle_timeout", &o.idle_timeout},
      {"request_timeout", &o.request_timeout}, {"drain_timeout", &o.drain_timeout}};
  const std::map<std::string_view, std::uint64_t*> numbers = {
      {"connections_max", &o.connections_max}, {"requests_max", &o.requests_max},
      {"queued_requests_max", &o.queued_requests_max}, {"body_bytes_max", &o.body_bytes_max}};
  if (const auto time = times.find(name); time != times.end()) {
    *time->second = std::chrono::milliseconds(value);
  } else if (const auto number = numbers.find(name); number != numbers.end()) {
    *number->second = value;
  } else if (name == "half_closed_clients") {
    o.half_closed_clients = value != 0;
  } else if (name == "http2_cleartext") {
    o.http2_cleartext = value != 0;
  } else if (name == "tls") {
    if (value != 0) o.tls = *weft::Tls::SelfSigned({"test"});
  } else {
    return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  weft::ServerOptions options{.address = "127.0.0.1:0", .loops = 2};
  weft::TlsCertificate certificate;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const std::size_t equals = std::min(argument.find('='), argument.size() - 1);
    std::uint64_t value = 0;
    if (argument.starts_with("tls_cert=") || argument.starts_with("tls_key=")) {
      (argument.starts_with("tls_cert=") ? certificate.certificate_file : certificate.key_file) = argument.substr(equals + 1);
      continue;
    }
    std::from_chars(argument.data() + equals + 1, argument.data() + argument.size(), value);
    if (!Apply(argument.substr(0, equals), value, options)) {
      std::fprintf(stderr, "hostile_server: what is %s?\n", argv[i]);
      return 2;
    }
  }
  if (!certificate.certificate_file.empty()) {
    weft::Result<weft::Tls> tls = weft::Tls::Load({.certificates = {certificate}});
    if (!tls.Ok()) {
      std::fprintf(stderr, "hostile_server: %s\n", tls.Err().Message().c_str());
      return 2;
    }
    options.tls = *tls;
  }
  options.observer = &counts;
  options.on_listen = [](std::string_view bound) {
    std::printf("listening on %s\n", bound.data());
    std::fflush(stdout);
  };
  const weft::CancelScope signals = weft::NotifyContext(weft::Background(), {SIGTERM});
  LiveRoutes live;
  weft::Mux mux = Routes(live);
#ifdef WEFT_HOSTILE_CONTENT
  const ContentRoutes content;
  content.AddTo(mux);
#endif
  const weft::Error err = weft::ListenAndServe(signals.ctx, options, mux);
  if (err) std::fprintf(stderr, "hostile_server: %s\n", err.Message().c_str());
  return err ? 1 : 0;
}
