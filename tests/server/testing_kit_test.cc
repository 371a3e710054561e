// SPDX-License-Identifier: Apache-2.0
#include <system_error>

#include <weft/concurrency/group.h>
#include <weft/server/listen_and_serve.h>

#include "server_kit.h"

namespace weft {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(TestServer, ServesInAFiberOnVirtualTime) {
  Virtually([](const Context& ctx) {
    TestServer server(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (Error err = Sleep(r.Ctx(), seconds(50))) return err;
      return w.Write("rested");
    });
    const TimePoint begin = Now();

    Result<TestClient> client = server.Connect(ctx);
    ASSERT_TRUE(client.Ok());
    Result<TestResponse> response = client->Get(ctx, "/");

    ASSERT_TRUE(response.Ok()) << response.Err().Message();
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->version, "HTTP/1.1");
    EXPECT_EQ(response->Header("content-length"), "6");
    EXPECT_EQ(response->body, "rested");
    EXPECT_EQ(Now() - begin, seconds(50));
    EXPECT_FALSE(server.Stop());
  });
}

TEST(TestServer, ServesOnThreadsOfItsOwnForAPlainThread) {
  TestServer server(Background(), Say("hello"));
  EXPECT_THAT(server.Bound(), StartsWith("unix:@weft-test-"));

  Client client(Background(), server.Bound());

  EXPECT_EQ(client.Get("/").body, "hello");
  EXPECT_FALSE(server.Stop());
  EXPECT_TRUE(client.Ended());
}

TEST(TestServer, ReportsWhyItDidNotStart) {
  ServerOptions options;
  options.idle_timeout = seconds(-1);

  TestServer server(Background(), Say("x"), options);

  EXPECT_EQ(server.Bound(), "");
  EXPECT_THAT(server.Stop().Message(), HasSubstr("idle_timeout"));
  EXPECT_FALSE(server.Connect(Background()).Ok());
}

TEST(TestServer, TakesAnAddressOfTheUser) {
  ServerOptions options;
  options.address = "127.0.0.1:0";
  std::string told;
  options.on_listen = [&](std::string_view bound) { told = bound; };
  TestServer server(Background(), Say("tcp"), options);

  EXPECT_THAT(server.Bound(), StartsWith("http://127.0.0.1:"));
  EXPECT_EQ(told, server.Bound());
  EXPECT_EQ(Client(Background(), server.Bound()).Get("/").body, "tcp");
}

TEST(TestClient, ReadsResponsesOfAllFramings) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/trailer") w.Trailer().Set("Sum", "7");
      if (r.Path() == "/interim") {
        w.Header().Set("Link", "</a>");
        w.WriteHeader(103);
      }
      if (r.Path() == "/none") {
        w.WriteHeader(204);
        return {};
      }
      return w.Write("body");
    });
    Client client = site.Connect();

    EXPECT_EQ(client.Get("/").body, "body");
    const TestResponse chunked = client.Get("/trailer");
    EXPECT_EQ(chunked.body, "body");
    EXPECT_EQ(chunked.trailer.front(), std::make_pair(std::string("Sum"), std::string("7")));
    EXPECT_EQ(client.Get("/none").status, 204);
    EXPECT_EQ(client.Get("/interim").status, 200);
    client.Send("GET /interim HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(client.ReadResponse().status, 103);
    EXPECT_EQ(client.ReadResponse().body, "body");
  });
}

TEST(TestClient, ReportsAnIncompleteResponse) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request&) -> Error {
      w.Header().Set("Content-Length", "10");
      if (Error err = w.Write("half")) return err;
      if (Error err = w.Flush()) return err;
      w.Abort();
      return {};
    });
    Client client = site.Connect();

    client.Send(kGet);
    const Error err = client.raw().ReadResponse(ctx).Err();

    EXPECT_TRUE(err.Is(kClosed));
    EXPECT_THAT(err.Message(), HasSubstr("\"half\""));
  });
}

TEST(TestClient, StopsWaitingWithItsContext) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"));
    Client client = site.Connect();
    const CancelScope scope = WithTimeout(ctx, seconds(3));

    EXPECT_TRUE(client.raw().ReadSome(scope.ctx).Err().Is(kDeadlineExceeded));
    EXPECT_EQ(client.Get("/").body, "x");
  });
}

TEST(TestClient, StopsWaitingWithItsContextOnAPlainThread) {
  TestServer server(Background(), Say("x"));
  Client client(Background(), server.Bound());
  const CancelScope scope = WithTimeout(Background(), std::chrono::milliseconds(20));

  EXPECT_TRUE(client.raw().ReadSome(scope.ctx).Err().Is(kDeadlineExceeded));
}

TEST(TestClient, SendsInOneFiberWhileAnotherReads) {
  const std::string body = Pattern(3'000'000);
  Virtually([&](const Context& ctx) {
    ServerOptions options;
    options.body_bytes_max = kUnlimited;
    Site site(ctx, Echo, options);
    Client client = site.Connect();
    Group group(ctx);

    client.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n");
    group.Go("sender", [&](const Context& c) { return client.raw().Send(c, body); });

    EXPECT_EQ(client.ReadResponse().body, body);
    EXPECT_FALSE(group.Wait());
  });
}

TEST(TestClient, ConnectsToNobodyWithAnError) {
  EXPECT_TRUE(TestClient::Dial(Background(), "unix:@weft-test-nobody").Err().Is(std::errc::connection_refused));
}

}  // namespace
}  // namespace weft
