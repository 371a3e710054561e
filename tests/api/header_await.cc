// SPDX-License-Identifier: Apache-2.0

// The examples in await.h, which needs Asio. tests/headers_test.sh compares them line by line.
#include <array>
#include <string>
#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <weft/concurrency/await.h>

namespace await_h {

weft::Error Ping(const weft::Context& ctx) {
  auto endpoints = weft::Resolve(ctx, "backend.internal", "8081");
  if (weft::Error err = endpoints.Err()) return err;
  boost::asio::ip::tcp::socket socket(weft::CurrentExecutor());
  auto connected = boost::asio::async_connect(socket, *endpoints, weft::Await(ctx));
  if (weft::Error err = connected.Err()) return err.Wrap("connect");
  auto sent = boost::asio::async_write(socket, boost::asio::buffer("ping"), weft::Await(ctx));
  return sent.Err();
}

weft::Error ReadAll(const weft::Context& ctx, boost::asio::ip::tcp::socket& socket) {
  std::array<char, 16> bytes;
  auto buffer = boost::asio::buffer(bytes);
  auto [err, size] = boost::asio::async_read(socket, buffer, weft::AwaitPartial(ctx));
  return size == bytes.size() ? weft::Error() : err;
}

}  // namespace await_h
