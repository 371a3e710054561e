// SPDX-License-Identifier: Apache-2.0
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>

#include "kit.h"

namespace weft::postgres {
namespace {

class PostgresTestServerTest : public PostgresTest {};

// A test that crashes, or is killed by whoever waits for it.
void NothingIsLeft(bool paused) {
  int said[2];
  ASSERT_EQ(pipe(said), 0);
  const pid_t child = fork();
  if (child == 0) {
    Result<std::unique_ptr<TestServer>> server = TestServer::Start();
    const std::string path = server.Ok() ? (*server)->SocketPath() : "";
    if (paused && server.Ok()) (*server)->Pause();
    if (write(said[1], path.data(), path.size()) < 0) _exit(1);
    raise(SIGKILL);
  }
  close(said[1]);
  std::string path;
  char bytes[512];
  for (ssize_t got = 0; (got = read(said[0], bytes, sizeof bytes)) > 0;) path.append(bytes, static_cast<std::size_t>(got));
  close(said[0]);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  ASSERT_TRUE(folder.filename().string().starts_with("weft-postgres-")) << path;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::filesystem::exists(folder) && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(1ms);
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(PostgresTestServerTest, AServerEndsWithItsProcess) { NothingIsLeft(false); }

TEST_F(PostgresTestServerTest, APausedServerEndsWithItsProcess) { NothingIsLeft(true); }

}  // namespace
}  // namespace weft::postgres
