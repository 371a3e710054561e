// SPDX-License-Identifier: Apache-2.0
//
// The example service as its users run it, by the small routes of its tour: what it starts, and how it ends.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include "service_kit.h"

namespace weft {
namespace {

TEST(ServiceExample, ServesAllItsPaths) {
  Service service;
  TestClient client = service.Connect();
  const auto get = [&](std::string_view target) {
    Result<TestResponse> response = client.Get(Background(), target);
    EXPECT_TRUE(response.Ok()) << target << ": " << response.Err().Message();
    return response.Ok() ? *std::move(response) : TestResponse();
  };

  EXPECT_NE(get("/").body.find("/fanout"), std::string::npos);
  EXPECT_EQ(get("/hello/anna").body, "Hello, anna!\n");
  EXPECT_EQ(get("/sleep/1").status, 200);
  EXPECT_EQ(get("/sleep/soon").status, 400);
  EXPECT_EQ(get("/deadline/5").status, 504);
  const TestResponse fanout = get("/fanout?n=3");
  EXPECT_EQ(fanout.status, 200);
  EXPECT_EQ(std::ranges::count(fanout.body, '\n'), 3) << fanout.body;
  EXPECT_EQ(get("/nothing").status, 404);
  const TestResponse wrong = *client.Post(Background(), "/hello/anna", "x");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.Header("Allow"), "GET, HEAD");

  EXPECT_EQ(Fetch(service.debug, "/healthz").status, 200);
  EXPECT_EQ(Fetch(service.debug, "/readyz").status, 200);
  const TestResponse text = Fetch(service.debug, "/debug/fibers");
  EXPECT_NE(text.body.find("GET /debug/fibers"), std::string::npos) << text.body;
  const TestResponse json = Fetch(service.debug, "/debug/fibers?format=json");
  EXPECT_TRUE(json.Header("Content-Type").starts_with("application/json"));
  EXPECT_EQ(json.body.front(), '[') << json.body;

  service.process.Signal(SIGINT);
  EXPECT_EQ(service.process.Wait(), 0);
}

TEST(ServiceExample, EchoesBodiesOfAnySize) {
  Service service;
  std::string body(3'000'000, '?');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i % 23);

  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{70'000}, body.size()}) {
    TestClient client = service.Connect();
    // The response comes while the request is still on its way: nobody holds a whole body.
    std::thread sender([&] {
      const std::string head = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
      EXPECT_FALSE(client.Send(Background(), head + body.substr(0, size)));
    });
    Result<TestResponse> response = client.ReadResponse(Background(), "POST");
    sender.join();
    ASSERT_TRUE(response.Ok()) << response.Err().Message();
    EXPECT_TRUE(response->body == body.substr(0, size)) << "of " << size << " bytes";
  }
  TestClient client = service.Connect();
  ASSERT_FALSE(client.Send(Background(), "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"));
  EXPECT_EQ(client.ReadResponse(Background(), "POST")->body, "abcde");
}

TEST(ServiceExample, AFanOutThatHangsIs504AtItsDeadline) {
  Service service;
  const auto begin = std::chrono::steady_clock::now();

  EXPECT_EQ(Fetch(service.app, "/fanout?n=4&hang=1").status, 504);

  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(took, std::chrono::milliseconds(1900));
  EXPECT_LT(took, std::chrono::seconds(20));
  // The socket of the request that hung is closed: the server has noticed, and nobody sleeps for it any more.
  for (std::string fibers = "/sleep/"; fibers.find("/sleep/") != std::string::npos;) fibers = Fetch(service.debug, "/debug/fibers").body;
}

TEST(ServiceExample, FailsItsReadinessWhileItDrainsAndFinishesItsRequests) {
  Service service;
  TestClient client = service.Connect();
  ASSERT_FALSE(client.Send(Background(), "GET /sleep/1500 HTTP/1.1\r\nHost: x\r\n\r\n"));
  service.WaitForFiber("GET /sleep/{ms}");

  service.process.Signal(SIGTERM);
  while (Fetch(service.debug, "/readyz").status == 200) {
  }
  EXPECT_EQ(Fetch(service.debug, "/readyz").status, 503);
  EXPECT_NE(Fetch(service.debug, "/debug/fibers").body.find("GET /sleep/{ms}"), std::string::npos);

  Result<TestResponse> response = client.ReadResponse(Background());
  ASSERT_TRUE(response.Ok()) << response.Err().Message();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->Header("Connection"), "close");
  EXPECT_EQ(service.process.Wait(), 0);
}

// As timeout(1) sends it, to its child and then to the whole group.
TEST(ServiceExample, ASecondSigtermRightAfterTheFirstDoesNotKillADrain) {
  Service service;
  TestClient client = service.Connect();
  ASSERT_FALSE(client.Send(Background(), "GET /sleep/1500 HTTP/1.1\r\nHost: x\r\n\r\n"));
  service.WaitForFiber("GET /sleep/{ms}");

  service.process.Signal(SIGTERM);
  service.process.Signal(SIGTERM);

  Result<TestResponse> response = client.ReadResponse(Background());
  ASSERT_TRUE(response.Ok()) << response.Err().Message();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(service.process.Wait(), 0);
}

TEST(ServiceExample, ASecondSignalKills) {
  Service service;
  TestClient client = service.Connect();
  ASSERT_FALSE(client.Send(Background(), "GET /sleep/60000 HTTP/1.1\r\nHost: x\r\n\r\n"));
  service.WaitForFiber("GET /sleep/{ms}");

  service.process.Signal(SIGINT);
  while (Fetch(service.debug, "/readyz").status == 200) {
  }
  service.process.Signal(SIGINT);

  EXPECT_EQ(service.process.Wait(), -SIGINT);
}

TEST(ServiceExample, ForciblyClosesWhatOutlastsTheDrainTimeoutAndSaysSo) {
  Service service({"--drain-timeout", "0"});
  TestClient client = service.Connect();
  ASSERT_FALSE(client.Send(Background(), "GET /sleep/60000 HTTP/1.1\r\nHost: x\r\n\r\n"));
  service.WaitForFiber("GET /sleep/{ms}");

  service.process.Signal(SIGTERM);

  // The handler looks at its context, so it can still say why.
  Result<TestResponse> response = client.ReadResponse(Background());
  ASSERT_TRUE(response.Ok()) << response.Err().Message();
  EXPECT_EQ(response->status, 503);
  EXPECT_EQ(service.process.Wait(), 0);
}

TEST(ServiceExample, RefusesJobsWhenItsQueueIsFull) {
  Service service;
  Result<TestClient> client = TestClient::Dial(Background(), service.app);
  ASSERT_TRUE(client.Ok()) << client.Err().Message();

  int accepted = 0;
  int status = 0;
  while (accepted < 100'000) {
    Result<TestResponse> response = client->Post(Background(), "/jobs", "a letter");
    ASSERT_TRUE(response.Ok()) << response.Err().Message();
    status = response->status;
    if (status != 202) break;
    ++accepted;
  }

  EXPECT_EQ(status, 503);
  EXPECT_GE(accepted, 1000);
  // To work them off would take long: the service is killed.
}

}  // namespace
}  // namespace weft
