// SPDX-License-Identifier: Apache-2.0
//
// Requests that come together: read together, served one after the other, answered together.
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <weft/concurrency/debug.h>
#include <weft/concurrency/run.h>

#include "server_kit.h"
#include "syscall_kit.h"

namespace weft {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kTogether = 16;  // at most

std::string GetOf(std::size_t number) { return "GET /" + std::to_string(number) + " HTTP/1.1\r\nHost: test\r\n\r\n"; }
std::size_t NumberOf(const Request& r) { return std::stoul(std::string(r.Path().substr(1))); }

bool HasAnswer(const std::unique_ptr<Client>& client) {
  char first;
  return recv(client->raw().Descriptor(), &first, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

// As HasAnswer, but waits, and the loop with it.
bool GetsAnswer(const std::unique_ptr<Client>& client) {
  pollfd ready{client->raw().Descriptor(), POLLIN, 0};
  return poll(&ready, 1, /*ms=*/10'000) == 1;
}

// Bytes that the client has sent and the server has not read.
int Unread(const std::unique_ptr<Client>& client) {
  int bytes = 0;
  EXPECT_EQ(ioctl(client->raw().Descriptor(), SIOCOUTQ, &bytes), 0);
  return bytes;
}

// A site with clients whose connections it has accepted, so that what they send next comes together. The handler knows them.
struct Crowd {
  using Handle = std::function<Error(ResponseWriter& w, Request& r)>;

  Crowd(const Context& ctx, std::size_t count, Handle handle, ServerOptions options = {}) : site(ctx, std::move(handle), std::move(options)) {
    for (std::size_t i = 0; i < count; ++i) {
      clients.push_back(std::make_unique<Client>(site.Connect()));
      clients.back()->Get("/warm");
    }
  }
  void AllAsk() {
    for (std::size_t i = 0; i < clients.size(); ++i) clients[i]->Send(GetOf(i));
  }
  void AllAreAnswered() {
    for (std::size_t i = 0; i < clients.size(); ++i) EXPECT_EQ(clients[i]->Answer().body, "/" + std::to_string(i));
  }

  Site site;
  std::vector<std::unique_ptr<Client>> clients;
};

bool Warm(const Request& r) { return r.Path() == "/warm"; }

TEST(Batch, AllAreReadBeforeTheFirstIsServedAndServedBeforeTheFirstIsAnswered) {
  Play([](const Context& ctx) {
    Crowd* all = nullptr;
    std::vector<std::size_t> served;
    Crowd crowd(ctx, 5, [&](ResponseWriter& w, Request& r) -> Error {
      if (Warm(r)) return w.Write("warm");
      served.push_back(NumberOf(r));
      for (const auto& client : all->clients) {
        EXPECT_EQ(Unread(client), 0);
        EXPECT_FALSE(HasAnswer(client));
      }
      return w.Write(r.Target());
    });
    all = &crowd;

    crowd.AllAsk();
    crowd.AllAreAnswered();

    EXPECT_THAT(served, testing::ElementsAre(0, 1, 2, 3, 4));
  });
}

TEST(Batch, NoMoreThanSoManyWaitForEachOther) {
  Play([](const Context& ctx) {
    Crowd* all = nullptr;
    std::vector<std::size_t> answered;
    Crowd crowd(ctx, kTogether + 2, [&](ResponseWriter& w, Request& r) -> Error {
      if (Warm(r)) return w.Write("warm");
      std::size_t count = 0;
      for (const auto& client : all->clients) count += HasAnswer(client) ? 1 : 0;
      answered.push_back(count);
      return w.Write(r.Target());
    });
    all = &crowd;

    crowd.AllAsk();
    crowd.AllAreAnswered();

    std::vector<std::size_t> expected(kTogether, 0);
    expected.resize(kTogether + 2, kTogether);
    EXPECT_EQ(answered, expected);
  });
}

TEST(Batch, AnAnswerDoesNotWaitForAHandlerThatParks) {
  Play([](const Context& ctx) {
    Crowd crowd(ctx, 3, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/1") {
        if (Error err = Sleep(r.Ctx(), seconds(20))) return err;
      }
      return w.Write(r.Target());
    });
    const TimePoint begin = Now();

    crowd.AllAsk();

    EXPECT_EQ(crowd.clients[0]->Answer().body, "/0");
    EXPECT_EQ(crowd.clients[2]->Answer().body, "/2");
    EXPECT_EQ(Now(), begin);
    EXPECT_EQ(crowd.clients[1]->Answer().body, "/1");
  });
}

TEST(Batch, RequestsOfAllKindsComeThrough) {
  Play([](const Context& ctx) {
    const std::string large = Pattern(100'000);
    Crowd crowd(ctx, 6, [&](ResponseWriter& w, Request& r) -> Error {
      if (r.Method() == "POST") return Echo(w, r);
      return w.Write(r.Path() == "/large" ? large : std::string(r.Target()));
    });
    auto& clients = crowd.clients;

    clients[0]->Send("GET / HTTP/1.1\r\nHo");
    clients[1]->Send(GetOf(1) + GetOf(2) + "GET /3 HT");
    clients[2]->Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab");
    clients[3]->Send("nonsense\r\n\r\n");
    clients[4]->Send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
    clients[5]->Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\nConnection: close\r\n\r\n" + large);

    EXPECT_EQ(clients[1]->Answer().body, "/1");
    EXPECT_EQ(clients[1]->Answer().body, "/2");
    EXPECT_EQ(clients[3]->Answer().status, 400);
    EXPECT_EQ(clients[4]->Answer().body, large);
    EXPECT_EQ(clients[5]->Answer().body, large);
    EXPECT_TRUE(clients[5]->Ended());
    clients[0]->Send("st: h\r\n\r\n");
    clients[1]->Send("TP/1.1\r\nHost: h\r\n\r\n");
    clients[2]->Send("cd");
    EXPECT_EQ(clients[0]->Answer().body, "/");
    EXPECT_EQ(clients[1]->Answer().body, "/3");
    EXPECT_EQ(clients[2]->Answer().body, "abcd");
  });
}

TEST(Batch, AClientThatSaysNoMoreBehindItsRequestIsAnswered) {
  Play([](const Context& ctx) {
    Crowd crowd(ctx, 3, Tell);

    for (std::size_t i = 0; i < 3; ++i) {
      crowd.clients[i]->Send(GetOf(i));
      if (i != 1) crowd.clients[i]->raw().CloseSend();
    }

    crowd.AllAreAnswered();
    EXPECT_TRUE(crowd.clients[0]->Ended());
    EXPECT_EQ(crowd.clients[1]->Get("/again").body, "/again");
  });
}

// Requests of a client that does not read its answers, each in a turn of its own, until they do not fit the socket any more.
std::size_t AskUntilFull(const Context& ctx, Client& client) {
  std::size_t asked = 0;
  const auto waits = [] {
    for (const FiberInfo& fiber : ListFibers()) {
      if (fiber.waits_for == "client to take the answer") return true;
    }
    return false;
  };
  while (!waits() && asked < 5000) {
    client.Send(GetOf(asked++));
    (void)Sleep(ctx, milliseconds(1));
  }
  EXPECT_LT(asked, 5000u);
  return asked;
}

TEST(Batch, WhatTheSocketDoesNotTakeIsSentWhenThereIsRoom) {
  Play([](const Context& ctx) {
    const std::string padding = Pattern(3000);
    Crowd crowd(ctx, 2, [&](ResponseWriter& w, Request& r) { return w.Write(std::string(r.Target()) + padding); });
    const std::size_t asked = AskUntilFull(ctx, *crowd.clients[0]);
    crowd.clients[0]->Send(GetOf(asked));

    EXPECT_EQ(crowd.clients[1]->Get("/other").body, "/other" + padding);
    for (std::size_t i = 0; i <= asked; ++i) ASSERT_EQ(crowd.clients[0]->Answer().body, "/" + std::to_string(i) + padding);
    EXPECT_EQ(crowd.clients[0]->Get("/later").body, "/later" + padding);
  });
}

TEST(Batch, TheRestOfAnAnswerThatWasTakenInPartIsSent) {
  Play([](const Context& ctx) {
    Crowd crowd(ctx, 3, [](ResponseWriter& w, Request& r) {
      if (r.Path() == "/1") CutNextSend(5);
      return w.Write(r.Target());
    });

    crowd.AllAsk();

    crowd.AllAreAnswered();
    EXPECT_EQ(crowd.clients[0]->Get("/again").body, "/again");
  });
}

TEST(Batch, WhoNeverTakesTheRestRunsIntoTheStallLimit) {
  Play([](const Context& ctx) {
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
  std::vector<std::string> reasons;
};

TEST(Batch, AClientThatIsGoneBeforeItsAnswerLeavesHarmsNobody) {
  Play([](const Context& ctx) {
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

    EXPECT_EQ(clients[1].ReadAnswer(ctx)->body, "/1");
    EXPECT_EQ(clients[2].ReadAnswer(ctx)->body, "/2");
    EXPECT_THAT(ends.reasons, testing::ElementsAre("client"));
    EXPECT_FALSE(server.Stop());
  });
}

// On real time, which handlers can use up.

void PlayOnRealTime(const std::function<void(const Context&)>& body) {
  RunOptions options;
  options.loops = 1;
  const Error err = Run(Background(), options, [&](const Context& ctx) {
    body(ctx);
    return Error();
  });
  EXPECT_FALSE(err) << err.Message();
}

void Compute(Duration time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

TEST(Batch, AnAnswerDoesNotWaitForMoreThanOneSlowHandler) {
  PlayOnRealTime([](const Context& ctx) {
    Crowd* all = nullptr;
    bool was_answered = false;
    Crowd crowd(ctx, 3, [&](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/1") Compute(milliseconds(1));
      if (r.Path() == "/2") was_answered = GetsAnswer(all->clients[0]);
      return w.Write(r.Target());
    });
    all = &crowd;

    crowd.AllAsk();
    crowd.AllAreAnswered();

    EXPECT_TRUE(was_answered);
  });
}

TEST(Batch, WhereHandlersAreSlowNobodyWaitsForThem) {
  PlayOnRealTime([](const Context& ctx) {
    Crowd* all = nullptr;
    bool was_answered = false;
    Crowd crowd(ctx, 2, [&](ResponseWriter& w, Request& r) -> Error {
      if (Warm(r)) Compute(microseconds(200));
      if (r.Path() == "/1") was_answered = GetsAnswer(all->clients[0]);
      return w.Write(r.Target());
    });
    all = &crowd;
    for (int i = 0; i < 5; ++i) crowd.clients[0]->Get("/warm");

    crowd.AllAsk();
    crowd.AllAreAnswered();

    EXPECT_TRUE(was_answered);
  });
}

}  // namespace
}  // namespace weft
