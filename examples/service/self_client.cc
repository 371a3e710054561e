// SPDX-License-Identifier: Apache-2.0
#include "self_client.h"

#include <utility>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <weft/concurrency/await.h>

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Endpoint = asio::generic::stream_protocol::endpoint;  // TCP or unix, told at run time
using Socket = asio::generic::stream_protocol::socket;

weft::Result<Endpoint> FindServer(const weft::Context& ctx, std::string unix_path, std::string_view host, std::string_view port) {
  if (!unix_path.empty()) {
    if (unix_path.front() == '@') unix_path.front() = '\0';  // a name without a file
    return Endpoint(asio::local::stream_protocol::endpoint(unix_path));
  }
  auto found = weft::Resolve(ctx, host, port);
  if (weft::Error err = found.Err()) return err;
  return Endpoint(found->front());
}

}  // namespace

void SelfClient::SetServer(std::string_view bound) {
  constexpr std::string_view kUnix = "unix:", kHttp = "http://";
  if (bound.starts_with(kUnix)) {
    unix_path_ = bound.substr(kUnix.size());
    return;
  }
  bound.remove_prefix(kHttp.size());
  const std::size_t colon = bound.rfind(':');
  host_ = bound.substr(0, colon);
  port_ = bound.substr(colon + 1);
  if (host_.front() == '[') host_ = host_.substr(1, host_.size() - 2);
  // Who listens on all addresses is found on the loopback one.
  if (host_ == "::") host_ = "::1";
  if (host_ == "0.0.0.0") host_ = "127.0.0.1";
}

weft::Result<std::string> SelfClient::Get(const weft::Context& ctx, std::string_view path) const {
  weft::Result<Endpoint> server = FindServer(ctx, unix_path_, host_, port_);
  if (weft::Error err = server.Err()) return err;
  Socket socket(weft::CurrentExecutor());
  if (weft::Error err = socket.async_connect(*server, weft::Await(ctx))) return err.Wrap("connect");

  http::request<http::empty_body> request(http::verb::get, path, 11);
  request.set(http::field::host, "localhost");
  request.set(http::field::connection, "close");
  if (weft::Error err = http::async_write(socket, request, weft::Await(ctx)).Err()) return err.Wrap("send");

  boost::beast::flat_buffer buffer;
  http::response<http::string_body> response;
  if (weft::Error err = http::async_read(socket, buffer, response, weft::Await(ctx)).Err()) return err.Wrap("receive");
  if (response.result_int() != 200) return weft::Error::New("answered " + std::to_string(response.result_int()));
  return std::move(response.body());
}
