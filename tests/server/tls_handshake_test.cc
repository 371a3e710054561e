// SPDX-License-Identifier: Apache-2.0
//
// How a connection over TLS begins, and where that comes to nothing; tls_handshake_states_test.cc has the clients that stop.
#include "tls_kit.h"

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

TEST(TlsHandshake, RespondsInPlainTextToPlainText) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"), WithTls());
    Client client(ctx, *TestClient::Dial(ctx, site.server().Bound()));
    client.Send(kGet);

    const TestResponse response = client.ReadResponse();

    EXPECT_EQ(response.status, 400);
    EXPECT_THAT(response.body, HasSubstr("plain HTTP on an HTTPS port"));
    EXPECT_TRUE(client.Ended());
    EXPECT_THAT(site.Events(), ElementsAre(StartsWith("bad request 400")));
  });
}

TEST(TlsHandshake, ReportsClientsThatDoNotTrustIt) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"), WithTls());
    const Tls other = *Tls::SelfSigned({"test"});

    const Result<TestClient> client = TestClient::DialTls(
        ctx, site.server().Bound(), {.ca_pem = other.Certificates().front().pem, .server_name = "test"});

    EXPECT_FALSE(client.Ok());
    (void)Sleep(ctx, milliseconds(1));
    EXPECT_THAT(site.Events(), ElementsAre("TLS failed: tlsv1 alert unknown ca from unix"));
  });
}

TEST(TlsHandshake, SaysNothingOfThoseWhoLeaveWithoutAWord) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"), WithTls());
    { const TestClient prober = *TestClient::Dial(ctx, site.server().Bound()); }
    (void)Sleep(ctx, seconds(1));

    EXPECT_THAT(site.Events(), IsEmpty());
    EXPECT_FALSE(site.Stop());
  });
}

TEST(TlsHandshake, GivesAHandshakeItsTime) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.handshake_timeout = seconds(3);
    Site site(ctx, Say("x"), WithTls(options));
    Client silent(ctx, *TestClient::Dial(ctx, site.server().Bound()));
    Client slow(ctx, *TestClient::Dial(ctx, site.server().Bound()));
    slow.Send("\x16\x03\x01");
    const TimePoint begin = Now();

    EXPECT_TRUE(silent.Ended());
    EXPECT_TRUE(slow.Ended());

    EXPECT_GE(Now() - begin, seconds(3));
    EXPECT_LE(Now() - begin, seconds(4));
    EXPECT_THAT(site.Events(), ElementsAre("timeout handshake", "timeout handshake"));
  });
}

TEST(TlsHandshake, TakesAHandshakeByteByByte) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"), WithTls());
    ByHand client(ctx, site);
    const auto send_slowly = [&](const std::string& bytes) {
      for (const char byte : bytes) {
        EXPECT_FALSE(client.wire.Send(ctx, {&byte, 1}));
        (void)Sleep(ctx, milliseconds(1));
      }
    };
    send_slowly(client.Take());
    client.ReadFlight();
    ASSERT_EQ(client.step, internal::TlsSession::Step::kDone);
    const iovec request = internal::Part(kGet);
    ASSERT_TRUE(client.session->Write({&request, 1}, client.out));
    send_slowly(client.Take());

    std::string text;
    while (!text.ends_with("\r\n\r\nx")) {
      const Result<std::string> came = client.wire.ReadSome(ctx);
      ASSERT_TRUE(came.Ok() && !came->empty());
      std::string plain(came->size(), '\0');
      const auto read = client.session->Read(*came, plain, client.out);
      text.append(plain, 0, read.size);
    }
    EXPECT_THAT(site.Events(), IsEmpty());
  });
}

TEST(TlsHandshake, GivesNobodyMoreThanItsTimeForBytesThatComeOneByOne) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.handshake_timeout = seconds(3);
    Site site(ctx, Say("x"), WithTls(options));
    ByHand client(ctx, site);
    const std::string hello = client.Take();
    const TimePoint begin = Now();
    std::size_t sent = 0;
    while (sent < hello.size() - 1 && !client.wire.Send(ctx, hello.substr(sent, 1))) {
      ++sent;
      (void)Sleep(ctx, milliseconds(100));
    }

    EXPECT_LE(Now() - begin, seconds(7));
    EXPECT_EQ(site.Count("timeout handshake"), 1);
  });
}

// What a balancer does that checks with send-proxy.
TEST(TlsHandshake, SaysNothingOfAProbeThatOnlySendsAProxyHeader) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.proxy_protocol_from = {"unix"};
    Site site(ctx, Say("x"), WithTls(options));
    TestClient probe = *TestClient::Dial(ctx, site.server().Bound());
    ASSERT_FALSE(probe.Send(ctx, "PROXY UNKNOWN\r\n"));
    probe.CloseSend();

    const Result<std::string> rest = probe.ReadToEnd(ctx);

    EXPECT_TRUE(rest.Ok() && rest->empty());
    EXPECT_THAT(site.Events(), IsEmpty());
  });
}

TEST(TlsHandshake, ReloadsWhileConnectionsGoOn) {
  Virtually([](const Context& ctx) {
    Tls certificate = *Tls::SelfSigned({"test"});
    ServerOptions options;
    options.tls = certificate;
    Site site(ctx, Say("x"), options);
    const auto trusting = [&] { return TlsClientOptions{.ca_pem = certificate.Certificates().front().pem, .server_name = "test"}; };
    TestClient before = *TestClient::DialTls(ctx, site.server().Bound(), trusting());
    const TlsClientOptions old = trusting();

    ASSERT_FALSE(certificate.Reload());

    EXPECT_EQ(before.Get(ctx, "/")->body, "x");
    EXPECT_FALSE(TestClient::DialTls(ctx, site.server().Bound(), old).Ok());
    Result<TestClient> after = TestClient::DialTls(ctx, site.server().Bound(), trusting());
    ASSERT_TRUE(after.Ok()) << after.Err().Message();
    EXPECT_EQ(after->Get(ctx, "/")->body, "x");
  });
}

TEST(TlsHandshake, ServersMayShareOneHandle) {
  Virtually([](const Context& ctx) {
    Tls certificate = *Tls::SelfSigned({"test"});
    ServerOptions options;
    options.tls = certificate;
    Site one(ctx, Say("one"), options), other(ctx, Say("other"), options);
    const auto trusting = [&] { return TlsClientOptions{.ca_pem = certificate.Certificates().front().pem, .server_name = "test"}; };
    const auto expect_served = [&](const Site& site, std::string_view body, const TlsClientOptions& by) {
      Result<TestClient> client = TestClient::DialTls(ctx, site.server().Bound(), by);
      ASSERT_TRUE(client.Ok()) << client.Err().Message();
      EXPECT_EQ(client->Get(ctx, "/")->body, body);
    };
    const TlsClientOptions old = trusting();
    expect_served(one, "one", old);
    expect_served(other, "other", old);

    ASSERT_FALSE(certificate.Reload());

    EXPECT_FALSE(TestClient::DialTls(ctx, one.server().Bound(), old).Ok());
    EXPECT_FALSE(TestClient::DialTls(ctx, other.server().Bound(), old).Ok());
    expect_served(one, "one", trusting());
    EXPECT_FALSE(one.Stop());
    expect_served(other, "other", trusting());
    EXPECT_FALSE(other.Stop());
  });
}

TEST(TlsHandshake, FollowsAProxyHeader) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.proxy_protocol_from = {"unix"};
    Site site(ctx, [](ResponseWriter& w, Request& r) { return w.Write(r.Peer() + (r.Secure() ? " secure" : "")); }, WithTls(options));
    const auto address = internal::ResolveAddress(site.server().Bound());
    ASSERT_TRUE(address.Ok());
    internal::TestWire wire(*internal::Connect(ctx, {&*address, 1}, {.holds_time = false}));
    ASSERT_FALSE(wire.Send(ctx, "PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n"));
    const Error failed = wire.StartTls(ctx, "test", Trusting());
    ASSERT_FALSE(failed) << failed.Message();
    ASSERT_FALSE(wire.Send(ctx, kGet));
    char response[512];

    const Result<std::size_t> got = wire.Receive(ctx, response);

    ASSERT_TRUE(got.Ok());
    EXPECT_THAT(std::string(response, *got), ::testing::EndsWith("\r\n\r\n192.0.2.7:4711 secure"));
    EXPECT_THAT(site.Events(), IsEmpty());
  });
}

TEST(TlsHandshake, MayComeInOneSegmentWithAProxyHeader) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.proxy_protocol_from = {"unix"};
    Site site(ctx, [](ResponseWriter& w, Request& r) { return w.Write(r.Peer()); }, WithTls(options));
    const std::string header = "PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n";
    // All of it; and cut in the header, between the two, in the first record, before its last byte.
    const std::size_t hello_size = ByHand(ctx, site).Take().size();
    for (const std::size_t cut : {std::size_t{0}, header.size() / 2, header.size(), header.size() + 1, header.size() + 100,
                                  header.size() + hello_size - 1}) {
      ByHand client(ctx, site);
      SendInTwo(client, header + client.Take(), cut);
      client.ReadFlight();
      ASSERT_EQ(client.step, internal::TlsSession::Step::kDone) << "cut at " << cut;
      Seal(client, kGet);
      ASSERT_FALSE(client.wire.Send(ctx, client.Take()));

      EXPECT_THAT(ReadUntil(client, "\r\n\r\n192.0.2.7:4711"), StartsWith("HTTP/1.1 200 OK\r\n")) << "cut at " << cut;
    }
    EXPECT_THAT(site.Events(), IsEmpty());
  });
}

// Where there is no room for more, the slowest has to go: but not for what is the server's own part.
TEST(TlsHandshake, DoesNotEvictAHandshakeInLineForItsStep) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.connections_max = 4;
    Site site(ctx, Say("x"), WithTls(options));
    std::vector<std::unique_ptr<ByHand>> clients;
    for (int i = 0; i < 4; ++i) clients.push_back(std::make_unique<ByHand>(ctx, site));
    (void)Sleep(ctx, seconds(2));
    for (const std::size_t i : {1, 2, 3, 0}) EXPECT_FALSE(clients[i]->wire.Send(ctx, clients[i]->Take()));  // the slowest is last in line

    const TestClient next = *TestClient::Dial(ctx, site.server().Bound());

    for (const auto& client : clients) {
      client->ReadFlight();
      EXPECT_EQ(client->step, internal::TlsSession::Step::kDone);
    }
    EXPECT_EQ(site.Count("limit connections"), 1);
  });
}

TEST(TlsHandshake, AWaitingHandshakeHasASecondAfterItsStep) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.connections_max = 1;
    Site site(ctx, Say("x"), WithTls(options));
    ByHand slow(ctx, site);
    (void)Sleep(ctx, seconds(2));
    EXPECT_FALSE(slow.wire.Send(ctx, slow.Take()));
    slow.ReadFlight();
    const TimePoint begin = Now();

    TestClient next = Connected(ctx, site);

    EXPECT_GE(Now() - begin, milliseconds(985));
    EXPECT_LE(Now() - begin, milliseconds(1100));
    EXPECT_EQ(next.Get(ctx, "/")->body, "x");
  });
}

// It was accepted first, but has had a reply since.
TEST(TlsHandshake, AnActiveHandshakeDoesNotShieldSilentOnes) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.connections_max = 4;
    Site site(ctx, Say("x"), WithTls(options));
    ByHand first(ctx, site);
    std::vector<TestClient> silent;
    for (int i = 0; i < 3; ++i) silent.push_back(*TestClient::Dial(ctx, site.server().Bound()));
    (void)Sleep(ctx, milliseconds(1900));
    EXPECT_FALSE(first.wire.Send(ctx, first.Take()));
    first.ReadFlight();
    const TimePoint begin = Now();

    TestClient next = Connected(ctx, site);

    EXPECT_LE(Now() - begin, milliseconds(100));
    EXPECT_EQ(next.Get(ctx, "/")->body, "x");
    EXPECT_EQ(first.step, internal::TlsSession::Step::kDone);
  });
}

TEST(TlsHandshake, DrainsConnectionsInTheMiddleOfAHandshake) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"), WithTls());
    Client slow(ctx, *TestClient::Dial(ctx, site.server().Bound()));
    slow.Send("\x16\x03\x01");
    (void)Sleep(ctx, seconds(2));
    const TimePoint begin = Now();

    EXPECT_FALSE(site.Stop());

    EXPECT_LE(Now() - begin, milliseconds(1500));
  });
}

TEST(TlsHandshake, ServesWhoConnectsJustBeforeADrain) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"), WithTls());
    ByHand client(ctx, site);
    (void)Sleep(ctx, milliseconds(1));
    site.server().BeginDrain();
    (void)Sleep(ctx, milliseconds(50));
    EXPECT_FALSE(client.wire.Send(ctx, client.Take()));
    client.ReadFlight();
    ASSERT_EQ(client.step, internal::TlsSession::Step::kDone);
    Seal(client, kGet);
    EXPECT_FALSE(client.wire.Send(ctx, client.Take()));

    const std::string response = ReadUntil(client, "\r\n\r\nx");

    EXPECT_THAT(response, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(response, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_FALSE(site.Stop());
    EXPECT_EQ(site.Count("TLS failed"), 0);
  });
}

}  // namespace
}  // namespace weft
