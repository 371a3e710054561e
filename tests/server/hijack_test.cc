// SPDX-License-Identifier: Apache-2.0
//
// How a connection is taken over, and what is left of HTTP then.
#include <stdexcept>

#include <weft/concurrency/group.h>
#include <weft/handlers/middleware/access_log.h>
#include <weft/handlers/routing/mux.h>

#include "hijack_kit.h"

namespace weft {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Hijack, SwitchesToTheProtocolThatTheClientOffers) {
  Virtually([](const Context& ctx) {
    Site site(ctx, EchoUpgrade);
    Client client = site.Connect();
    client.Send(kUpgrade);

    const std::string head = client.Until("\r\n\r\n");
    EXPECT_THAT(head, StartsWith("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\nDate: "));
    for (const char* unwanted : {"Content-Length", "Transfer-Encoding", "close", "Content-Type"}) EXPECT_THAT(head, Not(HasSubstr(unwanted)));

    client.Send("one");
    EXPECT_EQ(client.Until("one"), "one");
    client.Send("two");
    EXPECT_EQ(client.Until("two"), "two");
    client.raw().CloseSend();
    EXPECT_EQ(client.ToEnd(), "");
    EXPECT_FALSE(site.Stop());
  });
}

TEST(Hijack, WithoutAStatusSendsWhatTheHandlerWritesAndNothingElse) {
  Virtually([](const Context& ctx) {
    for (const char* method : {"GET", "HEAD", "PURGE"}) {
      for (const char* version : {"1.0", "1.1"}) {
        Site site(ctx, [](ResponseWriter& w, Request&) -> Error {
          w.Header().Set("X-Lost", "1");
          Result<Stream> stream = w.Hijack();
          if (Error err = stream.Err()) return err;
          return stream->Write("HTTP/9.9 mine\r\n\r\n");
        });
        Client client = site.Connect();
        client.Send(std::string(method) + " / HTTP/" + version + "\r\nHost: h\r\n\r\n");

        EXPECT_EQ(client.ToEnd(), "HTTP/9.9 mine\r\n\r\n") << method << version;
      }
    }
  });
}

TEST(Hijack, OfConnectOpensATunnelAfterA200) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      EXPECT_EQ(r.Host(), "a.test:443");
      w.WriteHeader(200);
      Result<Stream> stream = w.Hijack();
      if (Error err = stream.Err()) return err;
      return EchoAll(*stream);
    });
    Client client = site.Connect();
    client.Send(std::string(kConnect) + "hello");

    const TestResponse response = client.ReadResponse("CONNECT");
    EXPECT_EQ(response.status, 200);
    for (const char* unwanted : {"Content-Length", "Transfer-Encoding", "Connection"}) EXPECT_FALSE(response.Has(unwanted)) << unwanted;
    client.raw().CloseSend();
    EXPECT_EQ(client.ToEnd(), "hello");
  });
}

TEST(Hijack, BytesAfterTheHeadAreTheFirstOfTheStreamWhereverPacketsEnd) {
  Virtually([](const Context& ctx) {
    Site site(ctx, EchoUpgrade);
    const std::string all = std::string(kUpgrade) + "GET / HTTP/1.1\r\n\r\n";
    for (std::size_t cut = 1; cut < all.size(); ++cut) {
      Client client = site.Connect();
      client.Send(all.substr(0, cut));
      (void)Sleep(ctx, std::chrono::milliseconds(1));
      client.Send(all.substr(cut));
      client.raw().CloseSend();

      EXPECT_EQ(client.ReadResponse().status, 101) << cut;
      EXPECT_EQ(client.ToEnd(), "GET / HTTP/1.1\r\n\r\n") << cut;
    }
  });
}

TEST(Hijack, BytesAfterABodyAreTheFirstOfTheStream) {
  Virtually([](const Context& ctx) {
    std::string body;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      body = *r.Body().ReadAll();
      return EchoUpgrade(w, r);
    });
    const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n";
    for (const std::string& framed : {head + "Content-Length: 4\r\n\r\nbody", head + "Transfer-Encoding: chunked\r\n\r\n" + Chunked("body", 3)}) {
      for (const std::size_t cut : {framed.size() - 6, framed.size() - 1, framed.size(), framed.size() + 2}) {
        Client client = site.Connect();
        client.Send((framed + "behind").substr(0, cut));
        (void)Sleep(ctx, std::chrono::milliseconds(1));
        client.Send((framed + "behind").substr(cut));

        EXPECT_EQ(client.ReadResponse().status, 101);
        client.raw().CloseSend();  // not before: a client that leaves in the middle of its body has gone
        EXPECT_EQ(client.ToEnd(), "behind");
        EXPECT_EQ(body, "body");
      }
    }
  });
}

TEST(Hijack, EarlierResponsesAreSentFirst) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) { return r.Path() == "/chat" ? EchoUpgrade(w, r) : Tell(w, r); });
    Client client = site.Connect();
    client.Send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n" + std::string(kUpgrade) + "x");

    EXPECT_EQ(client.ReadResponse().body, "/1");
    EXPECT_EQ(client.ReadResponse().body, "/2");
    EXPECT_EQ(client.ReadResponse().status, 101);
    EXPECT_EQ(client.Until("x"), "x");
  });
}

TEST(Hijack, NothingAfterItIsTakenForARequest) {
  Virtually([](const Context& ctx) {
    int calls = 0;
    Site site(ctx, [&](ResponseWriter& w, Request&) -> Error {
      ++calls;
      return SwitchToEcho(w).Err();
    });
    Client client = Upgraded(site);
    client.Send(kGet);
    EXPECT_EQ(client.ToEnd(), "");

    Client other = site.Connect();
    other.Send(std::string(kUpgrade) + std::string(kGet));
    EXPECT_EQ(other.ReadResponse().status, 101);
    EXPECT_EQ(other.ToEnd(), "");
    EXPECT_EQ(calls, 2);
  });
}

struct Refusal {
  const char* name;
  const char* request;  // the line and the fields but for Host
  void (*before)(ResponseWriter&);
  int status;           // of the response when the handler returns the error
  const char* message;
};

void Nothing(ResponseWriter&) {}
void ToEcho(ResponseWriter& w) {
  w.Header().Set("Upgrade", "echo");
  w.WriteHeader(101);
}
void To101(ResponseWriter& w) { w.WriteHeader(101); }
void To200(ResponseWriter& w) { w.WriteHeader(200); }
void To403(ResponseWriter& w) { w.WriteHeader(403); }
void ToBody(ResponseWriter& w) { (void)w.Write("x"); }

const Refusal kRefusals[] = {
    {"the response lacks the field", "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: echo\r\n", To101, 500, "Upgrade field"},
    {"nothing is offered", "GET / HTTP/1.1\r\n", ToEcho, 426, "echo"},
    {"not as an option of the connection", "GET / HTTP/1.1\r\nUpgrade: echo\r\n", ToEcho, 426, "echo"},
    {"another protocol is offered", "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: echoes\r\n", ToEcho, 426, "echo"},
    {"HTTP/1.0 offers nothing", "GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: echo\r\n", ToEcho, 426, "echo"},
    {"a body of some length", "POST / HTTP/1.1\r\nContent-Length: 4\r\n", Nothing, 500, "body"},
    {"a chunked body", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", Nothing, 500, "body"},
    {"a body that waits for 100", "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n", Nothing, 500, "body"},
    {"another status", "GET / HTTP/1.1\r\n", To200, 500, "begun"},
    {"a refusal of CONNECT", "CONNECT a.test:1 HTTP/1.1\r\n", To403, 500, "begun"},
    {"something was written", "GET / HTTP/1.1\r\n", ToBody, 500, "begun"},
};

TEST(Hijack, ReturnsAnErrorAndLeavesTheResponseToTheHandler) {
  for (const Refusal& row : kRefusals) {
    SCOPED_TRACE(row.name);
    Virtually([&](const Context& ctx) {
      Error refused;
      Site site(ctx, [&](ResponseWriter& w, Request&) -> Error {
        row.before(w);
        refused = w.Hijack().Err();
        EXPECT_FALSE(w.Hijacked());
        return refused;
      });
      Client client = site.Connect();
      client.Send(std::string(row.request) + "Host: h\r\n\r\n");

      const TestResponse response = client.ReadResponse();
      EXPECT_EQ(response.status, row.status);
      EXPECT_THAT(refused.Message(), HasSubstr(row.message));
      EXPECT_EQ(response.Header("Upgrade"), row.status == 426 ? "echo" : "");  // RFC 9110 section 15.5.22
      if (row.status == 426) {
        EXPECT_THAT(std::string(response.Header("Connection")), StartsWith("Upgrade"));
      }
    });
  }
}

TEST(Hijack, IsRefusedAfterTheHeadWasSent) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request&) -> Error {
      if (Error err = w.Write("whole")) return err;
      if (Error err = w.Flush()) return err;
      EXPECT_THAT(w.Hijack().Err().Message(), HasSubstr("begun"));
      return {};
    });
    EXPECT_EQ(site.Connect().Get("/").body, "whole");
  });
}

TEST(Hijack, LeavesAReadOnlyWriter) {
  Virtually([](const Context& ctx) {
    Site site(ctx, AfterSwitch([](Stream& stream, ResponseWriter& w, Request& r) -> Error {
      EXPECT_TRUE(w.Write("x").Is(kClosed));
      EXPECT_TRUE(w.Write("").Is(kClosed));
      EXPECT_TRUE(w.Flush().Is(kClosed));
      EXPECT_TRUE(w.Hijack().Err().Is(kClosed));
      w.WriteHeader(404);
      w.WriteHeader(103);
      EXPECT_FALSE(w.Restart());
      EXPECT_FALSE(w.Err());
      EXPECT_EQ(w.Status(), 101);
      EXPECT_TRUE(w.HeadSent());
      EXPECT_TRUE(w.Hijacked());
      EXPECT_EQ(w.BytesWritten(), 0u);
      EXPECT_EQ(*r.Body().ReadAll(), "");
      EXPECT_FALSE(r.Ctx().Deadline().has_value());
      const Error err = stream.Write("four");
      EXPECT_EQ(w.BytesWritten(), 4u);
      return err;
    }));
    Client client = Upgraded(site);

    EXPECT_EQ(client.ToEnd(), "four");
    EXPECT_FALSE(site.Stop());
    EXPECT_EQ(site.Count("aborted"), 0);
  });
}

// As a proxy that has its own response for the client still finds it: all bytes, then the end.
TEST(Hijack, ReportsAFailedHandlerAndClosesItsStreamCleanly) {
  for (const bool throws : {false, true}) {
    Site site(Background(), AfterSwitch([&](Stream& stream, ResponseWriter&, Request&) -> Error {
      if (Error err = stream.Write("goodbye")) return err;
      if (throws) throw std::runtime_error("backend lost");
      return Error::New("backend lost");
    }), OverTcp());
    Client client = Upgraded(site);
    client.Send("unread");

    EXPECT_EQ(client.ToEnd(), "goodbye");
    EXPECT_FALSE(site.Stop());
    EXPECT_THAT(site.Events(), Contains("aborted: backend lost"));
  }
}

TEST(Hijack, AbortEndsItWithAReset) {
  Site site(Background(), AfterSwitch([](Stream& stream, ResponseWriter& w, Request&) -> Error {
    EXPECT_FALSE(stream.Write("x"));
    w.Abort();
    EXPECT_TRUE(stream.Write("y").Is(kClosed));
    std::array<char, 1> byte;
    EXPECT_TRUE(stream.Read(byte).Err().Is(kClosed));
    return {};
  }), OverTcp());
  Client client = Upgraded(site);

  EXPECT_TRUE(client.raw().ReadToEnd(Background()).Err().Is(std::errc::connection_reset));
}

TEST(Hijack, AnUnwantedUpgradeIsAPlainRequest) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Tell);
    Client client = site.Connect();
    client.Send(std::string(kUpgrade) + std::string(kUpgrade));

    for (int i = 0; i < 2; ++i) {
      const TestResponse response = client.ReadResponse();
      EXPECT_EQ(response.status, 200);
      EXPECT_EQ(response.body, "/chat");
      EXPECT_FALSE(response.Has("Upgrade"));
    }
  });
}

TEST(Hijack, ARefusedUpgradeListsTheFieldInConnection) {  // RFC 9110 sections 7.8 and 15.5.22
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      w.Header().Set("Upgrade", "chat");
      if (r.Path() == "/error") return HttpError(426);
      if (r.Path() == "/close") w.Header().Set("Connection", "close");
      if (r.Path() != "/other") w.WriteHeader(426);
      return w.Write("no");
    });
    for (const char* path : {"/error", "/plain", "/other", "/close"}) {
      Client client = site.Connect();
      client.Send("GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
      const std::string head = client.Until("\r\n\r\n");
      EXPECT_THAT(head, StartsWith(std::string("HTTP/1.1 ") + (path == std::string("/other") ? "200" : "426"))) << path;
      EXPECT_THAT(head, HasSubstr("\r\nUpgrade: chat\r\n")) << path;
      EXPECT_THAT(head, HasSubstr("\r\nConnection: Upgrade\r\n")) << path;
      EXPECT_EQ(head.find("\r\nConnection: close\r\n") != std::string::npos, path == std::string("/close")) << path;
    }
  });
}

TEST(Hijack, A101WithoutItIsA500) {
  Virtually([](const Context& ctx) {
    for (const bool flush : {false, true}) {
      Site site(ctx, [&](ResponseWriter& w, Request&) -> Error {
        w.Header().Set("Upgrade", "echo");
        w.WriteHeader(101);
        return flush ? w.Flush() : Error();
      });
      Client client = site.Connect();
      client.Send(kUpgrade);
      EXPECT_EQ(client.ReadResponse().status, 500);
    }
  });
}

TEST(Hijack, ConnectWithoutItIsRejectedAndNothingAfterItIsTakenForARequest) {
  Virtually([](const Context& ctx) {
    int calls = 0;
    for (const bool flush : {false, true}) {
      Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
        ++calls;
        if (r.Target() == "a.test:403") return HttpError(403);
        if (Error err = w.Write("hello")) return err;
        return flush ? w.Flush() : Error();
      });
      for (const auto& [port, status] : {std::pair("443", 501), std::pair("403", 403)}) {
        Client client = site.Connect();
        client.Send("CONNECT a.test:" + std::string(port) + " HTTP/1.1\r\nHost: h\r\n\r\n" + std::string(kGet));
        const TestResponse response = client.ReadResponse("CONNECT");
        EXPECT_EQ(response.status, status);
        EXPECT_EQ(response.Header("Connection"), "close");
        EXPECT_TRUE(client.Ended());
      }
    }
    EXPECT_EQ(calls, 4);
  });
}

TEST(Hijack, IsSeenByMiddlewareAndRunsTheHooksOfAHead) {
  Virtually([](const Context& ctx) {
    std::vector<std::string> lines;
    const auto log = [&](const AccessRecord& record) {
      lines.push_back(std::to_string(record.status) + ' ' + std::to_string(record.bytes) + (record.aborted ? " aborted" : ""));
    };
    const Middleware stamp = [](Handler next) -> Handler {
      return [next](ResponseWriter& w, Request& r) {
        w.OnHead([&w] { w.Header().Set("X-Stamp", "1"); });
        return next(w, r);
      };
    };
    Site site(ctx, Chain(EchoUpgrade, {AccessLog(log), stamp}));
    Client client = site.Connect();
    client.Send(std::string(kUpgrade) + "12345");
    EXPECT_EQ(client.ReadResponse().Header("X-Stamp"), "1");
    client.raw().CloseSend();
    EXPECT_EQ(client.ToEnd(), "12345");

    EXPECT_FALSE(site.Stop());
    EXPECT_THAT(lines, ::testing::ElementsAre("101 5"));
  });
}

TEST(Hijack, LiftsTheDeadlineOfTheRequest) {
  Virtually([](const Context& ctx) {
    Site site(ctx, EchoUpgrade);
    Client client = Upgraded(site);

    (void)Sleep(ctx, hours(50));
    client.Send("still here");
    EXPECT_EQ(client.Until("still here"), "still here");
  });
}

TEST(Hijack, WorksOnAllLoops) {
  Site site(Background(), EchoUpgrade, OverTcp(2));
  std::vector<Client> clients;
  for (int i = 0; i < 16; ++i) clients.push_back(Upgraded(site));

  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < clients.size(); ++i) clients[i].Send("from " + std::to_string(i) + ";");
    for (std::size_t i = 0; i < clients.size(); ++i) EXPECT_EQ(clients[i].Until(";"), "from " + std::to_string(i) + ";");
  }
}

}  // namespace
}  // namespace weft
