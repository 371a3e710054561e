// SPDX-License-Identifier: Apache-2.0
#include "server_kit.h"

namespace weft {
namespace {

using std::chrono::seconds;

constexpr std::string_view kExpecting =
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";

TEST(ExpectContinue, TheFirstReadSendsTheContinue) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (Error err = Sleep(r.Ctx(), seconds(5))) return err;
      return Echo(w, r);
    });
    Client client = site.Connect();

    client.Send(kExpecting);
    EXPECT_TRUE(client.SilentFor(seconds(4)));
    EXPECT_EQ(client.Until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.Send("body");

    EXPECT_EQ(client.ReadResponse().body, "body");
    EXPECT_EQ(client.Get("/").status, 200);
  });
}

TEST(ExpectContinue, NoContinueForAnUnwantedBody) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter&, Request&) { return HttpError(403); });
    Client client = site.Connect();

    client.Send(kExpecting);
    const TestResponse response = client.ReadResponse();

    EXPECT_EQ(response.status, 403);
    EXPECT_EQ(response.Header("Connection"), "close");
    EXPECT_TRUE(client.Ended());
  });
}

TEST(ExpectContinue, NoContinueOnceTheResponseHasStarted) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (Error err = w.Write("early ")) return err;
      if (Error err = w.Flush()) return err;
      return Echo(w, r);
    });
    Client client = site.Connect();

    client.Send(kExpecting);
    (void)Sleep(ctx, seconds(1));
    client.Send("body");

    EXPECT_EQ(client.ReadResponse().body, "early body");
  });
}

TEST(ExpectContinue, IsSentAfterTheResponsesBeforeIt) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Echo);
    Client client = site.Connect();

    client.Send(std::string(kGet) + std::string(kExpecting));

    EXPECT_EQ(client.ReadResponse().status, 200);
    EXPECT_EQ(client.ReadResponse().status, 100);
    client.Send("body");
    EXPECT_EQ(client.ReadResponse().body, "body");
  });
}

TEST(ExpectContinue, AcceptsABodyThatDidNotWait) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Echo);
    Client client = site.Connect();

    EXPECT_EQ(client.Post("/", "body", "Expect: 100-continue\r\n").body, "body");
  });
}

TEST(ExpectContinue, HasNoMeaningInHttp10AndWithoutABody) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Echo);
    Client old = site.Connect();
    Client empty = site.Connect();

    old.Send("POST / HTTP/1.0\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\nbody");
    empty.Send("GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n");

    EXPECT_EQ(old.ReadResponse().status, 200);
    EXPECT_EQ(empty.ReadResponse().status, 200);
  });
}

TEST(ExpectContinue, OtherExpectationsAreRefused) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Echo);
    Client client = site.Connect();

    const TestResponse response = client.Get("/", "Expect: a-miracle\r\n");

    EXPECT_EQ(response.status, 417);
    EXPECT_EQ(response.Header("Connection"), "close");
    EXPECT_TRUE(client.Ended());
  });
}

}  // namespace
}  // namespace weft
