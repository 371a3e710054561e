// SPDX-License-Identifier: Apache-2.0
//
// The example that is watched, and Prometheus' own tool on what it shows.
#include <csignal>
#include <map>
#include <string>

#include "clients_kit.h"
#include "kit.h"
#include "process.h"

namespace weft {
namespace {

// The example, and where its two servers are.
struct Watched {
  Watched() : process(std::string(WEFT_EXAMPLES_DIR) + "/metrics", {"--address", "127.0.0.1:0", "--debug-address", "127.0.0.1:0"}) {
    for (int i = 0; i < 2; ++i) {
      const std::string line = process.Line();
      const std::size_t colon = line.find(": ");
      if (colon != std::string::npos) at[line.substr(0, colon)] = line.substr(colon + 2);
    }
    EXPECT_EQ(at.size(), 2u);
  }
  TestResponse Do(const std::string& server, std::string_view method, std::string_view target, std::string_view body = {}) {
    Result<TestClient> client = TestClient::Dial(Background(), at[server]);
    if (!client.Ok()) return {};
    Result<TestResponse> response =
        method == "POST" ? client->Post(Background(), target, body) : client->Do(Background(), method, target);
    return response.Ok() ? *std::move(response) : TestResponse();
  }
  std::string Page() { return Do("debug", "GET", "/metrics").body; }
  int End() {
    process.Signal(SIGTERM);
    return process.Wait();
  }
  Process process;
  std::map<std::string, std::string> at;
};

TEST(MetricsExample, ShowsWhatTheServiceAndItsServersDid) {
  Watched watched;
  EXPECT_EQ(watched.Do("app", "POST", "/notes", "buy tea").body, "noted\n");
  EXPECT_EQ(watched.Do("app", "POST", "/notes").body, "nothing\n");
  EXPECT_EQ(watched.Do("app", "GET", "/nothing").status, 404);

  const std::string page = watched.Page();

  for (const char* line : {
           "\nnotes_total{kept=\"yes\"} 1\n",
           "\nnotes_total{kept=\"no\"} 1\n",
           "\nnotes_size_bytes_bucket{le=\"64\"} 2\n",
           "\nhttp_server_request_duration_seconds_count{http_request_method=\"POST\",http_route=\"/notes\",http_response_status_code=\"200\"} 2\n",
           "\nhttp_server_request_duration_seconds_count{http_request_method=\"GET\",http_route=\"unmatched\",http_response_status_code=\"404\"} 1\n",
           "\nweft_server_connections_opened_total{server=\"app\"} 3\n",
           "\nweft_server_connections{server=\"debug\"} 1\n",
           "\nweft_fibers{scheduler=\"server 127.0.0.1:0\",loop=\"0\"} ",
       }) {
    EXPECT_NE(page.find(line), std::string::npos) << line << page;
  }
  EXPECT_EQ(watched.End(), 0);
  EXPECT_NE(watched.process.Errors().find("app: drained"), std::string::npos);
}

TEST(MetricsExample, PromtoolFindsNothingToSayAboutThePage) {
  WEFT_NEEDS(promtool, "promtool");
  WEFT_NEEDS(shell, "sh");
  Watched watched;
  watched.Do("app", "POST", "/notes", "buy tea");
  watched.Do("app", "BREW", "/nothing");
  const TemporaryFile page(watched.Page());

  const Outcome outcome = RunProgram(shell, {"-c", "\"$1\" check metrics <\"$2\"", "sh", promtool, page.Path()});

  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out + outcome.errors, "");
  EXPECT_EQ(watched.End(), 0);
}

}  // namespace
}  // namespace weft
