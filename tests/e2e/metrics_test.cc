// SPDX-License-Identifier: Apache-2.0
//
// The example that is watched, and what Prometheus makes of it.
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <weft/concurrency/event.h>
#include <weft/handlers/metrics.h>

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

// Where a process listens on 127.0.0.1: it may have chosen the port itself, and not say so.
std::string ListeningAddress(pid_t pid) {
  const std::string proc = "/proc/" + std::to_string(pid);
  std::set<std::string> sockets;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(proc + "/fd", ignored)) {
    const std::string target = std::filesystem::read_symlink(entry.path(), ignored).string();  // "socket:[4711]"
    if (target.starts_with("socket:[")) sockets.insert(target.substr(8, target.size() - 9));
  }
  std::ifstream table(proc + "/net/tcp");
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) {
    std::istringstream words(line);
    std::vector<std::string> word(10);
    for (std::string& one : word) words >> one;
    constexpr const char* kListens = "0A";
    if (word[3] != kListens || sockets.count(word[9]) == 0) continue;
    return "http://127.0.0.1:" + std::to_string(std::stoul(word[1].substr(word[1].find(':') + 1), nullptr, 16));
  }
  return {};
}

// When it asks for the second time it has taken in what it got the first time.
TEST(Metrics, PrometheusScrapesThem) {
  WEFT_NEEDS(prometheus, "prometheus");
  Metrics metrics;
  metrics.AddCounter("notes_total", "Notes.", {"text"}).With({"a \"b\"\\\n\xc3\xa9"}).Add(42);
  metrics.AddHistogram("times_seconds", "Times.", {1, 2}).Observe(1.5);
  Event again;
  std::atomic<int> scrapes{0};
  Mux mux;
  mux.Use(metrics.Count());
  mux.Handle("GET /metrics", [&, page = metrics.Serve()](ResponseWriter& w, Request& r) -> Error {
    if (++scrapes == 2) again.Set();
    return page(w, r);
  });
  TestServer server(Background(), mux, Tcp());
  const TemporaryFile config("global: {scrape_interval: 1s}\nscrape_configs: [{job_name: app, static_configs: [{targets: ['" +
                             server.Bound().substr(std::string("http://").size()) + "']}]}]\n");
  char folder[] = "/tmp/weft_test_XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  {
    Process process(prometheus, {"--config.file=" + config.Path(), std::string("--storage.tsdb.path=") + folder,
                                 "--web.listen-address=127.0.0.1:0", "--log.level=error"});

    ASSERT_FALSE(again.Wait(Background()));

    Result<TestClient> client = TestClient::Dial(Background(), ListeningAddress(process.Id()));
    ASSERT_TRUE(client.Ok()) << client.Err().Message();
    const auto ask = [&](const std::string& query) {
      const Result<TestResponse> response = client->Get(Background(), "/api/v1/query?query=" + query);
      return response.Ok() ? response->body : response.Err().Message();
    };
    EXPECT_NE(ask("up").find(",\"1\"]"), std::string::npos) << ask("up");
    EXPECT_NE(ask("notes_total").find("\"text\":\"a \\\"b\\\"\\\\\\n\xc3\xa9\""), std::string::npos) << ask("notes_total");
    EXPECT_NE(ask("notes_total").find(",\"42\"]"), std::string::npos) << ask("notes_total");
    EXPECT_NE(ask("times_seconds_bucket").find("\"le\":\"+Inf\""), std::string::npos) << ask("times_seconds_bucket");
  }
  std::filesystem::remove_all(folder);
  EXPECT_FALSE(server.Stop());
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
