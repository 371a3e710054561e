// SPDX-License-Identifier: Apache-2.0

// A server and its client in one scheduler: ListenAndServe in a fiber, and plain Asio operations through Await in another.
#include <cstdio>
#include <string>
#include <string_view>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <weft/concurrency/await.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/sync.h>
#include <weft/server/listen_and_serve.h>

weft::Error Ask(const weft::Context& ctx, std::string_view port, std::string& answer) {
  auto endpoints = weft::Resolve(ctx, "127.0.0.1", port);
  if (weft::Error err = endpoints.Err()) return err;
  boost::asio::ip::tcp::socket socket(weft::CurrentExecutor());
  auto connected = boost::asio::async_connect(socket, *endpoints, weft::Await(ctx));
  if (weft::Error err = connected.Err()) return err.Wrap("connect");
  const std::string_view request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  auto sent = boost::asio::async_write(socket, boost::asio::buffer(request), weft::Await(ctx));
  if (weft::Error err = sent.Err()) return err.Wrap("send");
  // Reads to the end, so "end of file" is what is hoped for.
  auto [err, size] = boost::asio::async_read(socket, boost::asio::dynamic_buffer(answer), weft::AwaitPartial(ctx));
  return err.Is(boost::asio::error::eof) && size == answer.size() ? weft::Error() : err.Wrap("receive");
}

weft::Error ServeAndAsk(const weft::Context& ctx, std::string& answer) {
  weft::ServerOptions options{.address = "127.0.0.1:0"};
  std::string port;
  weft::Event listening;
  options.on_listen = [&](std::string_view bound) {
    port = bound.substr(bound.rfind(':') + 1);
    listening.Set();
  };
  weft::CancelScope server = weft::WithCancel(ctx);
  weft::Group group(ctx);
  group.Go("server", [&](const weft::Context&) {
    return weft::ListenAndServe(server.ctx, options, [](weft::ResponseWriter& w, weft::Request&) { return w.Write("Hello!"); });
  });
  group.Go("client", [&](const weft::Context& member) -> weft::Error {
    if (weft::Error err = listening.Wait(member)) return err;
    weft::Error err = Ask(member, port, answer);
    server.cancel();
    return err;
  });
  return group.Wait();
}

int main() {
  std::string answer;
  weft::Error err = weft::Run(weft::Background(), [&](const weft::Context& ctx) { return ServeAndAsk(ctx, answer); });
  if (!err && answer.ends_with("\r\n\r\nHello!")) return 0;
  std::fprintf(stderr, "%s, answer: %s\n", err.Message().c_str(), answer.c_str());
  return 1;
}
