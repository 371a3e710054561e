// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include "server_kit.h"

namespace weft {
namespace {

using ::testing::HasSubstr;

struct Outcome {
  const char* what;
  Error error;
  int status;  // 0: no response
};

std::vector<Outcome> Outcomes() {
  return {
      {"HttpError", HttpError(418, "I prefer tea"), 418},
      {"HttpError, wrapped", HttpError(422).Wrap("secret"), 422},
      {"too large", kTooLarge.Wrap("secret"), 413},
      {"malformed", kMalformed.Wrap("secret"), 400},
      {"too slow", kTimeout.Wrap("secret"), 408},
      {"deadline", kDeadlineExceeded.Wrap("secret"), 504},
      {"closing", kServerClosing.Wrap("secret"), 503},
      {"gone", kClientGone.Wrap("secret"), 0},
      {"any other", Error::New("secret"), 500},
      {"an error code", Error(std::errc::permission_denied).Wrap("secret"), 500},
      {"canceled by the handler itself", kCanceled.Wrap("secret"), 500},
  };
}

TEST(HandlerOutcome, ChoosesTheStatusAndKeepsTheMessage) {
  for (const Outcome& outcome : Outcomes()) {
    SCOPED_TRACE(outcome.what);
    Virtually([&](const Context& ctx) {
      Site site(ctx, [&](ResponseWriter& w, Request&) -> Error {
        w.Header().Set("X-Kept", "yes");
        w.Header().Set("ETag", "\"of another body\"");
        if (Error err = w.Write("half an answer")) return err;
        return outcome.error;
      });
      Client client = site.Connect();

      client.Send(kGet);
      if (outcome.status == 0) {
        EXPECT_EQ(client.ToEnd(), "");
        return;
      }
      const TestResponse response = client.ReadResponse();

      EXPECT_EQ(response.status, outcome.status);
      EXPECT_THAT(response.body, Not(HasSubstr("secret")));
      EXPECT_THAT(response.body, Not(HasSubstr("half")));
      EXPECT_FALSE(response.Has("ETag"));
      EXPECT_EQ(response.Header("X-Kept"), "yes");
      EXPECT_EQ(response.Has("Retry-After"), outcome.status == 503);
      EXPECT_EQ(site.Count("failed "), outcome.status >= 500 ? 1 : 0);
    });
  }
}

TEST(HandlerOutcome, AnErrorLeavesTheConnectionInUse) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter&, Request&) { return HttpError(404); });
    Client client = site.Connect();

    EXPECT_EQ(client.Get("/").status, 404);
    EXPECT_EQ(client.Get("/").status, 404);
  });
}

TEST(HandlerOutcome, AnExceptionIsA500) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (Error err = w.Write("half")) return err;
      if (r.Path() == "/int") throw 42;
      throw std::runtime_error("secret");
    });
    Client client = site.Connect();

    const TestResponse response = client.Get("/");
    EXPECT_EQ(response.status, 500);
    EXPECT_THAT(response.body, Not(HasSubstr("secret")));
    EXPECT_EQ(client.Get("/int").status, 500);
    EXPECT_THAT(site.Events(), ::testing::Contains("failed 500: secret"));
  });
}

TEST(HandlerOutcome, AnExceptionAfterAParkIsA500) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter&, Request& r) {
      try {
        throw std::runtime_error("first");
      } catch (const std::exception&) {
        (void)Sleep(r.Ctx(), std::chrono::seconds(1));
        throw;
      }
    });
    Client one = site.Connect();
    Client two = site.Connect();

    one.Send(kGet);
    two.Send(kGet);

    EXPECT_EQ(one.ReadResponse().status, 500);
    EXPECT_EQ(two.ReadResponse().status, 500);
  });
}

TEST(HandlerOutcome, AHooksExceptionIsA500) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request&) -> Error {
      w.OnHead([] { throw std::runtime_error("secret"); });
      return w.Write("fine");
    });

    EXPECT_EQ(site.Connect().Get("/").status, 500);
    EXPECT_THAT(site.Events(), ::testing::Contains("failed 500: secret"));
  });
}

TEST(HandlerOutcome, ABodyShorterThanItsLengthIsA500WhileThatIsPossible) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request&) -> Error {
      w.Header().Set("Content-Length", "100");
      return w.Write("short");
    });

    EXPECT_EQ(site.Connect().Get("/").status, 500);
    EXPECT_EQ(site.Count("failed 500: "), 1);
  });
}

// Who asks a careless handler for a tunnel has not found a fault of the server.
TEST(HandlerOutcome, AnUnacceptedTunnelIsNoFailure) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("fine"));
    Client client = site.Connect();

    client.Send("CONNECT a.test:1 HTTP/1.1\r\nHost: a.test:1\r\n\r\n");

    EXPECT_EQ(client.ReadResponse("CONNECT").status, 501);
    EXPECT_EQ(site.Count("failed "), 0);
  });
}

TEST(HandlerOutcome, ASwitchOfProtocolsWithoutAStreamIsA500) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request&) -> Error {
      w.WriteHeader(101);
      return {};
    });

    EXPECT_EQ(site.Connect().Get("/").status, 500);
    EXPECT_EQ(site.Count("failed 500: "), 1);
  });
}

// The same on a connection that is used again, response after response.
TEST(HandlerOutcome, DoesNotLeakIntoTheNextResponse) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/good") return w.Write("good");
      w.Header().Set("X-Bad", "yes");
      w.WriteHeader(201);
      if (Error err = w.Write("bad")) return err;
      return Error::New("failed");
    });
    Client client = site.Connect();

    client.Send("GET /bad HTTP/1.1\r\nHost: h\r\n\r\nGET /good HTTP/1.1\r\nHost: h\r\n\r\n");

    EXPECT_EQ(client.ReadResponse().status, 500);
    const TestResponse response = client.ReadResponse();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "good");
    EXPECT_FALSE(response.Has("X-Bad"));
  });
}

}  // namespace
}  // namespace weft
