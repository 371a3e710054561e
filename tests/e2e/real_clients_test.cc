// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include <weft/concurrency/event.h>

#include "clients_kit.h"

namespace weft {
namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int kMany = 1'000;
#else
constexpr int kMany = 10'000;
#endif

const std::string kScripts = WEFT_CLIENTS_DIR;

TEST(RealClients, Wrk) {
  WEFT_NEEDS(wrk, "wrk");
  ClientSite site;

  const Outcome outcome = RunProgram(wrk, {"-t1", "-c16", "-d1s", site.Url("/hello")});

  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(Occurrences(outcome.out, "Socket errors"), 0) << outcome.out;
  EXPECT_EQ(Occurrences(outcome.out, "Non-2xx"), 0) << outcome.out;
  EXPECT_GT(site.hellos.load(), 100);
}

TEST(RealClients, Hey) {
  WEFT_NEEDS(hey, "hey");
  ClientSite site;

  const Outcome outcome = RunProgram(hey, {"-n", std::to_string(kMany), "-c", "20", site.Url("/hello")});

  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(Occurrences(outcome.out, "[200]\t" + std::to_string(kMany) + " responses"), 1) << outcome.out;
  EXPECT_EQ(Occurrences(outcome.out, "Error distribution"), 0) << outcome.out;
  EXPECT_EQ(site.hellos.load(), kMany);
}

// HTTP/1.0 with keep-alive.
TEST(RealClients, ApacheBench) {
  WEFT_NEEDS(ab, "ab");
  ClientSite site;

  const Outcome outcome = RunProgram(ab, {"-q", "-k", "-n", std::to_string(kMany), "-c", "20", site.Url("/hello")});

  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(Occurrences(outcome.out, "Complete requests:      " + std::to_string(kMany)), 1) << outcome.out;
  EXPECT_EQ(Occurrences(outcome.out, "Failed requests:        0"), 1) << outcome.out;
  EXPECT_EQ(Occurrences(outcome.out, "Keep-Alive requests:    " + std::to_string(kMany)), 1) << outcome.out;
  EXPECT_EQ(Occurrences(outcome.out, "Non-2xx"), 0) << outcome.out;
}

TEST(RealClients, H2loadWithItsPipeline) {
  WEFT_NEEDS(h2load, "h2load");
  ClientSite site;

  for (const char* depth : {"1", "8"}) {
    const Outcome outcome = RunProgram(h2load, {"--h1", "-n", std::to_string(kMany), "-c", "20", "-m", depth, site.Url("/hello")});

    const std::string n = std::to_string(kMany);
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    EXPECT_EQ(Occurrences(outcome.out, n + " succeeded, 0 failed, 0 errored, 0 timeout"), 1) << outcome.out;
    EXPECT_EQ(Occurrences(outcome.out, n + " 2xx"), 1) << outcome.out;
  }
  EXPECT_EQ(site.hellos.load(), 2 * kMany);
}

TEST(RealClients, Node) {
  WEFT_NEEDS(node, "node");
  ClientSite site;

  const Outcome outcome = RunProgram(node, {kScripts + "/node_client.js", site.server.Bound()});

  EXPECT_EQ(outcome.out, "ok 442 requests on 4 sockets\n") << outcome.errors;
}

TEST(RealClients, Python) {
  WEFT_NEEDS(python, "python3");
  ClientSite site;

  const Outcome outcome = RunProgram(python, {kScripts + "/python_client.py", site.server.Bound()});

  EXPECT_EQ(outcome.out, "ok 211 requests on 1 sockets\n") << outcome.errors;
}

TEST(RealClients, Go) {
  WEFT_NEEDS(go, "go");
  ClientSite site;

  const Outcome outcome = RunProgram(go, {"run", kScripts + "/go/main.go", site.server.Bound()});

  EXPECT_EQ(outcome.out, "ok 802 requests on 4 sockets\n") << outcome.errors;
}

// A server that is told to go in the middle of a load. Its clients may find nobody to connect to any more, but no request that they have
// sent is lost.
template <class F>
Outcome DrainUnder(ClientSite& site, const F& load) {
  std::thread stopper([&] {
    while (site.hellos.load() < kMany / 10) std::this_thread::yield();
    const Error err = site.server.Stop();
    EXPECT_FALSE(err) << err.Message();
  });
  Outcome outcome = load();
  stopper.join();
  return outcome;
}

TEST(RealClientsDrain, HeyLosesNoRequest) {
  WEFT_NEEDS(hey, "hey");
  ClientSite site;

  const Outcome outcome =
      DrainUnder(site, [&] { return RunProgram(hey, {"-n", std::to_string(kMany * 2), "-c", "20", site.Url("/hello")}); });

  EXPECT_EQ(Occurrences(outcome.out, "[200]\t" + std::to_string(site.hellos.load()) + " responses"), 1)
      << site.hellos.load() << " were answered\n" << outcome.out;
  const std::size_t errors = std::min(outcome.out.find("Error distribution"), outcome.out.size());
  for (std::size_t at = outcome.out.find("  [", errors); at != std::string::npos; at = outcome.out.find("  [", at + 1)) {
    const std::string line = outcome.out.substr(at, outcome.out.find('\n', at) - at);
    EXPECT_NE(line.find("connection refused"), std::string::npos) << line;
  }
}

TEST(RealClientsDrain, WrkLosesNoRequest) {
  WEFT_NEEDS(wrk, "wrk");
  ClientSite site;

  const Outcome outcome = DrainUnder(site, [&] { return RunProgram(wrk, {"-t1", "-c16", "-d2s", site.Url("/hello")}); });

  // That nobody takes its connections any more it counts as failed writes.
  EXPECT_EQ(Occurrences(outcome.out, "Non-2xx"), 0) << outcome.out;
  EXPECT_EQ(Occurrences(outcome.out, "connect 0, read 0, write "), 1) << outcome.out;
  EXPECT_EQ(Occurrences(outcome.out, ", timeout 0"), 1) << outcome.out;
  EXPECT_EQ(Occurrences(outcome.out, "  " + std::to_string(site.hellos.load()) + " requests in "), 1)
      << site.hellos.load() << " were answered\n" << outcome.out;
}

}  // namespace
}  // namespace weft
