// SPDX-License-Identifier: Apache-2.0
//
// Requests that come together: read together, served one after the other, answered together.
#include <string>
#include <vector>

#include "batch_kit.h"

namespace weft {
namespace {

using std::chrono::seconds;

TEST(Batch, ReadsAllRequestsThenServesAllThenSendsAll) {
  Virtually([](const Context& ctx) {
    Crowd* all = nullptr;
    std::vector<std::size_t> served;
    Crowd crowd(ctx, 5, [&](ResponseWriter& w, Request& r) -> Error {
      if (Warm(r)) return w.Write("warm");
      served.push_back(NumberOf(r));
      for (const auto& client : all->clients) {
        EXPECT_EQ(Unread(*client), 0);
        EXPECT_FALSE(HasResponse(client));
      }
      return w.Write(r.Target());
    });
    all = &crowd;

    crowd.AllAsk();
    crowd.AllHaveResponses();

    EXPECT_THAT(served, ::testing::ElementsAre(0, 1, 2, 3, 4));
  });
}

TEST(Batch, OnlyABoundedNumberOfResponsesWaitForEachOther) {
  Virtually([](const Context& ctx) {
    Crowd* all = nullptr;
    std::vector<std::size_t> answered;
    Crowd crowd(ctx, kTogether + 2, [&](ResponseWriter& w, Request& r) -> Error {
      if (Warm(r)) return w.Write("warm");
      std::size_t count = 0;
      for (const auto& client : all->clients) count += HasResponse(client) ? 1 : 0;
      answered.push_back(count);
      return w.Write(r.Target());
    });
    all = &crowd;

    crowd.AllAsk();
    crowd.AllHaveResponses();

    std::vector<std::size_t> expected(kTogether, 0);
    expected.resize(kTogether + 2, kTogether);
    EXPECT_EQ(answered, expected);
  });
}

TEST(Batch, SendsAResponseWhileALaterHandlerIsParked) {
  Virtually([](const Context& ctx) {
    Crowd crowd(ctx, 3, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/1") {
        if (Error err = Sleep(r.Ctx(), seconds(20))) return err;
      }
      return w.Write(r.Target());
    });
    const TimePoint begin = Now();

    crowd.AllAsk();

    EXPECT_EQ(crowd.clients[0]->ReadResponse().body, "/0");
    EXPECT_EQ(crowd.clients[2]->ReadResponse().body, "/2");
    EXPECT_EQ(Now(), begin);
    EXPECT_EQ(crowd.clients[1]->ReadResponse().body, "/1");
  });
}

TEST(Batch, RequestsOfAllKindsComeThrough) {
  Virtually([](const Context& ctx) {
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

    EXPECT_EQ(clients[1]->ReadResponse().body, "/1");
    EXPECT_EQ(clients[1]->ReadResponse().body, "/2");
    EXPECT_EQ(clients[3]->ReadResponse().status, 400);
    EXPECT_EQ(clients[4]->ReadResponse().body, large);
    EXPECT_EQ(clients[5]->ReadResponse().body, large);
    EXPECT_TRUE(clients[5]->Ended());
    clients[0]->Send("st: h\r\n\r\n");
    clients[1]->Send("TP/1.1\r\nHost: h\r\n\r\n");
    clients[2]->Send("cd");
    EXPECT_EQ(clients[0]->ReadResponse().body, "/");
    EXPECT_EQ(clients[1]->ReadResponse().body, "/3");
    EXPECT_EQ(clients[2]->ReadResponse().body, "abcd");
  });
}

TEST(Batch, AHalfClosedClientGetsItsResponse) {
  Virtually([](const Context& ctx) {
    Crowd crowd(ctx, 3, Tell);

    for (std::size_t i = 0; i < 3; ++i) {
      crowd.clients[i]->Send(GetOf(i));
      if (i != 1) crowd.clients[i]->raw().CloseSend();
    }

    crowd.AllHaveResponses();
    EXPECT_TRUE(crowd.clients[0]->Ended());
    EXPECT_EQ(crowd.clients[1]->Get("/again").body, "/again");
  });
}

}  // namespace
}  // namespace weft
