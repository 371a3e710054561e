// SPDX-License-Identifier: Apache-2.0
//
// Responses of a batch that their sockets do not accept, or not completely.
#include <string>
#include <vector>

#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>

#include "batch_kit.h"
#include "syscall_kit.h"

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

TEST(BatchRest, SendsTheRestWhenTheSocketHasRoom) {
  Virtually([](const Context& ctx) {
    const std::string padding = Pattern(3000);
    Crowd crowd(ctx, 2, [&](ResponseWriter& w, Request& r) { return w.Write(std::string(r.Target()) + padding); });
    const std::size_t asked = AskUntilFull(ctx, *crowd.clients[0]);
    crowd.clients[0]->Send(GetOf(asked));

    EXPECT_EQ(crowd.clients[1]->Get("/other").body, "/other" + padding);
    for (std::size_t i = 0; i <= asked; ++i) ASSERT_EQ(crowd.clients[0]->ReadResponse().body, "/" + std::to_string(i) + padding);
    EXPECT_EQ(crowd.clients[0]->Get("/later").body, "/later" + padding);
  });
}

TEST(BatchRest, SendsTheRestOfAPartlySentResponse) {
  Virtually([](const Context& ctx) {
    Crowd crowd(ctx, 3, [](ResponseWriter& w, Request& r) {
      if (r.Path() == "/1") CutNextSend(5);
      return w.Write(r.Target());
    });

    crowd.AllAsk();

    crowd.AllHaveResponses();
    EXPECT_EQ(crowd.clients[0]->Get("/again").body, "/again");
  });
}

TEST(BatchRest, AClientThatReadsNothingMoreHitsTheStallLimit) {
  Virtually([](const Context& ctx) {
    const std::string padding = Pattern(3000);
    ServerOptions options;
    options.write_stall_timeout = seconds(5);
    Crowd crowd(ctx, 1, [&](ResponseWriter& w, Request&) { return w.Write(padding); }, options);
    AskUntilFull(ctx, *crowd.clients[0]);

    (void)Sleep(ctx, seconds(11));

    EXPECT_EQ(crowd.site.Count("timeout write stall"), 1);
    EXPECT_FALSE(crowd.site.Stop());
  });
}

// Notes why connections end.
class Ends final : public Observer {
 public:
  bool WatchesConnections() const override { return true; }
  void OnConnectionClosed(const ConnectionClosed& e) override { reasons.emplace_back(Name(e.reason)); }
  void OnOutOfMemory(const OutOfMemory& e) override { out_of_memory.push_back(e.status); }
  std::vector<std::string> reasons;
  std::vector<int> out_of_memory;
};

TEST(BatchRest, ADisconnectedClientHarmsNoOther) {
  Virtually([](const Context& ctx) {
    Ends ends;
    ServerOptions options;
    options.observer = &ends;
    std::vector<TestClient> clients;
    TestServer server(ctx, [&](ResponseWriter& w, Request& r) {
      if (r.Path() == "/1") clients[0].Close();
      return w.Write(r.Target());
    }, options);
    for (int i = 0; i < 3; ++i) {
      clients.push_back(*server.Connect(ctx));
      EXPECT_TRUE(clients.back().Get(ctx, "/warm").Ok());
    }

    for (std::size_t i = 0; i < 3; ++i) EXPECT_FALSE(clients[i].Send(ctx, GetOf(i)));

    EXPECT_EQ(clients[1].ReadResponse(ctx)->body, "/1");
    EXPECT_EQ(clients[2].ReadResponse(ctx)->body, "/2");
    EXPECT_THAT(ends.reasons, ElementsAre("client"));
    EXPECT_FALSE(server.Stop());
  });
}

// Requests in flight are those whose responses have not left, too.
TEST(BatchRest, KeepsItsPlaceAmongTheRequestsInFlight) {
  Virtually([](const Context& ctx) {
    const std::string padding = Pattern(3000);
    ServerOptions options;
    options.requests_max = 1;
    Crowd crowd(ctx, 3, [&](ResponseWriter& w, Request&) { return w.Write(padding); }, options);

    for (const auto& client : crowd.clients) AskUntilFull(ctx, *client);

    EXPECT_EQ(WaitingForClients(), 1);
  });
}

TEST(BatchRest, IsSentInADrainToAClientThatReads) {
  Virtually([](const Context& ctx) {
    const std::string padding = Pattern(3000);
    Crowd crowd(ctx, 1, [&](ResponseWriter& w, Request&) { return w.Write(padding); });
    const std::size_t asked = AskUntilFull(ctx, *crowd.clients[0]);
    Group group(ctx);
    group.Go([&](const Context&) { return crowd.site.Stop(); });
    (void)Sleep(ctx, milliseconds(100));

    for (std::size_t i = 0; i < asked; ++i) EXPECT_EQ(crowd.clients[0]->ReadResponse().body, padding);

    EXPECT_TRUE(crowd.clients[0]->Ended());
    EXPECT_FALSE(group.Wait());
  });
}

TEST(BatchRest, IsDiscardedAtTheForcedCloseOfADrain) {
  Virtually([](const Context& ctx) {
    const std::string padding = Pattern(3000);
    Ends ends;
    ServerOptions options;
    options.observer = &ends;
    options.drain_timeout = seconds(2);
    options.cancel_grace = seconds(1);
    TestServer server(ctx, [&](ResponseWriter& w, Request&) { return w.Write(padding); }, options);
    Client client(ctx, server.Bound());
    AskUntilFull(ctx, client);

    EXPECT_TRUE(server.Stop());

    EXPECT_THAT(ends.reasons, ElementsAre("forced close"));
  });
}

// Fibers that are ready for use go to requests that park, until a further one needs a new stack, which is refused.
std::size_t UseUpFibers(const Context& ctx, std::vector<TestClient>& clients, std::size_t from) {
  for (std::size_t at = from; at < clients.size(); ++at) {
    EXPECT_FALSE(clients[at].Send(ctx, "GET /park HTTP/1.1\r\nHost: test\r\n\r\n"));
    (void)Sleep(ctx, milliseconds(1));
    if (NoStacks::Refused() > 0) return at;
  }
  ADD_FAILURE() << "there are too few clients";
  return clients.size();
}

struct Parking {
  explicit Parking(const Context& ctx, ServerOptions options = {})
      : server(ctx, [this](ResponseWriter& w, Request& r) -> Error {
          if (r.Path() == "/cut") CutNextSend(5);
          if (r.Path() == "/cut" || r.Path() == "/park") (void)go.Wait(r.Ctx());
          return w.Write(r.Target());
        }, std::move(options)) {
    for (int i = 0; i < 40; ++i) {
      clients.push_back(*server.Connect(ctx));
      EXPECT_TRUE(clients.back().Get(ctx, "/warm").Ok());
    }
  }
  ~Parking() { go.Set(); }

  Event go;
  TestServer server;
  std::vector<TestClient> clients;
};

TEST(BatchRest, WithoutAFiberToSendItTheConnectionEnds) {
  if (!NoStacks::kWorks) GTEST_SKIP() << "no stack can be refused under ThreadSanitizer";
  Virtually([](const Context& ctx) {
    Ends ends;
    ServerOptions options;
    options.observer = &ends;
    Parking site(ctx, options);
    {
      const NoStacks none;
      UseUpFibers(ctx, site.clients, 3);
      site.clients[3].Close();  // its fiber is free again
      (void)Sleep(ctx, milliseconds(1));
      EXPECT_FALSE(site.clients[0].Send(ctx, GetOf(0)));
      EXPECT_FALSE(site.clients[1].Send(ctx, "GET /cut HTTP/1.1\r\nHost: test\r\n\r\n"));
      (void)Sleep(ctx, milliseconds(1));
    }

    EXPECT_FALSE(site.clients[0].ReadResponse(ctx).Ok());
    EXPECT_THAT(ends.reasons, ElementsAre("client", "aborted"));
    EXPECT_THAT(ends.out_of_memory, ElementsAre(503, 0));
    EXPECT_EQ(site.clients[2].Get(ctx, "/2")->body, "/2");
  });
}

// The request of one client for which there was no fiber, and a rest for another one, meet in an exchange.
TEST(BatchRest, DoesNotComeWithTheRequestOfAnother) {
  if (!NoStacks::kWorks) GTEST_SKIP() << "no stack can be refused under ThreadSanitizer";
  Virtually([](const Context& ctx) {
    Ends ends;
    ServerOptions options;
    options.observer = &ends;
    Parking site(ctx, options);
    {
      const NoStacks none;
      const std::size_t refused = UseUpFibers(ctx, site.clients, 5);
      EXPECT_FALSE(site.clients[refused + 1].Send(ctx, "GET /secret HTTP/1.1\r\nHost: test\r\n\r\n"));
      const Result<TestResponse> response = site.clients[refused + 1].ReadResponse(ctx);
      EXPECT_EQ(response->status, 503);
      EXPECT_EQ(response->Header("Retry-After"), "1");
      EXPECT_THAT(ends.out_of_memory, ElementsAre(503, 503));
    }
    // The exchange of that request is the next one to be used; two fibers come back, and with them exchanges above it.
    site.clients[5].Close();
    site.clients[6].Close();
    (void)Sleep(ctx, milliseconds(1));

    EXPECT_FALSE(site.clients[0].Send(ctx, "GET /quick HTTP/1.1\r\nHost: test\r\n\r\n"));
    EXPECT_FALSE(site.clients[1].Send(ctx, "GET /park HTTP/1.1\r\nHost: test\r\n\r\n"));
    EXPECT_FALSE(site.clients[2].Send(ctx, "GET /cut HTTP/1.1\r\nHost: test\r\n\r\n"));
    EXPECT_EQ(site.clients[0].ReadResponse(ctx)->body, "/quick");
    EXPECT_EQ(site.clients[0].Get(ctx, "/mine")->body, "/mine");
  });
}

}  // namespace
}  // namespace weft
