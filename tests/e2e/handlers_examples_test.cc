// SPDX-License-Identifier: Apache-2.0
//
// The examples of ready-made handlers as their users run them: over TCP, ended by a signal.
#include <csignal>
#include <string>

#include "kit.h"
#include "process.h"

namespace weft {
namespace {

// An example that serves, and what it responds on connections of their own.
struct RunningExample {
  explicit RunningExample(const std::string& name) : process(std::string(WEFT_EXAMPLES_DIR) + "/" + name, {"--address", "127.0.0.1:0"}) {
    const std::string line = process.Line();
    EXPECT_TRUE(line.starts_with("listening on ")) << line;
    bound = line.substr(std::string("listening on ").size());
  }
  int End() {
    process.Signal(SIGTERM);
    return process.Wait();
  }
  TestResponse Do(std::string_view method, std::string_view target, std::string_view fields = {}) const {
    Result<TestClient> client = TestClient::Dial(Background(), bound);
    if (!client.Ok()) return {};
    Result<TestResponse> answer = client->Do(Background(), method, target, fields);
    return answer.Ok() ? *std::move(answer) : TestResponse();
  }
  Process process;
  std::string bound;
};

TEST(RoutingExample, FindsItsRoutes) {
  RunningExample example("routing");
  EXPECT_EQ(example.Do("GET", "/api/v1/users/anna/notes/3").body, "GET note 3 of anna\n");
  EXPECT_EQ(example.Do("GET", "/api/v1/users/anna/notes/x").status, 400);
  EXPECT_EQ(example.Do("DELETE", "/api/v1/users/anna/notes/3").status, 401);
  EXPECT_EQ(example.Do("DELETE", "/api/v1/users/anna/notes/3", "Authorization: Bearer let-me-in\r\n").body, "DELETE note 3 of anna\n");
  EXPECT_EQ(example.Do("PUT", "/api/v1/users/anna/notes/3").Header("Allow"), "DELETE, GET, HEAD");
  EXPECT_EQ(example.Do("GET", "/old/a/b").body, "an old page: /a/b\n");
  const TestResponse missing = example.Do("GET", "/nothing");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.body, "nothing at /nothing\n");
  EXPECT_EQ(example.End(), 0);
}

TEST(MiddlewareExample, DoesWhatItsLinesSay) {
  RunningExample example("middleware");
  const TestResponse hello = example.Do("GET", "/", "X-Forwarded-For: 203.0.113.7\r\n");
  EXPECT_EQ(hello.body, "hello, 203.0.113.7\n");
  EXPECT_EQ(hello.Header("X-Request-Id").size(), 32u);
  EXPECT_EQ(hello.Header("X-Frame-Options"), "DENY");
  const TestResponse slow = example.Do("GET", "/slow");
  EXPECT_EQ(slow.status, 504);
  EXPECT_EQ(slow.Header("Content-Type"), "application/problem+json");
  EXPECT_NE(slow.body.find("\"status\":504,\"request_id\":\"" + std::string(slow.Header("X-Request-Id"))), std::string::npos) << slow.body;
  EXPECT_EQ(example.Do("POST", "/", "Sec-Fetch-Site: cross-site\r\n").status, 403);

  EXPECT_EQ(example.End(), 0);
  const std::string log = example.process.Errors();
  EXPECT_NE(log.find(R"("peer":"203.0.113.7","method":"GET","target":"/")"), std::string::npos) << log;
  EXPECT_NE(log.find(std::string(slow.Header("X-Request-Id"))), std::string::npos) << log;
}

}  // namespace
}  // namespace weft
