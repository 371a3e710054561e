// SPDX-License-Identifier: Apache-2.0

// A proxy for CONNECT that opens tunnels to a few targets and to nothing else:
//
//   build/release/examples/hello --address 127.0.0.1:8080 &
//   build/release/examples/tunnel --address 127.0.0.1:8081 --allow 127.0.0.1:8080 &
//   curl --proxytunnel --proxy http://127.0.0.1:8081 http://127.0.0.1:8080/
//
// Each side may close its direction while the other one continues.

#include <array>
#include <csignal>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <weft/concurrency/await.h>
#include <weft/concurrency/group.h>
#include <weft/handlers/routing/mux.h>
#include <weft/server/listen_and_serve.h>

#include "flags.h"

namespace {

namespace asio = boost::asio;
using Socket = asio::ip::tcp::socket;
using Piece = std::array<char, 8192>;

weft::Error Upload(const weft::Context& ctx, weft::Stream& client, Socket& target) {
  Piece piece;
  while (true) {
    const weft::Result<std::size_t> n = client.Read(ctx, piece);
    if (weft::Error err = n.Err()) return err;
    if (*n == 0) {
      boost::system::error_code failure;
      return weft::Error(target.shutdown(Socket::shutdown_send, failure));
    }
    if (weft::Error err = asio::async_write(target, asio::buffer(piece.data(), *n), weft::Await(ctx)).Err()) return err;
  }
}

weft::Error Download(const weft::Context& ctx, Socket& target, weft::Stream& client) {
  Piece piece;
  while (true) {
    const auto [end, n] = target.async_read_some(asio::buffer(piece), weft::AwaitPartial(ctx));
    if (n > 0) {
      if (weft::Error err = client.Write({piece.data(), n})) return err;
    }
    if (end.Is(asio::error::eof)) return client.CloseWrite();
    if (end) return end;
  }
}

weft::Result<Socket> Dial(const weft::Context& ctx, std::string_view target) {
  const std::size_t colon = target.rfind(':');
  std::string_view host = target.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  auto found = weft::Resolve(ctx, host, target.substr(colon + 1));
  if (weft::Error err = found.Err()) return err;
  Socket socket(weft::CurrentExecutor());
  if (weft::Error err = asio::async_connect(socket, *found, weft::Await(ctx)).Err()) return err;
  return socket;
}

weft::Error Tunnel(const std::set<std::string, std::less<>>& allowed, weft::ResponseWriter& w, weft::Request& r) {
  if (!allowed.contains(r.Target())) return weft::HttpError(403, "not a target of this proxy");
  weft::Result<Socket> target = Dial(r.Ctx(), r.Target());
  if (target.Err()) return weft::HttpError(502, "the target does not respond");

  w.WriteHeader(200);
  weft::Result<weft::Stream> client = w.Hijack();
  if (weft::Error err = client.Err()) return err;
  weft::Group group(r.Ctx());
  group.Go("upload", [&](const weft::Context& ctx) { return Upload(ctx, *client, *target); });
  group.Go("download", [&](const weft::Context& ctx) { return Download(ctx, *target, *client); });
  weft::Error err = group.Wait();
  if (err) w.Abort();  // a tunnel that broke must not look like one that has ended
  return err;
}

}  // namespace

int main(int argc, char** argv) {
  weft::ServerOptions options{.address = "127.0.0.1:8081"};
  std::set<std::string, std::less<>> allowed;
  Flags flags(argc, argv, "usage: tunnel [--address HOST:PORT] [--loops N] --allow HOST:PORT...");
  while (flags.Next()) {
    if (flags.Is("--address")) {
      options.address = flags.Text();
    } else if (flags.Is("--loops")) {
      options.loops = flags.Number(1, 1024);
    } else if (flags.Is("--allow")) {
      allowed.insert(flags.Text());
    } else {
      flags.Unknown();
    }
  }
  if (weft::Error err = options.Validate()) flags.Fail("--address: " + err.Message());
  options.on_listen = [](std::string_view bound) {
    std::printf("listening on %s\n", bound.data());
    std::fflush(stdout);
  };

  weft::Mux mux;
  mux.Handle("CONNECT /", [&](weft::ResponseWriter& w, weft::Request& r) { return Tunnel(allowed, w, r); });

  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  if (weft::Error err = weft::ListenAndServe(ctx, options, mux)) {
    std::fprintf(stderr, "tunnel: %s\n", err.Message().c_str());
    return 1;
  }
}
