// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_SERVER_SERVER_KIT_H_
#define WEFT_TESTS_SERVER_SERVER_KIT_H_

#include <atomic>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <weft/concurrency/event.h>
#include <weft/concurrency/testing.h>
#include <weft/handlers/handler.h>
#include <weft/server/observer.h>
#include <weft/server/testing.h>

#include "../kit/run.h"

namespace weft {

// Under WEFT_TEST_TLS=1 all sites below speak TLS, and so do their clients: what holds for a server holds over both.
inline bool OverTls() {
  static const bool over_tls = std::getenv("WEFT_TEST_TLS") != nullptr;
  return over_tls;
}
// Under WEFT_TEST_HTTP2=1 they speak HTTP/2 in plain text, and so do their clients.
inline bool OverHttp2() {
  static const bool over_http2 = std::getenv("WEFT_TEST_HTTP2") != nullptr;
  return over_http2;
}
// Where sites have spoken TLS, or HTTP/2, so far; any thread.
class SiteAddresses {
 public:
  static SiteAddresses& OfTls() {
    static SiteAddresses all;
    return all;
  }
  static SiteAddresses& OfHttp2() {
    static SiteAddresses all;
    return all;
  }
  void Add(const std::string& bound) {
    std::lock_guard hold(lock_);
    all_.insert(bound);
  }
  bool Has(std::string_view bound) const {
    std::lock_guard hold(lock_);
    return all_.contains(std::string(bound));
  }

 private:
  mutable std::mutex lock_;
  std::set<std::string> all_;
};
// Whether there is TLS in this build (WEFT_TLS); what follows is for where there is.
inline bool TlsExists() {
  static const bool exists = Tls::SelfSigned({"test"}).Ok();
  return exists;
}
inline const Tls& TestCertificate() {
  static const Tls certificate = *Tls::SelfSigned({"test"});
  return certificate;
}

// Keeps what the server tells, one line for each event.
class EventLog final : public Observer {
 public:
  void OnBadRequest(const BadRequest& e) override {
    Add(("bad request " + std::to_string(e.status) + ": ").append(e.reason), e.request_id);
  }
  void OnRequestRefused(const RequestRefused& e) override { refused_.fetch_add(1, std::memory_order_relaxed), last_refused_ = e.status; }
  void OnBadProxyHeader(const BadProxyHeader& e) override { Add("bad proxy header: " + std::string(e.reason)); }
  void OnTlsFailed(const TlsFailed& e) override { Add(("TLS failed: " + std::string(e.reason) + " from ").append(e.peer)); }
  void OnPeerMisbehaved(const PeerMisbehaved& e) override { Add("misbehaved: " + std::string(Name(e.kind))); }
  void OnTimedOut(const TimedOut& e) override { Add("timeout " + std::string(Name(e.kind)), e.request_id); }
  void OnLimitReached(const LimitReached& e) override {
    Add("limit " + std::string(Name(e.kind)) + " " + std::to_string(e.limit), e.request_id);
  }
  void OnOutOfMemory(const OutOfMemory& e) override { Add("out of memory " + std::to_string(e.status)); }
  void OnHandlerFailed(const HandlerFailed& e) override {
    Add("failed " + std::to_string(e.status) + ": " + e.error.Message(), e.request_id);
  }
  void OnResponseAborted(const ResponseAborted& e) override { Add("aborted: " + e.error.Message(), e.request_id); }
  void OnDrainProgress(const DrainProgress& e) override { Add("drain " + std::string(Name(e.phase))); }
  void OnHandlerStuck(const HandlerStuck& e) override { Add("stuck " + std::string(e.fiber), e.request_id); }
  void OnLoopStalled(const LoopStalled& e) override { Add("stalled " + std::string(e.fiber)); }
  void OnAcceptFailed(const AcceptFailed& e) override { Add("accept failed: " + e.error.Message()); }

  int Refused() const { return refused_.load(std::memory_order_relaxed); }  // requests, by the server itself
  int LastRefused() const { return last_refused_.load(std::memory_order_relaxed); }

  std::vector<std::string> Lines() const {
    std::lock_guard hold(lock_);
    return lines_;
  }

 private:
  void Add(std::string line, std::string_view request_id = {}) {
    std::lock_guard hold(lock_);
    if (!request_id.empty()) line.append(" [").append(request_id).append("]");
    lines_.push_back(std::move(line));
  }
  std::atomic<int> refused_{0};
  std::atomic<int> last_refused_{0};
  mutable std::mutex lock_;
  std::vector<std::string> lines_;
};

// A client whose failures fail the test.
class Client {
 public:
  Client(const Context& ctx, std::string_view bound) : ctx_(ctx), client_(Checked(Dial(ctx, bound))) {}
  Client(const Context& ctx, TestClient client) : ctx_(ctx), client_(std::move(client)) {}

  void Send(std::string_view bytes) {
    const Error err = client_.Send(ctx_, bytes);
    EXPECT_FALSE(err) << err.Message();
  }
  TestResponse ReadResponse(std::string_view method = "GET") { return Checked(client_.ReadResponse(ctx_, method)); }
  TestResponse Get(std::string_view target, std::string_view fields = {}) {
    return Checked(client_.Get(ctx_, target, fields));
  }
  TestResponse Post(std::string_view target, std::string_view body, std::string_view fields = {}) {
    return Checked(client_.Post(ctx_, target, body, fields));
  }
  std::string Some() { return Checked(client_.ReadSome(ctx_)); }
  std::string Until(std::string_view text) { return Checked(client_.ReadUntil(ctx_, text)); }
  std::string ToEnd() { return Checked(client_.ReadToEnd(ctx_)); }
  // Waits for the end of the connection, in good order or by a reset; false if bytes come first.
  bool Ended() {
    const Result<std::string> more = client_.ReadSome(ctx_);
    return !more.Ok() || more->empty();
  }
  // Whether nothing comes for so long, and the connection stays open.
  bool SilentFor(Duration time) {
    const CancelScope scope = WithTimeout(ctx_, time);
    return client_.ReadSome(scope.ctx).Err().Is(kDeadlineExceeded);
  }
  TestClient& raw() { return client_; }

 private:
  static Result<TestClient> Dial(const Context& ctx, std::string_view bound) {
    if (SiteAddresses::OfHttp2().Has(bound)) return TestClient::DialHttp2(ctx, bound);
    if (!SiteAddresses::OfTls().Has(bound)) return TestClient::Dial(ctx, bound);
    return TestClient::DialTls(ctx, bound, {.ca_pem = TestCertificate().Certificates().front().pem, .server_name = "test"});
  }
  template <class T>
  static T Checked(Result<T> result) {
    EXPECT_TRUE(result.Ok()) << result.Err().Message();
    if (result.Ok()) return *std::move(result);
    if constexpr (std::is_default_constructible_v<T>) {
      return T();
    } else {
      std::abort();
    }
  }
  const Context ctx_;
  TestClient client_;
};

// A server whose events are kept.
class Site {
 public:
  Site(const Context& ctx, Handler handler, ServerOptions options = {})
      : ctx_(ctx), server_(ctx, std::move(handler), WithLog(std::move(options))) {
    if (OverTls()) SiteAddresses::OfTls().Add(server_.Bound());
    if (OverHttp2()) SiteAddresses::OfHttp2().Add(server_.Bound());
  }

  Client Connect() const { return {ctx_, server_.Bound()}; }
  std::vector<std::string> Events() const { return log_.Lines(); }
  // How many events begin like this.
  int Count(std::string_view begin) const {
    int count = 0;
    for (const std::string& line : log_.Lines()) count += line.starts_with(begin) ? 1 : 0;
    return count;
  }
  const EventLog& log() const { return log_; }
  const TestServer& server() const { return server_; }
  TestServer& server() { return server_; }
  Error Stop() { return server_.Stop(); }

 private:
  ServerOptions WithLog(ServerOptions options) {
    options.observer = &log_;
    if (OverTls() && !options.tls) options.tls = TestCertificate();
    if (OverHttp2()) options.http2_cleartext = options.http2_extended_connect = true;
    return options;
  }
  const Context ctx_;
  EventLog log_;
  TestServer server_;
};

// Handlers.

inline Handler Say(std::string text) {
  return [text = std::move(text)](ResponseWriter& w, Request&) { return w.Write(text); };
}

// Responds with the target, so that responses can be told apart.
inline Error Tell(ResponseWriter& w, Request& r) { return w.Write(r.Target()); }

// Responds with the body, as it arrives.
inline Error Echo(ResponseWriter& w, Request& r) {
  std::vector<char> piece(16 * 1024);
  for (;;) {
    const Result<std::size_t> n = r.Body().Read(piece);
    if (Error err = n.Err()) return err;
    if (*n == 0) return {};
    if (Error err = w.Write({piece.data(), *n})) return err;
  }
}

// Text of this size that does not repeat soon.
inline std::string Pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 26 + i / 4099) % 26);
  return text;
}

inline std::string Chunked(std::string_view body, std::size_t chunk) {
  std::string out;
  char size[24];
  for (; !body.empty(); body.remove_prefix(std::min(chunk, body.size()))) {
    const std::string_view piece = body.substr(0, chunk);
    std::snprintf(size, sizeof(size), "%zx\r\n", piece.size());
    out.append(size).append(piece).append("\r\n");
  }
  return out + "0\r\n\r\n";
}

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

}  // namespace weft

#endif  // WEFT_TESTS_SERVER_SERVER_KIT_H_
