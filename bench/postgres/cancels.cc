// SPDX-License-Identifier: Apache-2.0

// How long a query lives on in PostgreSQL after the client of its request has left: a server whose handler runs a query of a minute under the
// request's context, and a client that closes its connection. Prints the milliseconds of the median and of the 99th percentile until
// pg_stat_activity has it no more.
//
//   postgres_cancels CONNINFO TIMES

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <weft/clients/postgres/pool.h>
#include <weft/handlers/routing/mux.h>
#include <weft/server/listen_and_serve.h>

namespace {

bool Runs(weft::postgres::Pool& admin) {
  const auto count = admin.QueryOne<std::int64_t>(weft::Background(), "select count(*) from pg_stat_activity where state = 'active' and query like 'select pg_sleep%'");
  if (count.Err()) std::abort();
  return **count != 0;
}

int Request(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  const std::string text = "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n";
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || write(fd, text.data(), text.size()) < 0) std::abort();
  return fd;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  weft::postgres::Pool db({.conninfo = argv[1], .connections_max = 8}), admin({.conninfo = argv[1], .connections_max = 1});
  weft::Mux mux;
  mux.Handle("GET /slow", [&](weft::ResponseWriter&, weft::Request& r) { return db.Execute(r.Ctx(), "select pg_sleep(60)").Err(); });
  weft::CancelScope stop = weft::WithCancel(weft::Background());
  std::promise<int> port;
  weft::ServerOptions options;
  options.address = "127.0.0.1:0";
  options.on_listen = [&](std::string_view address) { port.set_value(std::atoi(std::string(address.substr(address.rfind(':') + 1)).c_str())); };
  std::thread server([&] { (void)weft::ListenAndServe(stop.ctx, options, mux); });
  const int at = port.get_future().get();
  std::vector<double> gone;
  for (int i = 0; i < std::atoi(argv[2]); ++i) {
    const int fd = Request(at);
    while (!Runs(admin)) {
    }
    const auto begin = std::chrono::steady_clock::now();
    close(fd);
    while (Runs(admin)) {
    }
    gone.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  }
  stop.cancel();
  server.join();
  std::sort(gone.begin(), gone.end());
  std::printf("%.1f %.1f\n", gone[gone.size() / 2], gone[gone.size() * 99 / 100]);
  return 0;
}
