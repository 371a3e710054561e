// SPDX-License-Identifier: Apache-2.0
// The service of examples/beast_service.cc as it was before it moved: the same handler, below the listener and the sessions that Beast's
// asynchronous servers have.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/address.h"

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

template <class Body, class Allocator>
http::message_generator HandleRequest(http::request<Body, http::basic_fields<Allocator>>&& request) {
  const auto respond = [&request](http::status status, std::string body) {
    http::response<http::string_body> response{status, request.version()};
    response.set(http::field::server, "orders/1.0");
    response.set(http::field::content_type, "text/plain");
    response.keep_alive(request.keep_alive());
    response.body() = std::move(body);
    response.prepare_payload();
    return response;
  };
  if (request.method() != http::verb::get && request.method() != http::verb::post) {
    return respond(http::status::bad_request, "Unknown HTTP-method\n");
  }
  if (request.target() != "/orders") return respond(http::status::not_found, "The resource was not found.\n");
  if (request.method() == http::verb::post) return respond(http::status::created, "ordered: " + request.body() + "\n");
  return respond(http::status::ok, "no orders\n");
}

class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(asio::ip::tcp::socket socket) : stream_(std::move(socket)) {}

  void Read() {
    parser_.emplace();
    stream_.expires_after(std::chrono::seconds(30));
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
      if (error == http::error::end_of_stream) {
        self->stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
      } else if (!error) {
        self->Write(HandleRequest(self->parser_->release()));
      }
    });
  }

 private:
  void Write(http::message_generator&& response) {
    const bool keep_alive = response.keep_alive();
    beast::async_write(stream_, std::move(response), [self = shared_from_this(), keep_alive](error_code error, std::size_t) {
      if (!error && keep_alive) self->Read();
    });
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
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
