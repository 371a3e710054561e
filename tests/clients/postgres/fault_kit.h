// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CLIENTS_POSTGRES_FAULT_KIT_H_
#define WEFT_TESTS_CLIENTS_POSTGRES_FAULT_KIT_H_

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include <weft/net/client_failure.h>

#include "kit.h"

namespace weft::postgres {

// Lost, or not there: for a handler a 503, and never something that blames its client.
inline void ExpectUnavailable(const Error& err) {
  EXPECT_TRUE(err.Is(kUnavailable)) << err.Message();
  EXPECT_NE(err.As<ClientFailure>(), nullptr) << err.Message();
}

inline bool Serves(const Context& ctx, Pool& db) {
  for (int i = 0; i < 2000; ++i) {
    if (!db.Ping(ctx)) return true;
    (void)Sleep(ctx, 5ms);
  }
  return false;
}

// Fibers that query all the time, while `fault` happens to the server: each gets its value or an Error at once, and once the server is back all of
// them are served.
inline void UnderLoad(Pool& db, const std::function<void()>& fault, const std::function<void()>& repair) {
  OnLoops(2, [&](const Context& ctx) {
    EXPECT_OK(db.Ping(ctx));
    const CancelScope load = WithCancel(ctx);
    std::atomic<std::int64_t> served{0}, failed{0};
    Group group(ctx, {.spread = true});
    for (int f = 0; f < 16; ++f) {
      group.Go([&, f](const Context&) {
        while (!load.ctx.Err()) {
          const Result<std::optional<std::int32_t>> back = db.QueryOne<std::int32_t>(load.ctx, "select $1::integer", f);
          if (back.Ok()) {
            EXPECT_EQ(*back, f);
            ++served;
          } else if (!load.ctx.Err()) {
            ExpectUnavailable(back.Err());
            ++failed;
            (void)Sleep(load.ctx, 1ms);
          }
        }
      });
    }
    // Without turning round and round, on a core that the server needs.
    const auto until = [&](const std::atomic<std::int64_t>& count, std::int64_t least) {
      while (count < least) EXPECT_OK(Sleep(ctx, 1ms));
    };
    until(served, 500);
    fault();
    until(failed, 50);
    repair();
    EXPECT_TRUE(Serves(ctx, db));
    until(served, served + 500);
    load.cancel();
    EXPECT_OK(group.Wait());
    EXPECT_EQ(db.Stats().in_use, 0u);
  });
}

// It takes connections, as a machine that hangs does, and says nothing.
class SilentServer {
 public:
  SilentServer() {
    std::string name = (std::filesystem::temp_directory_path() / "weft-silent-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (folder_ + "/.s.PGSQL.5432").copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(fd_, 64), 0);
  }
  ~SilentServer() {
    close(fd_);
    std::filesystem::remove_all(folder_);
  }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;

  const std::string& Folder() const { return folder_; }
  bool HasClient() const {
    pollfd look{fd_, POLLIN, 0};
    return poll(&look, 1, 0) > 0;
  }
  // One that has connected, whose first words it has taken; -1: there is none.
  int Take() const {
    const int client = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    for (char unread[4096]; client >= 0 && recv(client, unread, sizeof unread, MSG_DONTWAIT) < 0;) Yield();
    return client;
  }
  // How many have connected since this was asked for last; it closes them.
  int Connected() const {
    int count = 0;
    for (int fd = 0; (fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; close(fd)) ++count;
    return count;
  }

 private:
  std::string folder_;
  int fd_ = -1;
};

}  // namespace weft::postgres

#endif  // WEFT_TESTS_CLIENTS_POSTGRES_FAULT_KIT_H_
