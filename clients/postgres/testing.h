// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_TESTING_H_
#define WEFT_CLIENTS_POSTGRES_TESTING_H_

#include <memory>
#include <string>
#include <vector>

#include <weft/concurrency/result.h>

namespace weft::postgres {

namespace internal {
class ChildProcess;
}

struct TestServerOptions {
  std::vector<std::string> settings{};  // "max_connections=5"
  std::string password{};               // required, by SCRAM; empty: no password is needed
  // Also listens on 127.0.0.1, over TLS with this certificate and key (PEM files, readable for
  // all). Empty: only on a Unix-domain socket.
  std::string certificate_file{}, key_file{};
};

// A PostgreSQL server for tests, in weft::testing: the real program as a child of this process,
// with a new database in a temporary folder, on a Unix-domain socket there. Both go with this
// object, or with the process if that is killed. If the process runs as root, the server runs as
// the user "postgres", or "nobody", because it refuses to run as root.
//
//   using weft::postgres::TestServer;
//   if (!TestServer::Available()) GTEST_SKIP() << "no PostgreSQL server here";
//   weft::Result<std::unique_ptr<TestServer>> server = TestServer::Start();
//   weft::postgres::Pool db({.conninfo = (*server)->ConnInfo()});
//
// Its functions block the thread, for about a second in Start. In RunTest virtual time stands still
// while a Pool waits for it.
class TestServer {
 public:
  // Whether the programs postgres and initdb are installed: in PATH, or where Debian puts them.
  static bool Available();
  static Result<std::unique_ptr<TestServer>> Start(TestServerOptions options = {});
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  // For PoolOptions. The user is "weft", the database "postgres".
  std::string ConnInfo() const;
  // Over TLS, on 127.0.0.1; only with a certificate.
  std::string TlsConnInfo() const;
  // The path of its Unix-domain socket, for a proxy in front of it.
  std::string SocketPath() const;
  std::string Log() const;  // its log so far

  // Kills all its processes by SIGKILL, like a machine that fails.
  void Kill();
  // An administrator's "fast" shutdown: sessions are notified (57P01) and closed. A server that has
  // not ended after ten seconds is ended by SIGQUIT.
  void Stop();
  // Starts it again on the same data, after Kill or Stop.
  Error Restart();
  // Send SIGSTOP and SIGCONT to all its processes: a server that hangs.
  void Pause();
  void Resume();

 private:
  explicit TestServer(TestServerOptions options);
  Error InitDb();
  Error Launch();
  Error AwaitReady();

  const TestServerOptions options_;
  std::string folder_;
  int port_ = 5432;
  std::unique_ptr<internal::ChildProcess> process_;
};

}  // namespace weft::postgres

#endif  // WEFT_CLIENTS_POSTGRES_TESTING_H_
