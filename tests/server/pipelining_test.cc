// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/loop.h>

#include "server_kit.h"

namespace weft {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

std::string GetOf(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n\r\n";
}

std::string Gets(int from, int to) {
  std::string all;
  for (int i = from; i < to; ++i) all += GetOf("/" + std::to_string(i));
  return all;
}

TEST(Pipelining, SendsResponsesInTheOrderOfTheRequests) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Tell);
    Client client = site.Connect();

    client.Send(Gets(0, 5000));

    for (int i = 0; i < 5000; ++i) ASSERT_EQ(client.ReadResponse().body, "/" + std::to_string(i));
  });
}

TEST(Pipelining, SendsResponsesTogether) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Tell);
    Client client = site.Connect();

    client.Send(Gets(0, 10));

    const std::string first = client.Some();
    EXPECT_THAT(first, ::testing::EndsWith("\r\n\r\n/9"));
  });
}

TEST(Pipelining, ReadyResponsesDoNotWaitForAParkedHandler) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/slow") {
        if (Error err = Sleep(r.Ctx(), seconds(30))) return err;
      }
      return w.Write(r.Target());
    });
    Client client = site.Connect();
    const TimePoint begin = Now();

    client.Send(GetOf("/1") + GetOf("/2") + GetOf("/slow") + GetOf("/4"));

    EXPECT_EQ(client.ReadResponse().body, "/1");
    EXPECT_EQ(client.ReadResponse().body, "/2");
    EXPECT_EQ(Now(), begin);
    EXPECT_EQ(client.ReadResponse().body, "/slow");
    EXPECT_EQ(client.ReadResponse().body, "/4");
    EXPECT_EQ(Now(), begin + seconds(30));
  });
}

TEST(Pipelining, ReadyResponsesDoNotWaitForABody) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Method() == "POST") return Echo(w, r);
      return w.Write(r.Target());
    });
    Client client = site.Connect();

    client.Send(GetOf("/1") + "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab");

    EXPECT_EQ(client.ReadResponse().body, "/1");
    client.Send("cd" + GetOf("/3"));
    EXPECT_EQ(client.ReadResponse().body, "abcd");
    EXPECT_EQ(client.ReadResponse().body, "/3");
  });
}

TEST(Pipelining, ManyRequestsOfOneConnectionLeaveOthersTheirTurn) {
  Virtually([](const Context& ctx) {
    std::vector<std::string> served;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      served.emplace_back(r.Target());
      return w.Write("x");
    });
    Client greedy = site.Connect();
    Client modest = site.Connect();

    greedy.Send(Gets(0, 100));
    modest.Send(GetOf("/modest"));
    for (int i = 0; i < 100; ++i) greedy.ReadResponse();
    modest.ReadResponse();

    const auto turn = std::find(served.begin(), served.end(), "/modest") - served.begin();
    EXPECT_LE(turn, 17);
  });
}

TEST(Pipelining, ServesGoodRequestsBeforeABadOne) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Tell);
    Client client = site.Connect();

    client.Send(Gets(0, 2) + "nonsense\r\n\r\n" + Gets(3, 4));

    EXPECT_EQ(client.ReadResponse().body, "/0");
    EXPECT_EQ(client.ReadResponse().body, "/1");
    const TestResponse refused = client.ReadResponse();
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.Header("Connection"), "close");
    EXPECT_TRUE(client.Ended());
    EXPECT_EQ(site.Count("bad request 400"), 1);
  });
}

TEST(Pipelining, HalfARequestAfterACompleteOneWaitsForItsRest) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Tell);
    Client client = site.Connect();

    client.Send(GetOf("/1") + "GET /2 HTTP/1.1\r\nHo");
    EXPECT_EQ(client.ReadResponse().body, "/1");
    client.Send("st: h\r\n\r\n" + GetOf("/3").substr(0, 1));
    EXPECT_EQ(client.ReadResponse().body, "/2");
    client.Send(GetOf("/3").substr(1));
    EXPECT_EQ(client.ReadResponse().body, "/3");
  });
}

TEST(Pipelining, AllResponsesReachASlowReader) {
  const std::string large = Pattern(100'000);
  Virtually([&](const Context& ctx) {
    Site site(ctx, Say(large));
    Client client = site.Connect();

    client.Send(Gets(0, 40));
    (void)Sleep(ctx, seconds(10));

    for (int i = 0; i < 40; ++i) ASSERT_EQ(client.ReadResponse().body, large);
  });
}

struct Behind {
  const char* name;
  bool chunked;
  bool read;
};

class RequestAfterABody : public ::testing::TestWithParam<Behind> {};

TEST_P(RequestAfterABody, IsFound) {
  const auto [name, chunked, read] = GetParam();
  const std::string body = Pattern(3000);
  std::string request = "POST /first HTTP/1.1\r\nHost: h\r\n";
  request += chunked ? "Transfer-Encoding: chunked\r\n\r\n" + Chunked(body, 700) : "Content-Length: 3000\r\n\r\n" + body;
  const std::string all = request + GetOf("/second");
  for (const std::size_t cut : {std::size_t{0}, request.size() - 1, request.size(), request.size() + 1, std::size_t{90}}) {
    SCOPED_TRACE(cut);
    Virtually([&](const Context& ctx) {
      Site site(ctx, [&, reads = read](ResponseWriter& w, Request& r) -> Error {
        if (r.Method() == "POST" && reads) return Echo(w, r);
        return w.Write(r.Target());
      });
      Client client = site.Connect();

      client.Send(std::string_view(all).substr(0, cut));
      (void)Sleep(ctx, std::chrono::milliseconds(1));
      client.Send(std::string_view(all).substr(cut));

      EXPECT_EQ(client.ReadResponse().body, read ? body : "/first");
      EXPECT_EQ(client.ReadResponse().body, "/second");
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Pipelining, RequestAfterABody,
                         ::testing::Values(Behind{"LengthRead", false, true}, Behind{"LengthUnread", false, false},
                                         Behind{"ChunkedRead", true, true}, Behind{"ChunkedUnread", true, false}),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace weft
