// SPDX-License-Identifier: Apache-2.0
//
// Clients that do not get through a handshake, whatever it consists of: after each part of each of their flights they stop, close their
// side, or reset the connection.
#include <malloc.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

#include "../kit/sanitized.h"
#include "../net/tls_certificates.h"
#include "tls_kit.h"

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Step = internal::TlsSession::Step;

struct Kind {
  const char* name;
  TlsVersion version = TlsVersion::k13;
  bool mutual = false;   // the client shows a certificate
  bool retried = false;  // its first key is of a group that the server does not take (HelloRetryRequest, RFC 8446 section 4.1.4)
  std::size_t flights = 2;
};
void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

// How far a client goes.
struct Stop {
  std::size_t flight;  // of its own
  enum { kHalf, kAllButAByte, kWhole, kReplied } part;  // of that one; the last: it reads what the server has sent, too
};

class TlsHandshakeStates : public ::testing::TestWithParam<Kind> {
 protected:
  ServerOptions Options() const {
    TlsServerOptions tls{.certificates = {own_}};
    if (GetParam().mutual) {
      tls.client_ca_pem = ca_.certificate_pem;
      tls.client_auth = ClientAuth::kRequire;
    }
    ServerOptions options;
    options.address = "127.0.0.1:0";  // in memory there is no reset
    options.tls = *Tls::Load(std::move(tls));
    return options;
  }
  TlsClientOptions ClientOptions() const {
    TlsClientOptions options{.ca_pem = own_.certificate_pem, .server_name = "test"};
    if (GetParam().mutual) options.certificate = shown_;
    return options;
  }
  std::shared_ptr<const internal::ClientContext> MakeContext() const {
    auto context = *internal::ClientContext::Load(ClientOptions());
    if (GetParam().version == TlsVersion::k12) SSL_CTX_set_max_proto_version(context->ctx, TLS1_2_VERSION);
    if (GetParam().retried) {
      EXPECT_EQ(SSL_CTX_set1_groups_list(context->ctx, "X448:P-256"), 1);
    }
    return context;
  }
  // All places at which a client can stop before the handshake is done.
  static std::vector<Stop> Stops() {
    std::vector<Stop> stops;
    for (std::size_t flight = 0; flight < GetParam().flights; ++flight) {
      stops.push_back({flight, Stop::kHalf});
      stops.push_back({flight, Stop::kAllButAByte});
      if (flight + 1 == GetParam().flights) break;
      stops.push_back({flight, Stop::kWhole});
      stops.push_back({flight, Stop::kReplied});
    }
    return stops;
  }
  std::unique_ptr<ByHand> GoTo(const Context& ctx, const Site& site, Stop stop) const {
    auto client = std::make_unique<ByHand>(ctx, site, context_);
    for (std::size_t flight = 0; flight < stop.flight; ++flight) {
      EXPECT_FALSE(client->wire.Send(ctx, client->Take()));
      client->ReadFlight();
      EXPECT_EQ(client->step == Step::kDone, GetParam().version == TlsVersion::k13 && flight + 2 == GetParam().flights);
    }
    const std::string flight = client->Take();
    EXPECT_FALSE(flight.empty());
    std::size_t bytes = flight.size();
    if (stop.part == Stop::kHalf) bytes /= 2;
    if (stop.part == Stop::kAllButAByte) --bytes;
    EXPECT_FALSE(client->wire.Send(ctx, flight.substr(0, bytes)));
    if (stop.part == Stop::kReplied) client->ReadFlight();
    return client;
  }
  std::vector<std::unique_ptr<ByHand>> GoToAll(const Context& ctx, const Site& site) const {
    std::vector<std::unique_ptr<ByHand>> clients;
    for (const Stop stop : Stops()) clients.push_back(GoTo(ctx, site, stop));
    return clients;
  }
  TestClient Polite(const Context& ctx, const Site& site) const {
    Result<TestClient> client = TestClient::DialTls(ctx, site.server().Bound(), ClientOptions());
    EXPECT_TRUE(client.Ok()) << client.Err().Message();
    return *std::move(client);
  }

  const TlsCertificate ca_ = MakeCertificate({.common_name = "ca", .ca = true});
  const TlsCertificate own_ = MakeCertificate({.alternatives = {"DNS:test"}});
  const TlsCertificate shown_ = MakeCertificate({.common_name = "client", .issuer = &ca_});
  const std::shared_ptr<const internal::ClientContext> context_ = MakeContext();
};

void ExpectServedAtOnce(const Context& ctx, TestClient& client) {
  const TimePoint begin = Now();
  const Result<TestResponse> response = client.Get(ctx, "/");
  ASSERT_TRUE(response.Ok()) << response.Err().Message();
  EXPECT_EQ(response->body, "x");
  EXPECT_EQ(Now(), begin) << "it had to wait for others";
}

// Of a connection, which the server has closed or will close.
void ReadToEnd(ByHand& client) {
  while (true) {
    const Result<std::string> more = client.wire.ReadSome(client.ctx);
    if (!more.Ok() || more->empty()) return;
  }
}

// Else the tests below play something else than they say.
TEST_P(TlsHandshakeStates, HasTheExpectedNumberOfFlights) {
  Virtually([this](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) {
      const TlsInfo& tls = *r.Tls();
      return w.Write(std::string(TlsVersionName(tls.version)) + (tls.peer_certificate ? " " + tls.peer_certificate->subject : ""));
    }, Options());
    ByHand client(ctx, site, context_);
    std::size_t flights = 0;
    while (client.out.size() > 0) {
      ++flights;
      ASSERT_FALSE(client.wire.Send(ctx, client.Take()));
      if (client.step != Step::kDone) client.ReadFlight();
    }
    EXPECT_EQ(flights, GetParam().flights);
    ASSERT_EQ(client.step, Step::kDone);
    const iovec request = internal::Part(kGet);
    ASSERT_TRUE(client.session->Write({&request, 1}, client.out));
    ASSERT_FALSE(client.wire.Send(ctx, client.Take()));

    std::string text;
    const std::string expected =
        "\r\n\r\n" + std::string(TlsVersionName(GetParam().version)) + (GetParam().mutual ? " CN=client" : "");
    while (!text.ends_with(expected)) {
      const Result<std::string> came = client.wire.ReadSome(ctx);
      ASSERT_TRUE(came.Ok() && !came->empty()) << text;
      std::string plain(came->size(), '\0');
      text.append(plain, 0, client.session->Read(*came, plain, client.out).size);
    }
  });
}

TEST_P(TlsHandshakeStates, GivesUpAClientThatStopsInTime) {
  Virtually([this](const Context& ctx) {
    ServerOptions options = Options();
    options.handshake_timeout = seconds(7);
    Site site(ctx, Say("x"), options);
    TestClient polite = Polite(ctx, site);
    const TimePoint begin = Now();
    const auto clients = GoToAll(ctx, site);
    ExpectServedAtOnce(ctx, polite);
    EXPECT_EQ(Now(), begin);

    (void)Sleep(ctx, seconds(7) - milliseconds(1));
    EXPECT_THAT(site.Events(), ::testing::IsEmpty()) << "each has its time";
    ExpectServedAtOnce(ctx, polite);
    for (const auto& client : clients) ReadToEnd(*client);

    EXPECT_LE(Now() - begin, seconds(8));
    EXPECT_THAT(site.Events(), ::testing::Each(std::string("timeout handshake")));
    EXPECT_EQ(site.Events().size(), clients.size());
    ExpectServedAtOnce(ctx, polite);
    EXPECT_FALSE(site.Stop());
  });
}

// The last bytes and the FIN come as one event.
TEST_P(TlsHandshakeStates, ReportsAHalfCloseAtOnce) {
  Virtually([this](const Context& ctx) {
    Site site(ctx, Say("x"), Options());
    TestClient polite = Polite(ctx, site);
    const TimePoint begin = Now();
    const auto clients = GoToAll(ctx, site);
    for (const auto& client : clients) client->wire.CloseSend();
    ExpectServedAtOnce(ctx, polite);

    for (const auto& client : clients) ReadToEnd(*client);

    EXPECT_EQ(Now(), begin);
    EXPECT_EQ(site.Count("TLS failed: the connection was closed during the handshake"), static_cast<int>(clients.size()));
    ExpectServedAtOnce(ctx, polite);
    EXPECT_FALSE(site.Stop());
  });
}

TEST_P(TlsHandshakeStates, ReportsAResetAtOnce) {
  Virtually([this](const Context& ctx) {
    Site site(ctx, Say("x"), Options());
    TestClient polite = Polite(ctx, site);
    const auto clients = GoToAll(ctx, site);
    Settle(ctx);  // of one that has been reset before anybody looked nothing is known
    for (const auto& client : clients) client->wire.Reset();
    ExpectServedAtOnce(ctx, polite);
    Settle(ctx);

    EXPECT_EQ(site.Count("TLS failed: the connection was closed during the handshake"), static_cast<int>(clients.size()));
    EXPECT_EQ(site.Events().size(), clients.size());
    ExpectServedAtOnce(ctx, polite);
    EXPECT_FALSE(site.Stop());
  });
}

TEST_P(TlsHandshakeStates, ADrainDoesNotWaitForThoseWhoStop) {
  Virtually([this](const Context& ctx) {
    Site site(ctx, Say("x"), Options());
    const auto clients = GoToAll(ctx, site);
    (void)Sleep(ctx, seconds(2));
    const TimePoint begin = Now();

    EXPECT_FALSE(site.Stop());

    EXPECT_LE(Now() - begin, milliseconds(1500));
  });
}

// glibc's own count; sanitizers have another allocator.
#if defined(__GLIBC__) && !defined(WEFT_TEST_UNDER_ASAN) && !defined(WEFT_TEST_UNDER_TSAN)
TEST_P(TlsHandshakeStates, NoMemoryStaysBehind) {
  constexpr int kRounds = 10;
  Virtually([this](const Context& ctx) {
    Site site(ctx, Say("x"), Options());
    const auto play = [&] {
      for (const int ending : {0, 1, 2}) {
        const auto clients = GoToAll(ctx, site);
        Settle(ctx);
        for (const auto& client : clients) {
          if (ending == 1) client->wire.CloseSend();
          if (ending == 2) client->wire.Reset();
        }
        (void)Sleep(ctx, seconds(20));  // beyond all timeouts
      }
    };
    // What the test itself keeps: the lines of its events, in a vector that doubles.
    const auto kept = [&site] {
      double bytes = 0;
      for (const std::string& line : site.Events()) bytes += static_cast<double>(2 * sizeof line + line.size());
      return bytes;
    };
    play();
    play();
    const double kept_before = kept();
    const auto before = static_cast<double>(mallinfo2().uordblks);
    for (int round = 0; round < kRounds; ++round) play();

    const double bytes = static_cast<double>(mallinfo2().uordblks) - before - (kept() - kept_before);
    // Half of that is seen, with mutual TLS as without; a session that stays behind is some kilobytes.
    EXPECT_LE(bytes / static_cast<double>(3 * kRounds * Stops().size()), 1024);
  });
}
#endif

constexpr Kind kKinds[] = {
    {"Tls13"},
    {"Tls13Mutual", TlsVersion::k13, true},
    {"Tls13Retried", TlsVersion::k13, false, true, 3},
    {"Tls13MutualRetried", TlsVersion::k13, true, true, 3},
    {"Tls12", TlsVersion::k12},
    {"Tls12Mutual", TlsVersion::k12, true},
};
INSTANTIATE_TEST_SUITE_P(Kinds, TlsHandshakeStates, ::testing::ValuesIn(kKinds), [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace
}  // namespace weft
