// SPDX-License-Identifier: Apache-2.0

// Any Asio operation, as a blocking call under a context.
#include <string>
#include <string_view>
#include <utility>
#include <boost/asio/connect.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <weft/concurrency/await.h>

namespace http = boost::beast::http;

weft::Error Fetch(const weft::Context& ctx, std::string_view path, std::string& out);

weft::Error Fetch(const weft::Context& ctx, std::string_view path, std::string& out) {
  auto endpoints = weft::Resolve(ctx, "backend.internal", "8081");
  if (weft::Error err = endpoints.Err()) return err;
  boost::asio::ip::tcp::socket socket(weft::CurrentExecutor());
  auto connected = boost::asio::async_connect(socket, *endpoints, weft::Await(ctx));
  if (weft::Error err = connected.Err()) return err.Wrap("connect");
  http::request<http::empty_body> request(http::verb::get, path, 11);
  request.set(http::field::host, "backend.internal");
  auto sent = http::async_write(socket, request, weft::Await(ctx));
  if (weft::Error err = sent.Err()) return err.Wrap("send");
  boost::beast::flat_buffer buffer;
  http::response<http::string_body> response;
  auto received = http::async_read(socket, buffer, response, weft::Await(ctx));
  if (weft::Error err = received.Err()) return err.Wrap("receive");
  out = std::move(response.body());
  return {};
}
