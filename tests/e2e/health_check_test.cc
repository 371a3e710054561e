// SPDX-License-Identifier: Apache-2.0
//
// How load balancers ask whether a server is there.
#include <filesystem>
#include <fstream>
#include <string>

#include <weft/handlers/debug/health.h>
#include <weft/handlers/readiness.h>
#include <weft/handlers/routing/mux.h>

#include "clients_kit.h"

namespace weft {
namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    path_ = (std::filesystem::temp_directory_path() / "weft-health-XXXXXX").string();
    if (mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& Path() const { return path_; }

 private:
  std::string path_;
};

std::string HaproxyPath() {
  const std::string in_path = ProgramPath("haproxy");
  return !in_path.empty() || access("/usr/sbin/haproxy", X_OK) != 0 ? in_path : "/usr/sbin/haproxy";
}

// What HAProxy says of its first look at the server, with these lines in its backend.
std::string Verdict(const std::string& haproxy, const std::string& bound, const std::string& how) {
  const TemporaryFolder folder;
  const std::string config = folder.Path() + "/haproxy.cfg";
  std::ofstream(config) << "global\n  log stdout format raw local0\n"
                           "defaults\n  mode http\n  log global\n  timeout connect 60s\n  timeout client 60s\n  timeout server 60s\n"
                           "frontend edge\n  bind unix@"
                        << folder.Path() << "/edge.sock\n  default_backend weft\nbackend weft\n  option log-health-checks\n"
                        << how << "  server weft " << bound.substr(bound.rfind('/') + 1) << " check inter 100ms\n";
  Process process(haproxy, {"-db", "-f", config});
  std::string line = process.Line();
  while (!line.empty() && line.find("Health check for server") == std::string::npos) line = process.Line();
  process.Signal(SIGTERM);
  process.Wait();
  return line.empty() ? process.Errors() : line;
}

TEST(HealthCheck, HaproxyTakesAServerForReadyHoweverItAsks) {
  const std::string haproxy = HaproxyPath();
  if (haproxy.empty()) WEFT_PROGRAM_IS_MISSING("haproxy", "peers");
  Readiness readiness;
  Mux mux;
  mux.Handle("/healthz", HealthHandler());
  mux.Handle("/readyz", ReadyHandler(readiness));
  mux.Handle("/{$}", ReadyHandler(readiness));
  ServerOptions options = Tcp();
  options.readiness = &readiness;
  TestServer server(Background(), mux, options);

  for (const char* how : {"  option httpchk\n", "  option httpchk OPTIONS *\n", "  option httpchk /healthz\n", "  option httpchk HEAD /readyz HTTP/1.0\n",
                          "  option httpchk GET /readyz\n", "  option httpchk\n  http-check send meth OPTIONS uri /readyz ver HTTP/1.1 hdr Host h\n"}) {
    const std::string verdict = Verdict(haproxy, server.Bound(), how);
    EXPECT_NE(verdict.find("succeeded"), std::string::npos) << how << verdict;
    EXPECT_NE(verdict.find("code: 200"), std::string::npos) << how << verdict;
  }

  readiness.HoldBack(true);
  const std::string verdict = Verdict(haproxy, server.Bound(), "  option httpchk\n");
  EXPECT_NE(verdict.find("failed"), std::string::npos) << verdict;
  EXPECT_NE(verdict.find("code: 503"), std::string::npos) << verdict;
}

}  // namespace
}  // namespace weft
