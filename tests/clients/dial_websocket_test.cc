// SPDX-License-Identifier: Apache-2.0
//
// DialWebSocket against servers whose every byte is the test's. Against weft's own server: tests/server/websocket_dial_test.cc.
#include <weft/handlers/live/dial_websocket.h>

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/beast/websocket/detail/hybi13.hpp>

#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/testing.h>
#include <weft/concurrency/time.h>

#include "../kit/run.h"
#include "http_kit.h"
#include "raw_server.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

std::string ResponseTo(const std::string& request, std::string_view fields) {
  const std::string name = "Sec-WebSocket-Key: ";
  const std::size_t at = request.find(name);
  EXPECT_NE(at, std::string::npos) << request;
  const std::string key = request.substr(at + name.size(), 24);
  boost::beast::websocket::detail::sec_ws_accept_type accept;
  boost::beast::websocket::detail::make_sec_ws_accept(accept, key);
  return std::string("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
      .append(accept.data(), accept.size())
      .append("\r\n")
      .append(fields)
      .append("\r\n");
}

struct Seen {
  int opcode = -1;
  std::string payload = {};
  bool masked = false;
};

// The next frame of the client, of at most 125 bytes.
Seen NextFrame(const Context& ctx, Stream& stream) {
  std::string bytes;
  const auto fill = [&](std::size_t size) {
    std::array<char, 1> one;
    while (bytes.size() < size) {
      const Result<std::size_t> n = stream.Read(ctx, one);
      if (!n.Ok() || *n == 0) return false;
      bytes.push_back(one[0]);
    }
    return true;
  };
  if (!fill(2)) return {};
  const std::size_t size = bytes[1] & 0x7f;
  const bool masked = (bytes[1] & 0x80) != 0;
  const std::size_t head = masked ? 6 : 2;
  if (!fill(head + size)) return {};
  Seen seen{.opcode = bytes[0] & 0x0f, .payload = {}, .masked = masked};
  for (std::size_t i = 0; i < size; ++i) seen.payload.push_back(static_cast<char>(bytes[head + i] ^ (masked ? bytes[2 + i % 4] : 0)));
  return seen;
}

// A server that accepts with these fields, and then does this.
RawServer::Serve Accepts(std::string fields, std::function<void(const Context&, Stream&)> then) {
  return [fields = std::move(fields), then = std::move(then)](const Context& ctx, Stream& stream, int) {
    const std::string request = ReadUntil(ctx, stream);
    if (stream.Write(ctx, ResponseTo(request, fields))) return;
    then(ctx, stream);
  };
}

int CodeOf(const Seen& seen) {
  if (seen.opcode != 8 || seen.payload.size() < 2) return 0;
  return static_cast<unsigned char>(seen.payload[0]) << 8 | static_cast<unsigned char>(seen.payload[1]);
}

TEST(DialWebSocketTable, RejectsAnUnofferedProtocolOrExtension) {
  const struct {
    const char* what;
    std::string fields;
    bool taken;
  } cases[] = {
      {"nothing else", "", true},
      {"the protocol that was offered", "Sec-WebSocket-Protocol: chat\r\n", true},
      {"another protocol", "Sec-WebSocket-Protocol: Chat\r\n", false},
      {"an extension", "Sec-WebSocket-Extensions: permessage-deflate\r\n", false},
      {"an empty extension", "Sec-WebSocket-Extensions:\r\n", false},
      {"the protocol twice", "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: chat\r\n", false},
      {"a second proof", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", false},
  };
  for (const auto& one : cases) {
    Virtually([&](const Context& ctx) {
      SCOPED_TRACE(one.what);
      RawServer server(ctx, Accepts(one.fields, [](const Context& c, Stream& stream) { (void)NextFrame(c, stream); }));
      HttpClient client;
      const Result<WebSocket> socket = DialWebSocket(ctx, client, server.Url(), {.protocols = {"chat"}});
      EXPECT_EQ(socket.Ok(), one.taken);
      if (!one.taken) ExpectFailure(socket.Err(), ClientFailure::kMalformed, true);
      EXPECT_EQ(client.Stats().idle, 0u);
    });
  }
}

// What a server calls another protocol is no WebSocket, and what is said about it has no secret of the URL.
TEST(DialWebSocketTable, RejectsAnUpgradeToSomethingElse) {
  for (const std::string_view name : {"WebSocket", "other"}) {
    Virtually([&](const Context& ctx) {
      RawServer server(ctx, [&](const Context& c, Stream& stream, int) {
        std::string response = ResponseTo(ReadUntil(c, stream), "");
        response.replace(response.find("websocket"), 9, name);
        if (!stream.Write(c, response)) (void)NextFrame(c, stream);
      });
      HttpClient client;
      const Result<WebSocket> socket = DialWebSocket(ctx, client, server.Url() + "/room?token=secret");
      EXPECT_EQ(socket.Ok(), name == "WebSocket");
      if (socket.Ok()) return;
      ExpectFailure(socket.Err(), ClientFailure::kMalformed, true);
      EXPECT_EQ(socket.Err().Message().find("secret"), std::string::npos) << socket.Err().Message();
    });
  }
}

TEST(DialWebSocketTable, FramesForbiddenToServersGetTheirCloseCode) {
  const struct {
    const char* what;
    std::string bytes;
    Error error;
    int code;
  } cases[] = {
      {"a masked frame", std::string("\x81\x81\x01\x02\x03\x04\x60", 7), kMalformed, 1002},
      {"a reserved bit", "\xc1\x01x", kMalformed, 1002},
      {"an unknown opcode", std::string("\x83\x00", 2), kMalformed, 1002},
      {"text that is not UTF-8", "\x81\x02\xc0\x80", kMalformed, 1007},
      {"text that ends within a character, with an empty fragment", std::string("\x01\x01\xe2\x80\x00", 5), kMalformed, 1007},
      {"more than message_bytes_max", "\x81\x0b" "hello world", kTooLarge, 1009},
  };
  for (const auto& one : cases) {
    Virtually([&](const Context& ctx) {
      SCOPED_TRACE(one.what);
      Seen seen;
      RawServer server(ctx, Accepts("", [&](const Context& c, Stream& stream) {
                         EXPECT_FALSE(stream.Write(c, one.bytes));
                         seen = NextFrame(c, stream);
                       }));
      HttpClient client;
      Result<WebSocket> socket = DialWebSocket(ctx, client, server.Url(), {.message_bytes_max = 10});
      ASSERT_TRUE(socket.Ok()) << socket.Err().Message();
      const Error received = socket->Receive(ctx).Err();
      EXPECT_TRUE(received.Is(one.error)) << received.Message();
      while (seen.opcode < 0) (void)Sleep(ctx, 1ms);
      EXPECT_EQ(CodeOf(seen), one.code);
      EXPECT_TRUE(seen.masked);
    });
  }
}

TEST(DialWebSocketTable, APingGetsAMaskedPong) {
  Virtually([](const Context& ctx) {
    Seen pong;
    RawServer server(ctx, Accepts("", [&](const Context& c, Stream& stream) {
                       EXPECT_FALSE(stream.Write(c, "\x89\x03" "abc"));
                       pong = NextFrame(c, stream);
                       EXPECT_FALSE(stream.Write(c, "\x81\x04" "done"));
                       (void)NextFrame(c, stream);
                     }));
    HttpClient client;
    Result<WebSocket> socket = DialWebSocket(ctx, client, server.Url());
    ASSERT_TRUE(socket.Ok()) << socket.Err().Message();
    const Result<WebSocketMessage> message = socket->Receive(ctx);
    ASSERT_TRUE(message.Ok()) << message.Err().Message();
    EXPECT_EQ(message->data, "done");
    EXPECT_EQ(pong.opcode, 10);
    EXPECT_EQ(pong.payload, "abc");
    EXPECT_TRUE(pong.masked);
  });
}

TEST(DialWebSocketTable, ASilentServerIsPingedAndGivenUp) {
  for (const bool answers : {true, false}) {
    Virtually([&](const Context& ctx) {
      std::vector<int> seen;
      RawServer server(ctx, Accepts("", [&](const Context& c, Stream& stream) {
                         for (Seen frame = NextFrame(c, stream); frame.opcode >= 0; frame = NextFrame(c, stream)) {
                           seen.push_back(frame.opcode);
                           if (answers && seen.size() == 1) {
                             EXPECT_FALSE(stream.Write(c, std::string("\x8a\x00", 2)));
                           }
                         }
                       }));
      HttpClient client;
      Result<WebSocket> socket = DialWebSocket(ctx, client, server.Url(), {.ping_after = 10s});
      ASSERT_TRUE(socket.Ok()) << socket.Err().Message();
      const TimePoint begin = Now();
      const Error received = socket->Receive(ctx).Err();
      EXPECT_TRUE(received.Is(kTimeout)) << received.Message();
      EXPECT_EQ(Now() - begin, answers ? 25s : 15s);
      EXPECT_EQ(seen, answers ? (std::vector<int>{9, 9}) : (std::vector<int>{9}));
    });
  }
}

TEST(DialWebSocketTable, TheContextEndsTheHandshake) {
  Virtually([](const Context& ctx) {
    Event asked;
    bool left = false;
    RawServer server(ctx, [&](const Context& c, Stream& stream, int) {
      EXPECT_NE(ReadUntil(c, stream).find("Upgrade: websocket"), std::string::npos);
      asked.Set();
      (void)NextFrame(c, stream);
      left = true;
    });
    HttpClient client;
    const Error why = Error::New("nobody wants it any more");
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    group.Go([&](const Context& c) {
      EXPECT_FALSE(asked.Wait(c));
      scope.cancel(why);
    });
    const Error err = DialWebSocket(scope.ctx, client, server.Url()).Err();
    EXPECT_TRUE(err.Is(why)) << err.Message();
    EXPECT_FALSE(group.Wait());
    while (!left) (void)Sleep(ctx, 1ms);
    EXPECT_EQ(client.Stats().in_use, 0u);
  });
}

TEST(DialWebSocketDeathTest, LimitsAreAboveZero) {
  EXPECT_DEATH(Virtually([](const Context& ctx) {
                 HttpClient client;
                 (void)DialWebSocket(ctx, client, "ws://127.0.0.1:1/", {.message_bytes_max = 0});
               }),
               "DialWebSocket: WebSocketOptions::message_bytes_max must be above zero");
}

}  // namespace
}  // namespace weft
