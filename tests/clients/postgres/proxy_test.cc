// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <weft/net/client_failure.h>

#include "kit.h"

namespace weft::postgres {
namespace {

// A proxy in front of the server that cuts the first connection after a number of bytes in one direction; others pass.
class CuttingProxy {
 public:
  CuttingProxy(std::string server) : server_(std::move(server)) {
    std::string name = (std::filesystem::temp_directory_path() / "weft-proxy-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = Address(folder_ + "/.s.PGSQL.5432");
    if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || listen(listener_, 64) != 0) std::abort();
    thread_ = std::thread([this] { Serve(); });
  }
  ~CuttingProxy() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
    std::filesystem::remove_all(folder_);
  }
  std::string ConnInfo() const { return "host=" + folder_ + " dbname=postgres user=weft"; }

  // The next connection is cut after so many bytes of the server's, or of the client's.
  void CutNext(std::int64_t of_server, std::int64_t of_client) {
    of_server_ = of_server;
    of_client_ = of_client;
  }
  // How many bytes the last connection that was not cut has carried.
  std::int64_t FromServer() const { return from_server_; }
  std::int64_t FromClient() const { return from_client_; }

 private:
  static sockaddr_un Address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
  }

  struct Pair {
    int client, server;
    std::int64_t to_client, to_server;  // bytes until the cut
    std::int64_t from_server = 0, from_client = 0;
  };

  void Serve() {
    std::vector<Pair> pairs;
    for (;;) {
      std::vector<pollfd> polled = {{listener_, POLLIN, 0}};
      for (const Pair& pair : pairs) {
        polled.push_back({pair.client, POLLIN, 0});
        polled.push_back({pair.server, POLLIN, 0});
      }
      poll(polled.data(), polled.size(), -1);
      for (std::size_t i = pairs.size(); i-- > 0;) {
        Pair& pair = pairs[i];
        const bool alive = (polled[1 + 2 * i].revents == 0 || Pass(pair.client, pair.server, pair.to_server, pair.from_client)) &&
                           (polled[2 + 2 * i].revents == 0 || Pass(pair.server, pair.client, pair.to_client, pair.from_server));
        from_server_ = pair.from_server;
        from_client_ = pair.from_client;
        if (alive) continue;
        close(pair.client);
        close(pair.server);
        pairs.erase(pairs.begin() + static_cast<std::ptrdiff_t>(i));
      }
      if (polled[0].revents == 0) continue;
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) break;
      const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const sockaddr_un address = Address(server_);
      if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) std::abort();
      pairs.push_back({client, server, of_server_.exchange(INT64_MAX), of_client_.exchange(INT64_MAX)});
    }
    for (const Pair& pair : pairs) {
      close(pair.client);
      close(pair.server);
    }
  }

  static bool Pass(int from, int to, std::int64_t& left, std::int64_t& passed) {
    char bytes[65536];
    const ssize_t got = recv(from, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    const std::int64_t taken = std::min<std::int64_t>(got, left);
    left -= taken;
    passed += taken;
    return send(to, bytes, static_cast<std::size_t>(taken), MSG_NOSIGNAL) == taken && left > 0;
  }

  const std::string server_;
  std::string folder_;
  int listener_ = -1;
  std::atomic<std::int64_t> of_server_{INT64_MAX}, of_client_{INT64_MAX}, from_server_{0}, from_client_{0};
  std::thread thread_;
};

class PostgresProxyTest : public PostgresTest {
 protected:
  // Connects, prepares, reads, writes in a transaction: the bytes of all of it are cut somewhere.
  static Error Everything(const Context& ctx, Pool& db) {
    const auto numbers = db.Query<std::int32_t>(ctx, "select generate_series(1, 3)");
    if (Error err = numbers.Err()) return err;
    EXPECT_EQ(*numbers, (std::vector<std::int32_t>{1, 2, 3}));
    return db.InTransaction(ctx, [](const Context& c, Transaction& tx) { return tx.Execute(c, "select length($1)", "text").Err(); });
  }

  static void CutEverywhere(const Context& ctx, bool server_side) {
    CuttingProxy proxy(Server().SocketPath());
    std::int64_t all = 0;
    {
      Pool db({.conninfo = proxy.ConnInfo()});
      EXPECT_OK(Everything(ctx, db));
      all = server_side ? proxy.FromServer() : proxy.FromClient();
    }
    ASSERT_GT(all, 200);
    int failed = 0;
    for (std::int64_t at = 1; at < all; ++at) {
      Pool db({.conninfo = proxy.ConnInfo()});
      proxy.CutNext(server_side ? at : INT64_MAX, server_side ? INT64_MAX : at);
      const Error err = Everything(ctx, db);
      if (err) {
        ++failed;
        EXPECT_TRUE(err.Is(kUnavailable)) << at << ": " << err.Message();
        EXPECT_NE(err.As<ClientFailure>(), nullptr) << at << ": " << err.Message();
        EXPECT_EQ(db.Stats().open, 0u) << at;
      }
      if (at % 32 != 0) continue;
      // No cut makes the pool useless; the gate may ask for a moment.
      Error again = Everything(ctx, db);
      for (int i = 0; again && i < 1000; ++i) {
        EXPECT_OK(Sleep(ctx, 1ms));
        again = Everything(ctx, db);
      }
      EXPECT_OK(again);
    }
    EXPECT_GT(failed, all / 2);
  }
};

TEST_F(PostgresProxyTest, ACutAtAnyByteOfTheServersIsAnErrorAndNoMore) {
  OnLoops(1, [](const Context& ctx) { CutEverywhere(ctx, true); });
}

TEST_F(PostgresProxyTest, ACutAtAnyByteOfTheClientsIsAnErrorAndNoMore) {
  OnLoops(1, [](const Context& ctx) { CutEverywhere(ctx, false); });
}

// The cancel's own connection is cut, so nobody knows whether its signal is under way: the connection is not used again.
TEST_F(PostgresProxyTest, ACancelThatIsCutCostsTheConnection) {
  OnLoops(1, [](const Context& ctx) {
    CuttingProxy proxy(Server().SocketPath());
    for (std::int64_t at = 1; at < 16; ++at) {
      Pool db({.conninfo = proxy.ConnInfo()});
      EXPECT_OK(db.Ping(ctx));
      proxy.CutNext(INT64_MAX, at);
      const CancelScope soon = WithTimeout(ctx, 10ms);
      EXPECT_TRUE(db.Execute(soon.ctx, "select pg_sleep(60)").Err().Is(kDeadlineExceeded));
      EXPECT_OK(db.Ping(ctx));
      EXPECT_EQ(Sessions(ctx, db, "active"), 0);
    }
  });
}

}  // namespace
}  // namespace weft::postgres
