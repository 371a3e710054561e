// SPDX-License-Identifier: Apache-2.0
//
// A server that speaks TLS. That all else is as in plain text is shown by running the other tests of this folder
// under WEFT_TEST_TLS=1.
#include <sys/socket.h>

#include <weft/handlers/problem.h>
#include <weft/http/internal/http2/session.h>

#include "../net/tls_certificates.h"
#include "hijack_kit.h"
#include "tls_kit.h"

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::IsEmpty;

TEST(ServerTls, TellsHandlersVersionNameAndProtocol) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) {
      const TlsInfo* tls = r.Tls();
      if (tls == nullptr) return w.Write("plain");
      return w.Write(std::string(TlsVersionName(tls->version)) + " " + tls->server_name + " " + tls->alpn + (r.Secure() ? " secure" : ""));
    }, WithTls());

    EXPECT_EQ(Client(ctx, Connected(ctx, site)).Get("/").body, "TLSv1.3 test http/1.1 secure");
  });
}

// RFC 9110 section 15.5.20: clients of HTTP/2 take one connection for several hosts.
TEST(ServerTls, MisdirectedRequestsAreSentToAConnectionOfTheirOwn) {
  if (!internal::http2::SessionsExist()) GTEST_SKIP() << "built without HTTP/2";
  Virtually([](const Context& ctx) {
    const TlsCertificate a = MakeCertificate({.common_name = "a.test", .alternatives = {"DNS:a.test"}});
    const TlsCertificate b = MakeCertificate({.common_name = "b.test", .alternatives = {"DNS:b.test", "DNS:both.test"}});
    ServerOptions options;
    options.tls = *Tls::Load({.certificates = {a, b}});
    options.refusal = ProblemRefusals();
    Site site(ctx, [](ResponseWriter& w, Request& r) { return w.Write(r.Host()); }, options);
    Client client(ctx, *TestClient::DialHttp2(ctx, site.server().Bound(), {.ca_pem = a.certificate_pem, .server_name = "a.test"}));
    const auto ask = [&client](const std::string& host) {
      client.Send("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
      return client.ReadResponse().status;
    };
    EXPECT_EQ(ask("a.test"), 200);
    EXPECT_EQ(ask("b.test:443"), 421);
    EXPECT_EQ(ask("both.test"), 421);
    client.Send("GET / HTTP/1.1\r\nHost: b.test\r\n\r\n");
    const TestResponse misdirected = client.ReadResponse();
    EXPECT_EQ(misdirected.Header("Content-Type"), "application/problem+json");
    EXPECT_NE(misdirected.body.find("\"status\":421"), std::string::npos) << misdirected.body;
    EXPECT_EQ(ask("A.TEST:8443"), 200) << "the connection goes on";
    EXPECT_EQ(ask("elsewhere.test"), 200) << "another connection would be shown the same certificate";
    EXPECT_EQ(site.Count("bad request"), 0);
  });
}

TEST(ServerTls, IsNotThereInPlainText) {
  if (OverTls()) GTEST_SKIP();
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) { return w.Write(r.Tls() != nullptr || r.Secure() ? "TLS" : "plain"); });

    EXPECT_EQ(site.Connect().Get("/").body, "plain");
  });
}

TEST(ServerTls, CountsHalfARecordAsHalfAHead) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.header_timeout = seconds(2);
    Site site(ctx, Say("x"), WithTls(options));
    Client client(ctx, Connected(ctx, site));
    EXPECT_EQ(client.Get("/").body, "x");
    ASSERT_EQ(send(client.raw().Descriptor(), "\x17\x03\x03\x00", 4, MSG_NOSIGNAL), 4);
    const TimePoint begin = Now();

    EXPECT_EQ(client.ReadResponse().status, 408);

    EXPECT_GE(Now() - begin, seconds(2));
    EXPECT_LE(Now() - begin, seconds(3));
  });
}

TEST(ServerTls, EndsResponsesWithoutALengthByACloseNotify) {
  Virtually([](const Context& ctx) {
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
  Virtually([](const Context& ctx) {
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
  Virtually([](const Context& ctx) {
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
  Virtually([](const Context& ctx) {
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
  Virtually([](const Context& ctx) {
    const std::string body = Pattern(8 * 1024 * 1024);
    Site site(ctx, Say(body), WithTls());
    Client client(ctx, Connected(ctx, site));
    client.Send(kGet);
    (void)Sleep(ctx, seconds(5));

    EXPECT_EQ(client.ReadResponse().body, body);
    EXPECT_EQ(client.Get("/").body, body);
  });
}

// The kernel goes on sending what it has when a connection is closed. What is held above it has to be waited for.
TEST(ServerTls, LosesNothingOfALastResponseThatIsTakenSlowly) {
  Virtually([](const Context& ctx) {
    const std::string body = Pattern(4 * 1024 * 1024);
    ServerOptions options;
    options.half_closed_clients = true;
    Site site(ctx, [&](ResponseWriter& w, Request&) {
      w.Header().Set("Content-Length", std::to_string(body.size()));
      return w.Write(body);
    }, WithTls(options));
    for (const bool half_closes : {false, true}) {
      TestClient client = Connected(ctx, site);
      ASSERT_FALSE(client.Send(ctx, half_closes ? kGet : "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
      if (half_closes) client.CloseSend();
      std::string all;
      while (all.size() < body.size() - 50'000) all += *client.ReadSome(ctx);
      (void)Sleep(ctx, seconds(20));

      const Result<std::string> rest = client.ReadToEnd(ctx);

      ASSERT_TRUE(rest.Ok()) << rest.Err().Message();
      EXPECT_TRUE((all + *rest).ends_with("\r\n\r\n" + body));
      EXPECT_TRUE(client.SawCloseNotify());
    }
  });
}

TEST(ServerTls, GivesUpALastResponseThatNobodyTakes) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.write_stall_timeout = seconds(7);
    Site site(ctx, Say(Pattern(4 * 1024 * 1024)), WithTls(options));
    TestClient client = Connected(ctx, site);
    ASSERT_FALSE(client.Send(ctx, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));

    (void)Sleep(ctx, seconds(8));

    EXPECT_EQ(site.Count("timeout write stall"), 1);
    EXPECT_FALSE(site.Stop());
  });
}

// The last of a request and the whole of the next one in one record: what comes after that has its event while the first is served.
TEST(ServerTls, LooksForMoreAfterWhatItHad) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Method() == "POST") {
        char body[500];
        for (std::size_t got = 0; got < sizeof(body);) {
          const Result<std::size_t> n = r.Body().Read({body + got, sizeof(body) - got});
          if (Error err = n.Err()) return err;
          got += *n;
        }
        if (Error err = Sleep(r.Ctx(), seconds(1))) return err;
      }
      return w.Write(r.Target());
    }, WithTls());
    Client client(ctx, Connected(ctx, site));
    client.Send("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 500\r\n\r\n");
    (void)Sleep(ctx, milliseconds(10));
    client.Send(std::string(500, 'b') + "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    (void)Sleep(ctx, milliseconds(10));
    client.Send("GET /3 HTTP/1.1\r\nHost: h\r\n\r\n");
    const TimePoint begin = Now();

    for (const char* target : {"/1", "/2", "/3"}) EXPECT_EQ(client.ReadResponse().body, target);

    EXPECT_LE(Now() - begin, seconds(2));
  });
}

Error EchoToTheEnd(ResponseWriter& w, Request&) {
  Result<Stream> stream = SwitchToEcho(w);
  if (Error err = stream.Err()) return err;
  if (Error err = EchoAll(*stream)) return err;
  return stream->CloseWrite();
}

TEST(ServerTls, SeesACloseNotifyThatComesWithData) {
  Virtually([](const Context& ctx) {
    Site site(ctx, &EchoToTheEnd, WithTls());
    ByHand client(ctx, site);
    EXPECT_FALSE(client.wire.Send(ctx, client.Take()));
    client.ReadFlight();
    for (const std::string_view text : {kUpgrade, std::string_view("the last")}) {
      const iovec part = internal::Part(text);
      ASSERT_TRUE(client.session->Write({&part, 1}, client.out));
    }
    client.session->Finish(client.out);
    EXPECT_FALSE(client.wire.Send(ctx, client.Take()));  // and no FIN

    std::string text;
    const CancelScope soon = WithTimeout(ctx, seconds(5));
    while (client.session->Ended() == internal::TlsSession::PeerEnd::kOpen) {
      const Result<std::string> came = client.wire.ReadSome(soon.ctx);
      ASSERT_TRUE(came.Ok() && !came->empty());
      std::string plain(came->size(), '\0');
      text.append(plain.data(), client.session->Read(*came, plain, client.out).size);
    }
    EXPECT_TRUE(client.session->Ended() == internal::TlsSession::PeerEnd::kCloseNotify);
    EXPECT_THAT(text, ::testing::EndsWith("\r\n\r\nthe last"));
  });
}

TEST(ServerTls, ServesRequestsThatComeTogether) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Tell, WithTls());
    Client client(ctx, Connected(ctx, site));
    client.Send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\nGET /3 HTTP/1.1\r\nHost: h\r\n\r\nGET /4");
    for (const char* target : {"/1", "/2", "/3"}) EXPECT_EQ(client.ReadResponse().body, target);
    client.Send(" HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(client.ReadResponse().body, "/4");
  });
}

TEST(ServerTls, HandsTheStreamToAHandlerThatHijacks) {
  Virtually([](const Context& ctx) {
    Site site(ctx, &EchoToTheEnd, WithTls());
    Client client(ctx, Connected(ctx, site));
    client.Send("GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nfirst");
    EXPECT_EQ(client.ReadResponse().status, 101);
    EXPECT_EQ(client.Until("first"), "first");
    client.Send("second");
    EXPECT_EQ(client.Until("second"), "second");
    client.raw().CloseSend();
    EXPECT_EQ(client.ToEnd(), "");
    EXPECT_TRUE(client.raw().SawCloseNotify());
  });
}

}  // namespace
}  // namespace weft
