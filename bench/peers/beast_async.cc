// SPDX-License-Identifier: Apache-2.0
// The style in which most people write a Beast server: one object per connection that keeps itself alive through its
// callbacks, a tcp_stream whose expiry is renewed before each operation, string bodies, one thread.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include "common/address.h"

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::chrono::seconds kExpiry(30);
constexpr std::string_view kSleepPath = "/sleep/";

class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(asio::ip::tcp::socket socket) : stream_(std::move(socket)), timer_(stream_.get_executor()) {}

  void Read() {
    request_ = {};
    stream_.expires_after(kExpiry);
    http::async_read(stream_, buffer_, request_, [self = shared_from_this()](error_code error, std::size_t) {
      if (error == http::error::end_of_stream) {
        self->stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
      } else if (!error) {
        self->Route();
      }
    });
  }

 private:
  void Route() {
    const std::string_view target(request_.target().data(), request_.target().size());
    if (target == "/") return Write(http::status::ok, "Hello, World!");
    if (target.substr(0, kSleepPath.size()) != kSleepPath) return Write(http::status::not_found, "not found\n");
    int milliseconds = 0;
    std::from_chars(target.data() + kSleepPath.size(), target.data() + target.size(), milliseconds);
    stream_.expires_never();
    timer_.expires_after(std::chrono::milliseconds(milliseconds));
    timer_.async_wait([self = shared_from_this()](error_code error) {
      if (!error) self->Write(http::status::ok, "slept\n");
    });
  }

  void Write(http::status status, std::string_view body) {
    response_ = {status, request_.version()};
    response_.set(http::field::server, "beast");
    response_.set(http::field::content_type, "text/plain");
    response_.keep_alive(request_.keep_alive());
    response_.body() = body;
    response_.prepare_payload();
    stream_.expires_after(kExpiry);
    http::async_write(stream_, response_, [self = shared_from_this()](error_code error, std::size_t) {
      if (!error && self->response_.keep_alive()) self->Read();
    });
  }

  beast::tcp_stream stream_;
  asio::steady_timer timer_;
  beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response<http::string_body> response_;
};

void Accept(asio::ip::tcp::acceptor& acceptor) {
  acceptor.async_accept([&acceptor](error_code error, asio::ip::tcp::socket socket) {
    if (!error) {
      socket.set_option(asio::ip::tcp::no_delay(true), error);
      std::make_shared<Session>(std::move(socket))->Read();
    }
    Accept(acceptor);
  });
}

}  // namespace

int main(int argc, char** argv) {
  const sockaddr_in address = weft::bench::AddressFromArguments(argc, argv);
  weft::bench::RaiseDescriptorLimit();
  asio::io_context io(1);
  asio::ip::tcp::acceptor acceptor(io, asio::ip::tcp::v4(), weft::bench::Listen(address));
  Accept(acceptor);
  io.run();
}
