// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <string>

#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

#include <weft/concurrency/wait_group.h>

#include "await_kit.h"

// Beast's initiations have no executor of their own: Await finds it by their arguments.
namespace weft {
namespace {

using namespace testing;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// Answers requests with their target until the client closes.
Error EchoTargets(const Context& ctx, beast::tcp_stream& stream) {
  beast::flat_buffer buffer;
  for (;;) {
    http::request<http::empty_body> request;
    const Result<std::size_t> read = http::async_read(stream, buffer, request, Await(ctx));
    if (read.Err().Is(http::error::end_of_stream)) return {};
    if (Error err = read.Err()) return err;
    http::response<http::string_body> response(http::status::ok, request.version());
    response.body() = std::string(request.target());
    response.prepare_payload();
    if (Error err = http::async_write(stream, response, Await(ctx)).Err()) return err;
  }
}

Result<std::string> Ask(const Context& ctx, beast::tcp_stream& stream, const std::string& target) {
  http::request<http::empty_body> request(http::verb::get, target, 11);
  request.set(http::field::host, "localhost");
  if (Error err = http::async_write(stream, request, Await(ctx)).Err()) return err;
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  if (Error err = http::async_read(stream, buffer, response, Await(ctx)).Err()) return err;
  return response.body();
}

TEST(AwaitBeast, AnHttpClientAndAnHttpServerTalk) {
  RunLoop([](const Context& ctx) {
    auto pair = SocketPair(ctx, CurrentExecutor());
    beast::tcp_stream client(std::move(pair.first)), server(std::move(pair.second));
    Group group(ctx);
    group.Go("server", [&](const Context& c) { return EchoTargets(c, server); });

    for (const std::string target : {"/one", "/two", "/three"}) {
      const Result<std::string> answer = Ask(ctx, client, target);
      ASSERT_FALSE(answer.Err()) << answer.Err().Message();
      EXPECT_EQ(*answer, target);
    }

    client.close();
    EXPECT_FALSE(group.Wait());
  });
}

TEST(AwaitBeast, ConnectsToARangeOfEndpoints) {
  RunLoop([](const Context& ctx) {
    tcp::acceptor acceptor(CurrentExecutor(), tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    const std::vector<tcp::endpoint> endpoints{acceptor.local_endpoint()};
    beast::tcp_stream stream(CurrentExecutor());

    EXPECT_EQ(*stream.async_connect(endpoints, Await(ctx)), endpoints[0]);
  });
}

TEST(AwaitBeast, ADeadlineEndsAReadOfAResponseThatNeverComes) {
  RunLoop([](const Context& ctx) {
    auto pair = SocketPair(ctx, CurrentExecutor());
    beast::tcp_stream client(std::move(pair.first));
    CancelScope scope = WithTimeout(ctx, milliseconds(2));

    EXPECT_TRUE(Ask(scope.ctx, client, "/").Err().Is(kDeadlineExceeded));
  });
}

// Beast's read does not look whether it was cancelled: told once between two of its reads it would go on for ever.
TEST(AwaitBeast, ADeadlineEndsAReadWhoseBytesTrickleIn) {
  RunLoop([](const Context& ctx) {
    for (int i = 0; i < 50; ++i) {
      auto pair = SocketPair(ctx, CurrentExecutor());
      beast::tcp_stream client(std::move(pair.first));
      CancelScope scope = WithTimeout(ctx, microseconds(200 + 10 * i));
      Group group(ctx);
      group.Go("trickle", [&](const Context&) {
        pair.second.write_some(asio::buffer("HTTP/1.1 200 OK\r\nX: ", 20));
        while (!scope.ctx.Err()) {
          pair.second.write_some(asio::buffer("x", 1));
          Yield();
        }
      });
      beast::flat_buffer buffer;
      http::response<http::string_body> response;

      EXPECT_TRUE(http::async_read(client, buffer, response, Await(scope.ctx)).Err().Is(kDeadlineExceeded));

      EXPECT_FALSE(group.Wait());
    }
  });
}

using WebSocket = websocket::stream<beast::tcp_stream>;

Error EchoMessages(const Context& ctx, WebSocket& stream) {
  if (Error err = stream.async_accept(Await(ctx))) return err;
  for (;;) {
    beast::flat_buffer buffer;
    const Result<std::size_t> read = stream.async_read(buffer, Await(ctx));
    if (read.Err().Is(websocket::error::closed)) return {};
    if (Error err = read.Err()) return err;
    if (Error err = stream.async_write(buffer.data(), Await(ctx)).Err()) return err;
  }
}

Error SayAndClose(const Context& ctx, WebSocket& stream) {
  if (Error err = stream.async_handshake("localhost", "/", Await(ctx))) return err;
  for (const std::string text : {"one", "two"}) {
    if (Error err = stream.async_write(asio::buffer(text), Await(ctx)).Err()) return err;
    beast::flat_buffer buffer;
    if (Error err = stream.async_read(buffer, Await(ctx)).Err()) return err;
    EXPECT_EQ(beast::buffers_to_string(buffer.data()), text);
  }
  return stream.async_close(websocket::close_code::normal, Await(ctx));
}

TEST(AwaitBeast, AWebSocketClientAndServerTalk) {
  RunLoop([](const Context& ctx) {
    auto pair = SocketPair(ctx, CurrentExecutor());
    WebSocket client(std::move(pair.first)), server(std::move(pair.second));
    Group group(ctx);
    group.Go("server", [&](const Context& c) { return EchoMessages(c, server); });
    group.Go("client", [&](const Context& c) { return SayAndClose(c, client); });

    const Error err = group.Wait();

    EXPECT_FALSE(err) << err.Message();
  });
}

TEST(AwaitBeast, StreamsOfAnotherLoopAreServedThere) {
  RunLoops(2, [](const Context& ctx) {
    asio::any_io_executor other;
    GroupOptions spread;
    spread.spread = true;
    Group keeper(ctx, spread);
    const auto here = std::this_thread::get_id();
    for (int i = 0; i < 2; ++i) {
      keeper.Go("finds the other loop", [&](const Context&) {
        if (std::this_thread::get_id() != here) other = CurrentExecutor();
      });
    }
    ASSERT_FALSE(keeper.Wait());
    auto pair = SocketPair(ctx, CurrentExecutor());
    const auto move_to = [&](tcp::socket& socket) { return tcp::socket(other, tcp::v4(), socket.release()); };
    WebSocket client(move_to(pair.first)), server(move_to(pair.second));
    Group group(ctx);
    group.Go("server", [&](const Context& c) { return EchoMessages(c, server); });
    group.Go("client", [&](const Context& c) { return SayAndClose(c, client); });

    const Error err = group.Wait();

    EXPECT_FALSE(err) << err.Message();
  });
}

TEST(AwaitBeast, ADeadlineEndsAWebSocketRead) {
  RunLoop([](const Context& ctx) {
    auto pair = SocketPair(ctx, CurrentExecutor());
    WebSocket client(std::move(pair.first)), server(std::move(pair.second));
    Group group(ctx);
    group.Go("server", [&](const Context& c) { return server.async_accept(Await(c)); });
    ASSERT_FALSE(client.async_handshake("localhost", "/", Await(ctx)));
    ASSERT_FALSE(group.Wait());
    CancelScope scope = WithTimeout(ctx, milliseconds(2));
    beast::flat_buffer buffer;

    EXPECT_TRUE(client.async_read(buffer, Await(scope.ctx)).Err().Is(kDeadlineExceeded));
  });
}

}  // namespace
}  // namespace weft
