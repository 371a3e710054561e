// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_E2E_SERVICE_KIT_H_
#define WEFT_TESTS_E2E_SERVICE_KIT_H_

#include <stdlib.h>  // mkdtemp

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "kit.h"
#include "process.h"
#include "service_database.h"

namespace weft {

// A folder for one test.
struct Scratch {
  Scratch() : path(testing::TempDir() + "weft_service.XXXXXX") { EXPECT_NE(mkdtemp(path.data()), nullptr); }
  ~Scratch() { std::filesystem::remove_all(path); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string path;
};

// The example service as a process that is ready, and where its two servers listen.
struct Service {
  explicit Service(std::vector<std::string> more = {}) : process(std::string(WEFT_EXAMPLES_DIR) + "/service", WithPorts(std::move(more))) {
    for (int i = 0; i < 2; ++i) {
      const std::string line = process.Line();
      const std::string words = line.starts_with("debug on ") ? "debug on " : "listening on ";
      EXPECT_TRUE(line.starts_with(words)) << line;
      if (line.size() > words.size()) (words == "debug on " ? debug : app) = line.substr(words.size());
    }
    while (Fetch(debug, "/readyz").status != 200) {  // until the database has been looked at
    }
  }
  static std::vector<std::string> WithPorts(std::vector<std::string> more) {
    more.insert(more.begin(), {"--address", "127.0.0.1:0", "--debug-address", "127.0.0.1:0", "--loops", "2"});
    // Without a word about it the service makes a file.
    if (OnPostgres() && std::ranges::find(more, "--database") == more.end()) more.insert(more.end(), {"--database", NewDatabase({})});
    return more;
  }
  TestClient Connect() const {
    Result<TestClient> client = TestClient::Dial(Background(), app);
    EXPECT_TRUE(client.Ok()) << client.Err().Message();
    return *std::move(client);
  }
  // A request to the application on a connection of its own; status 0 if it failed.
  TestResponse Do(std::string_view method, std::string_view target, std::string_view fields = {}, std::string_view body = {}) const {
    Result<TestClient> client = TestClient::Dial(Background(), app);
    if (!client.Ok()) return {};
    Result<TestResponse> response = client->Do(Background(), method, target, fields, body);
    return response.Ok() ? *std::move(response) : TestResponse();
  }
  // Until a fiber of this name is there.
  void WaitForFiber(const std::string& name) const {
    while (Fetch(debug, "/debug/fibers").body.find(name) == std::string::npos) {
    }
  }
  int End() {
    process.Signal(SIGTERM);
    return process.Wait();
  }
  Process process;
  std::string app;
  std::string debug;
};

inline constexpr std::string_view kJsonType = "Content-Type: application/json\r\n";
inline constexpr std::string_view kTea = R"({"title":"tea","text":"green"})";

}  // namespace weft

#endif  // WEFT_TESTS_E2E_SERVICE_KIT_H_
