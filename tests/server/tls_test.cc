// SPDX-License-Identifier: Apache-2.0
//
// A server that speaks TLS. That all else is as in plain text is shown by running the other tests of this folder
// under WEFT_TEST_TLS=1.
#include <sys/socket.h>

#include <weft/net/internal/address.h>
#include <weft/net/internal/connect.h>
#include <weft/net/internal/socket.h>
#include <weft/net/internal/tls/alpn.h>
#include <weft/net/internal/tls/client_context.h>
#include <weft/net/internal/tls/session.h>
#include <weft/server/internal/test_wire.h>

#include "hijack_kit.h"
#include "server_kit.h"

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

ServerOptions WithTls(ServerOptions options = {}) {
  options.tls = TestCertificate();
  return options;
}

TlsClientOptions Trusting() { return {.ca_pem = TestCertificate().Certificates().front().pem, .server_name = "test"}; }

TestClient Connected(const Context& ctx, const Site& site) { return *TestClient::DialTls(ctx, site.server().Bound(), Trusting()); }

TEST(ServerTls, TellsHandlersWhatWasAgreedOn) {
  Play([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) {
      const TlsInfo* tls = r.Tls();
      if (tls == nullptr) return w.Write("plain");
      return w.Write(std::string(TlsVersionName(tls->version)) + " " + tls->server_name + " " + tls->alpn + (r.Secure() ? " secure" : ""));
    }, WithTls());

    EXPECT_EQ(Client(ctx, Connected(ctx, site)).Get("/").body, "TLSv1.3 test http/1.1 secure");
  });
}

TEST(ServerTls, IsNotThereInPlainText) {
  if (OverTls()) GTEST_SKIP();
  Play([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) { return w.Write(r.Tls() != nullptr || r.Secure() ? "TLS" : "plain"); });

    EXPECT_EQ(site.Connect().Get("/").body, "plain");
  });
}

TEST(ServerTls, RespondsInPlainTextToPlainText) {
  Play([](const Context& ctx) {
    Site site(ctx, Say("x"), WithTls());
    Client client(ctx, *TestClient::Dial(ctx, site.server().Bound()));
    client.Send(kGet);

    const TestResponse response = client.Answer();

    EXPECT_EQ(response.status, 400);
    EXPECT_THAT(response.body, HasSubstr("plain HTTP on a port for HTTPS"));
    EXPECT_TRUE(client.Ended());
    EXPECT_THAT(site.Events(), ElementsAre(StartsWith("bad request 400")));
  });
}

TEST(ServerTls, ReportsClientsThatDoNotTrustIt) {
  Play([](const Context& ctx) {
    Site site(ctx, Say("x"), WithTls());
    const Tls other = *Tls::SelfSigned({"test"});

    const Result<TestClient> client = TestClient::DialTls(
        ctx, site.server().Bound(), {.ca_pem = other.Certificates().front().pem, .server_name = "test"});

    EXPECT_FALSE(client.Ok());
    (void)Sleep(ctx, milliseconds(1));
    EXPECT_THAT(site.Events(), ElementsAre(StartsWith("TLS failed: ")));
  });
}

TEST(ServerTls, SaysNothingOfThoseWhoLeaveWithoutAWord) {
  Play([](const Context& ctx) {
    Site site(ctx, Say("x"), WithTls());
    { const TestClient prober = *TestClient::Dial(ctx, site.server().Bound()); }
    (void)Sleep(ctx, seconds(1));

    EXPECT_THAT(site.Events(), IsEmpty());
    EXPECT_FALSE(site.Stop());
  });
}

TEST(ServerTls, GivesAHandshakeItsTime) {
  Play([](const Context& ctx) {
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

// A client whose bytes the test sends itself.
struct ByHand {
  ByHand(const Context& c, const Site& site) : ctx(c), wire(*TestClient::Dial(c, site.server().Bound())) {
    auto context = internal::ClientContext::Load(Trusting());
    session = *internal::TlsSession::Client(*context, "test", alpn);
    step = session->Handshake({}, out);
  }
  std::string Take() { return std::string(std::exchange(out, {}).View()); }
  // Reads until the server waits for the rest of the handshake.
  void ReadFlight() {
    while (step == internal::TlsSession::Step::kWantInput && out.empty()) {
      const Result<std::string> came = wire.ReadSome(ctx);
      ASSERT_TRUE(came.Ok() && !came->empty());
      step = session->Handshake(*came, out);
    }
  }

  const Context& ctx;
  TestClient wire;
  const internal::AlpnList alpn{"http/1.1"};
  std::unique_ptr<internal::TlsSession> session;
  internal::ByteBuffer out;
  internal::TlsSession::Step step;
};

TEST(ServerTls, TakesAHandshakeByteByByte) {
  Play([](const Context& ctx) {
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

TEST(ServerTls, GivesUpClientsThatStopInAnyStateOfAHandshake) {
  Play([](const Context& ctx) {
    Site site(ctx, Say("x"), WithTls());
    ByHand after_half_of_the_hello(ctx, site);
    const std::string hello = after_half_of_the_hello.Take();
    EXPECT_FALSE(after_half_of_the_hello.wire.Send(ctx, hello.substr(0, hello.size() / 2)));
    ByHand after_the_hello(ctx, site);
    EXPECT_FALSE(after_the_hello.wire.Send(ctx, after_the_hello.Take()));
    ByHand before_its_last_byte(ctx, site);
    EXPECT_FALSE(before_its_last_byte.wire.Send(ctx, before_its_last_byte.Take()));
    before_its_last_byte.ReadFlight();
    const std::string finished = before_its_last_byte.Take();
    EXPECT_FALSE(before_its_last_byte.wire.Send(ctx, finished.substr(0, finished.size() - 1)));
    const TimePoint begin = Now();

    for (ByHand* client : {&after_half_of_the_hello, &after_the_hello, &before_its_last_byte}) {
      while (true) {
        const Result<std::string> more = client->wire.ReadSome(ctx);
        if (!more.Ok() || more->empty()) break;
      }
    }

    EXPECT_GE(Now() - begin, seconds(10) - milliseconds(1));
    EXPECT_LE(Now() - begin, seconds(11));
    EXPECT_EQ(site.Count("timeout handshake"), 3);
    EXPECT_FALSE(site.Stop());
  });
}

TEST(ServerTls, CountsHalfARecordAsHalfAHead) {
  Play([](const Context& ctx) {
    ServerOptions options;
    options.header_timeout = seconds(2);
    Site site(ctx, Say("x"), WithTls(options));
    Client client(ctx, Connected(ctx, site));
    EXPECT_EQ(client.Get("/").body, "x");
    ASSERT_EQ(send(client.raw().Descriptor(), "\x17\x03\x03\x00", 4, MSG_NOSIGNAL), 4);
    const TimePoint begin = Now();

    EXPECT_EQ(client.Answer().status, 408);

    EXPECT_GE(Now() - begin, seconds(2));
    EXPECT_LE(Now() - begin, seconds(3));
  });
}

TEST(ServerTls, EndsResponsesWithoutALengthByACloseNotify) {
  Play([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request&) -> Error {
      if (Error err = w.Write(std::string(100'000, 'x'))) return err;
      return w.Write("end");
    }, WithTls());
    TestClient client = Connected(ctx, site);
    ASSERT_FALSE(client.Send(ctx, "GET / HTTP/1.0\r\n\r\n"));

    const Result<std::string> all = client.ReadToEnd(ctx);

    ASSERT_TRUE(all.Ok()) << all.Err().Message();
    EXPECT_TRUE(all->ends_with("xend"));
    EXPECT_TRUE(client.SawCloseNotify());
  });
}

TEST(ServerTls, BreaksResponsesOffWithoutACloseNotify) {
  Play([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request&) -> Error {
      if (Error err = w.Write(std::string(10'000, 'x'))) return err;
      if (Error err = w.Flush()) return err;
      return Error::New("broken");
    }, WithTls());
    TestClient client = Connected(ctx, site);
    ASSERT_FALSE(client.Send(ctx, kGet));

    static_cast<void>(client.ReadToEnd(ctx));

    EXPECT_FALSE(client.SawCloseNotify());
  });
}

// The usual end of a client, with and without the alert that TLS wants before it.
TEST(ServerTls, TakesEitherEndOfAClientForAnEnd) {
  Play([](const Context& ctx) {
    Site site(ctx, Say("x"), WithTls());
    for (const bool says_so : {true, false}) {
      TestClient client = Connected(ctx, site);
      EXPECT_EQ(client.Get(ctx, "/")->body, "x");
      if (says_so) {
        client.CloseSend();
      } else {
        shutdown(client.Descriptor(), SHUT_WR);
      }
      const Result<std::string> rest = client.ReadToEnd(ctx);
      EXPECT_TRUE(rest.Ok() && rest->empty());
    }
    EXPECT_THAT(site.Events(), IsEmpty());
  });
}

TEST(ServerTls, EchoesBodiesOfAnySize) {
  Play([](const Context& ctx) {
    ServerOptions options;
    options.body_bytes_max = kUnlimited;
    Site site(ctx, &Echo, WithTls(options));
    Client client(ctx, Connected(ctx, site));
    for (const std::size_t size : {0, 1, 4096, 16 * 1024, 16 * 1024 + 1, 100'000}) {
      const std::string body = Pattern(size);
      EXPECT_EQ(client.Post("/", body).body, body) << size;
    }
  });
}

// More than the socket takes: what is encrypted and not sent is held, and nothing of it is lost.
TEST(ServerTls, SendsToAClientThatReadsLate) {
  Play([](const Context& ctx) {
    const std::string body = Pattern(8 * 1024 * 1024);
    Site site(ctx, Say(body), WithTls());
    Client client(ctx, Connected(ctx, site));
    client.Send(kGet);
    (void)Sleep(ctx, seconds(5));

    EXPECT_EQ(client.Answer().body, body);
    EXPECT_EQ(client.Get("/").body, body);
  });
}

TEST(ServerTls, ServesRequestsThatComeTogether) {
  Play([](const Context& ctx) {
    Site site(ctx, Tell, WithTls());
    Client client(ctx, Connected(ctx, site));
    client.Send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\nGET /3 HTTP/1.1\r\nHost: h\r\n\r\nGET /4");
    for (const char* target : {"/1", "/2", "/3"}) EXPECT_EQ(client.Answer().body, target);
    client.Send(" HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(client.Answer().body, "/4");
  });
}

TEST(ServerTls, HandsTheStreamToAHandlerThatHijacks) {
  Play([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request&) -> Error {
      Result<Stream> stream = SwitchToEcho(w);
      if (Error err = stream.Err()) return err;
      if (Error err = EchoAll(*stream)) return err;
      return stream->CloseWrite();
    }, WithTls());
    Client client(ctx, Connected(ctx, site));
    client.Send("GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nfirst");
    EXPECT_EQ(client.Answer().status, 101);
    EXPECT_EQ(client.Until("first"), "first");
    client.Send("second");
    EXPECT_EQ(client.Until("second"), "second");
    client.raw().CloseSend();
    EXPECT_EQ(client.ToEnd(), "");
    EXPECT_TRUE(client.raw().SawCloseNotify());
  });
}

TEST(ServerTls, ReloadsWhileConnectionsGoOn) {
  Play([](const Context& ctx) {
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

TEST(ServerTls, FollowsAProxyHeader) {
  Play([](const Context& ctx) {
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
    EXPECT_THAT(std::string(response, *got), testing::EndsWith("\r\n\r\n192.0.2.7:4711 secure"));
    EXPECT_THAT(site.Events(), IsEmpty());
  });
}

TEST(ServerTls, DrainsConnectionsInTheMiddleOfAHandshake) {
  Play([](const Context& ctx) {
    Site site(ctx, Say("x"), WithTls());
    Client slow(ctx, *TestClient::Dial(ctx, site.server().Bound()));
    slow.Send("\x16\x03\x01");
    (void)Sleep(ctx, seconds(2));
    const TimePoint begin = Now();

    EXPECT_FALSE(site.Stop());

    EXPECT_LE(Now() - begin, milliseconds(1500));
  });
}

TEST(ServerTls, ServesWhoConnectsJustBeforeADrain) {
  Play([](const Context& ctx) {
    Site site(ctx, Say("x"), WithTls());
    TestClient raw = *TestClient::Dial(ctx, site.server().Bound());
    (void)Sleep(ctx, milliseconds(1));
    site.server().BeginDrain();
    (void)Sleep(ctx, milliseconds(50));
    EXPECT_FALSE(raw.Send(ctx, "\x16"));
    raw.Close();
    EXPECT_FALSE(site.Stop());
  });
}

}  // namespace
}  // namespace weft
