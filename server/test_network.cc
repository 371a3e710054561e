// SPDX-License-Identifier: Apache-2.0
#include <weft/server/test_network.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <utility>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/internal/base/thread_mutex.h>
#include <weft/net/client_failure.h>
#include <weft/net/tls.h>
#include <weft/server/internal/faulty_link.h>

namespace weft {
namespace {

struct Site {
  std::unique_ptr<TestServer> server;
  std::shared_ptr<internal::LinkState> link = std::make_shared<internal::LinkState>();
};

[[noreturn]] void Misuse(std::string_view function, std::string_view why) {
  std::fprintf(stderr, "weft: %.*s: %.*s\n", static_cast<int>(function.size()), function.data(), static_cast<int>(why.size()), why.data());
  std::abort();
}

// "https://users.internal" is the address users.internal:443.
std::string AddressOf(std::string_view origin, bool& secure) {
  secure = origin.starts_with("https://");
  if (!secure && !origin.starts_with("http://")) Misuse("TestNetwork", "an origin is http:// or https:// and a host");
  origin.remove_prefix(secure ? 8 : 7);
  std::string address(origin.substr(0, origin.find('/')));
  if (!Address::Parse(address).Ok()) address += secure ? ":443" : ":80";
  const Result<Address> parsed = Address::Parse(address);
  if (!parsed.Ok()) Misuse("TestNetwork", parsed.Err().Message());
  return parsed->Text();
}

}  // namespace

struct TestNetwork::State {
  explicit State(const Context& given) : ctx(given) {}

  Site& Find(std::string_view origin) {
    bool secure = false;
    const std::lock_guard hold(lock);
    const auto at = sites.find(AddressOf(origin, secure));
    if (at == sites.end()) Misuse("TestNetwork", "nobody serves " + std::string(origin) + " (Serve)");
    return at->second;
  }

  Result<Stream> Dial(const Context& caller, const DialTarget& target) {
    std::string bound;
    std::shared_ptr<internal::LinkState> link;
    {
      const std::lock_guard hold(lock);
      const auto at = sites.find(target.Text());
      if (at == sites.end()) {
        return MakeClientFailure({ClientFailure::kResolve, false, target.Text(), "the TestNetwork has no such host"});
      }
      bound = at->second.server->Bound();
      link = at->second.link;
    }
    return internal::DialTestServer(caller, bound, link);
  }

  Context ctx;
  internal::ThreadMutex lock;  // for a moment
  std::map<std::string, Site> sites WEFT_GUARDED_BY(lock);
  std::string certificates WEFT_GUARDED_BY(lock);
  // Unguarded: it has a lock of its own.
  Group relays{ctx};
};

TestNetwork::TestNetwork(const Context& ctx) : state_(std::make_shared<State>(ctx)) {}

TestNetwork::~TestNetwork() WEFT_NO_LOCK_ANALYSIS {  // a server that ends waits, and no other fiber is left
  state_->relays.Cancel();
  static_cast<void>(state_->relays.Wait());
  for (auto& [address, site] : state_->sites) site.server.reset();
}

TestServer& TestNetwork::Serve(std::string_view origin, Handler handler, ServerOptions options) {
  bool secure = false;
  const std::string address = AddressOf(origin, secure);
  if (secure && !options.tls) {
    Result<Tls> tls = Tls::SelfSigned({Address::Parse(address)->host});
    if (!tls.Ok()) Misuse("TestNetwork::Serve", tls.Err().Message());
    options.tls = *tls;
  }
  const std::string certificate = options.tls ? options.tls->Certificates().front().pem : std::string();
  auto server = std::make_unique<TestServer>(state_->ctx, std::move(handler), std::move(options));
  const std::lock_guard hold(state_->lock);
  Site& site = state_->sites[address];
  if (site.server != nullptr) Misuse("TestNetwork::Serve", std::string(origin) + " is served already");
  site.server = std::move(server);
  state_->certificates += certificate;
  return *site.server;
}

HttpClientOptions TestNetwork::ClientOptions() const {
  HttpClientOptions options;
  {
    const std::lock_guard hold(state_->lock);
    options.tls.ca_pem = state_->certificates;
  }
  options.dial = [state = state_](const Context& ctx, const DialTarget& target) { return state->Dial(ctx, target); };
  return options;
}

// HTTP/2 is spoken over real sockets, which have no such faults.
HttpClientOptions TestNetwork::Http2ClientOptions() const {
  HttpClientOptions options = ClientOptions();
  options.http2 = true;
  options.dial = [state = state_](const Context& ctx, const DialTarget& target) -> Result<Stream> {
    Result<Stream> stream = state->Dial(ctx, target);
    if (Error err = stream.Err()) return err;
    return internal::Relayed(state->relays, *std::move(stream));
  };
  return options;
}

void TestNetwork::Refuse(std::string_view origin) { state_->Find(origin).link->Set({.kind = internal::LinkFault::Kind::kRefuse}); }
void TestNetwork::Reset(std::string_view origin, std::uint64_t after_bytes) {
  state_->Find(origin).link->Set({.kind = internal::LinkFault::Kind::kReset, .after_bytes = after_bytes});
}
void TestNetwork::Stall(std::string_view origin) { state_->Find(origin).link->Set({.kind = internal::LinkFault::Kind::kStall}); }
void TestNetwork::Delay(std::string_view origin, Duration by) {
  state_->Find(origin).link->Set({.kind = internal::LinkFault::Kind::kDelay, .by = by});
}
void TestNetwork::Heal(std::string_view origin) { state_->Find(origin).link->Set({}); }

}  // namespace weft
