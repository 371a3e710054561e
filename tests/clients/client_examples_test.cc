// SPDX-License-Identifier: Apache-2.0
//
// The examples of the client as their users run them.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <weft/server/testing.h>

#include "../e2e/process.h"
#include "http_kit.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

const std::string kExamples = WEFT_EXAMPLES_DIR;

TEST(FetchExample, FetchesAThousandUrlsAndSaysWhatFailed) {
  TestServer server(Background(), [](ResponseWriter& w, Request& r) -> Error {
    if (r.Path() == "/missing") return HttpError(404);
    return w.Write(std::string(r.Path()) + std::string(r.Path() == "/large" ? 100'000 : 0, 'x'));
  }, OnLoopback());
  std::string name = (fs::temp_directory_path() / "weft-fetch-XXXXXX").string();
  const fs::path folder = mkdtemp(name.data());
  {
    std::ofstream urls(folder / "urls");
    for (int i = 0; i < 1000; ++i) urls << server.Bound() << "/" << i << "\n";
    urls << server.Bound() << "/missing\n" << server.Bound() << "/large\n";
  }
  fs::create_directory(folder / "pages");

  Process fetch(kExamples + "/fetch", {"--urls", folder / "urls", "--folder", folder / "pages", "--at-once", "20", "--bytes-max", "50000"});
  const std::string said = fetch.Rest();

  EXPECT_EQ(fetch.Wait(), 1);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder / "pages"), fs::directory_iterator()), 1000);
  std::string last;
  std::getline(std::ifstream(folder / "pages" / "999"), last);
  EXPECT_EQ(last, "/999");
  EXPECT_NE(said.find("/missing: 404"), std::string::npos) << said;
  EXPECT_NE(said.find("too large"), std::string::npos) << said;
  fs::remove_all(folder);
}

TEST(GatewayExample, PassesOnAndLeavesOutWhatFails) {
  TestServer one(Background(), [](ResponseWriter& w, Request&) { return w.Write("one"); }, OnLoopback());
  TestServer two(Background(), [](ResponseWriter& w, Request&) { return w.Write("two"); }, OnLoopback());
  Process gateway(kExamples + "/gateway", {"--address", "127.0.0.1:0", "--upstream", one.Bound(), "--upstream", two.Bound(), "--check", "/"});
  const std::string bound = gateway.Line().substr(std::string("listening on ").size());
  const auto get = [&bound](const char* target) -> TestResponse {
    Result<TestClient> client = TestClient::Dial(Background(), bound);
    if (!client.Ok()) return {};
    Result<TestResponse> response = client->Get(Background(), target);
    return response.Ok() ? *std::move(response) : TestResponse();
  };

  std::string seen = get("/").body + get("/").body + get("/").body;
  EXPECT_NE(seen.find("one"), std::string::npos) << seen;
  EXPECT_NE(seen.find("two"), std::string::npos) << seen;
  EXPECT_FALSE(one.Stop());
  for (int i = 0; i < 6; ++i) EXPECT_EQ(get("/").body, "two");
  EXPECT_NE(get("/-/upstreams").body.find(two.Bound() + " in "), std::string::npos);
  EXPECT_NE(get("/-/metrics").body.find("weft_pool_"), std::string::npos);
  gateway.Signal(SIGTERM);
  EXPECT_EQ(gateway.Wait(), 0);
}

}  // namespace
}  // namespace weft
