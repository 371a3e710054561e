// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <atomic>
#include <cstdio>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/debug.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/clock.h>
#include <weft/server/internal/faulty_link.h>
#include <weft/server/listen_and_serve.h>
#include <weft/server/testing.h>

namespace weft {
namespace {

// Longer than any drain with the default options takes.
constexpr Duration kTellEvery = std::chrono::seconds(30);

// A name that no other server on this machine has at this time.
std::string InMemoryAddress() {
  static std::atomic<unsigned> count{0};
  return "unix:@weft-test-" + std::to_string(getpid()) + "-" + std::to_string(count.fetch_add(1));
}

}  // namespace

struct TestServer::State {
  State(const Context& ctx, Handler to_serve, ServerOptions given)
      : handler(std::move(to_serve)), options(std::move(given)), stop(WithCancel(ctx)), group(WithoutCancel(ctx)) {}

  void Start() {
    if (options.address == ServerOptions().address) options.address = InMemoryAddress();
    options.on_listen = [this, theirs = std::move(options.on_listen)](std::string_view at) {
      bound = at;
      if (theirs) theirs(at);
      started.Set();
    };
    group.Go("test server", [this](const Context&) {
      result = ListenAndServe(stop.ctx, options, handler);
      started.Set();
      ended.Set();
    });
  }

  Handler handler;
  ServerOptions options;
  std::unique_ptr<HttpClient> client;
  std::string bound;
  Error result;
  Event started;
  Event ended;
  CancelScope stop;
  Group group;
};

TestServer::TestServer(const Context& ctx, Handler handler, ServerOptions options)
    : state_(std::make_unique<State>(ctx, std::move(handler), std::move(options))) {
  state_->Start();
  (void)state_->started.Wait(Background());
}

TestServer::~TestServer() {
  state_->client.reset();
  (void)Stop();
}

const std::string& TestServer::Bound() const { return state_->bound; }

// Trusts the server, whatever its name.
TlsClientOptions TestServer::ClientTls() const {
  TlsClientOptions options;
  if (!state_->options.tls) return options;
  const CertificateInfo certificate = state_->options.tls->Certificates().front();
  options.ca_pem = certificate.pem;
  if (!certificate.dns_names.empty()) {
    options.server_name = certificate.dns_names.front();
  } else if (!certificate.ip_addresses.empty()) {
    options.server_name = certificate.ip_addresses.front();
  }
  return options;
}

Result<TestClient> TestServer::Connect(const Context& ctx) const {
  if (!state_->options.tls) return TestClient::Dial(ctx, Bound());
  return TestClient::DialTls(ctx, Bound(), ClientTls());
}

Result<TestClient> TestServer::ConnectHttp2(const Context& ctx) const {
  if (!state_->options.tls) return TestClient::DialHttp2(ctx, Bound());
  return TestClient::DialHttp2(ctx, Bound(), ClientTls());
}

HttpClient& TestServer::Client() {
  if (state_->client == nullptr) {
    HttpClientOptions options;
    options.tls = ClientTls();
    options.dial = [this, link = std::make_shared<internal::LinkState>()](const Context& ctx, const DialTarget&) {
      return internal::DialTestServer(ctx, Bound(), link);
    };
    state_->client = std::make_unique<HttpClient>(std::move(options));
  }
  return *state_->client;
}

std::string TestServer::Url(std::string_view target) const {
  return (state_->options.tls ? "https://test-server" : "http://test-server") + std::string(target);
}

void TestServer::BeginDrain() { state_->stop.cancel(); }

Error TestServer::Join() {
  for (;;) {
    const CancelScope patience = WithTimeout(Background(), kTellEvery);
    if (!state_->ended.Wait(patience.ctx)) break;
    std::fprintf(stderr, "TestServer at %s has not ended yet; these fibers are left:\n%s", Bound().c_str(),
                 FormatFiberTree(ListFibers()).c_str());
  }
  (void)state_->group.Wait();
  return state_->result;
}

Error TestServer::Stop() {
  BeginDrain();
  return Join();
}

}  // namespace weft
