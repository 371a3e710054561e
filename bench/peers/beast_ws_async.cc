// SPDX-License-Identifier: Apache-2.0
// A WebSocket echo in the style in which most people write one with Beast: an object per connection, callbacks, the suggested timeouts, one thread.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <memory>
#include <utility>

#include "common/address.h"

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(asio::ip::tcp::socket socket) : ws_(std::move(socket)) {}

  void Accept() {
    ws_.set_option(websocket::stream_base::timeout::suggested(beast::role_type::server));
    ws_.async_accept([self = shared_from_this()](error_code error) {
      if (!error) self->Read();
    });
  }

 private:
  void Read() {
    ws_.async_read(buffer_, [self = shared_from_this()](error_code error, std::size_t) {
      if (!error) self->Write();
    });
  }
  void Write() {
    ws_.text(ws_.got_text());
    ws_.async_write(buffer_.data(), [self = shared_from_this()](error_code error, std::size_t) {
      if (error) return;
      self->buffer_.consume(self->buffer_.size());
      self->Read();
    });
  }

  websocket::stream<beast::tcp_stream> ws_;
  beast::flat_buffer buffer_;
};

void Accept(asio::ip::tcp::acceptor& acceptor) {
  acceptor.async_accept([&acceptor](error_code error, asio::ip::tcp::socket socket) {
    if (!error) {
      socket.set_option(asio::ip::tcp::no_delay(true), error);
      std::make_shared<Session>(std::move(socket))->Accept();
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
