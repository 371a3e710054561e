// SPDX-License-Identifier: Apache-2.0
//
// A connection on which a part of a request or of a response is left is never used again: the next request would be taken for the rest of the
// one before, or get its response.
#include <weft/clients/http/http_client.h>

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>

#include <weft/concurrency/copy.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/testing.h>
#include <weft/server/test_network.h>

#include "../kit/run.h"
#include "http_kit.h"
#include "raw_server.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

const std::string kNothing = "HTTP/1.1 204 No Content\r\n\r\n";

// The first attempt is sent whole, on a connection that ends; so has to be the second.
TEST(PoisonedConnection, ASecondAttemptIsSentToItsEnd) {
  Virtually([](const Context& ctx) {
    std::string second;
    RawServer server(ctx, [&](const Context& c, Stream& stream, int connection) {
      if (connection == 0) {
        ReadUntil(c, stream);
        static_cast<void>(stream.Write(c, kNothing));
        ReadUntil(c, stream, "0\r\n\r\n");
        return;
      }
      second = ReadUntil(c, stream, "0\r\n\r\n");
      static_cast<void>(stream.Write(c, kNothing));
      ReadUntil(c, stream);
    });
    HttpClient client;
    ASSERT_TRUE(client.Get(ctx, server.Url()).Ok());
    PiecesBody body({"hello"});
    ClientRequest request("POST", server.Url());
    request.Header().Set("Idempotency-Key", "1");
    request.SetBody(body);
    const Result<ClientResponse> response = client.Do(ctx, request);
    ASSERT_TRUE(response.Ok()) << response.Err().Message();
    EXPECT_TRUE(second.ends_with("5\r\nhello\r\n0\r\n\r\n")) << second;
  });
}

TEST(PoisonedConnection, AnEarlyResponseToASecondAttemptCostsTheConnection) {
  Virtually([](const Context& ctx) {
    class EndsFirst final : public BodyReader {
     public:
      Result<std::size_t> Read(const Context& c, std::span<char> buffer) override {
        if (pieces_++ == 0) {
          buffer[0] = 'x';
          return std::size_t{1};
        }
        if (!again_) return std::size_t{0};
        if (Error err = Sleep(c, 1h)) return err;
        return std::size_t{0};
      }
      bool Rewind() override {
        pieces_ = 0;
        return again_ = true;
      }

     private:
      int pieces_ = 0;
      bool again_ = false;
    } body;
    RawServer server(ctx, [&](const Context& c, Stream& stream, int connection) {
      while (!ReadUntil(c, stream).empty()) {
        if (stream.Write(c, kNothing)) return;
        if (connection == 0 && !ReadUntil(c, stream, "0\r\n\r\n").empty()) return;
      }
    });
    HttpClient client;
    ASSERT_TRUE(client.Get(ctx, server.Url()).Ok());
    ClientRequest request("POST", server.Url());
    request.Header().Set("Idempotency-Key", "1");
    request.SetBody(body);
    {
      const Result<ClientResponse> response = client.Do(ctx, request);
      ASSERT_TRUE(response.Ok()) << response.Err().Message();
    }
    EXPECT_EQ(client.Stats().idle, 0u);
    EXPECT_EQ(client.Stats().in_use, 0u);
  });
}

// A Write that was given up has left a part of its bytes: nothing can end that body in good order.
TEST(PoisonedConnection, AfterAWriteThatWasGivenUpNothingIsSent) {
  for (const bool chunked : {false, true}) {
    Virtually([&](const Context& ctx) {
      RawServer server(ctx, [&](const Context& c, Stream& stream, int) {
        ReadUntil(c, stream);
        if (Sleep(c, 1s)) return;
        static_cast<void>(stream.Write(c, kNothing));
        ReadUntil(c, stream, "never");
      });
      HttpClient client;
      const std::string big(4'000'000, 'b');
      {
        Result<ClientExchange> exchange =
            client.Open(ctx, ClientRequest("POST", server.Url()), chunked ? std::nullopt : std::optional<std::uint64_t>(big.size()));
        ASSERT_TRUE(exchange.Ok()) << exchange.Err().Message();
        const CancelScope soon = WithTimeout(ctx, 500ms);
        EXPECT_TRUE(exchange->Write(soon.ctx, big).Is(kDeadlineExceeded));
        EXPECT_TRUE(exchange->Write(ctx, "more"));
        EXPECT_TRUE(exchange->CloseWrite(ctx));
        const Result<ClientResponse> response = exchange->Head(ctx);
        ASSERT_TRUE(response.Ok()) << response.Err().Message();
        EXPECT_EQ(response->Status(), 204);
        EXPECT_EQ(client.Stats().idle, 0u);
      }
      EXPECT_EQ(client.Stats().idle, 0u);
      EXPECT_EQ(client.Stats().in_use, 0u);
    });
  }
}

// The connection cannot change its protocol while somebody still has a part of the request to send.
TEST(PoisonedConnection, NoStreamBeforeTheRequestIsWhole) {
  Virtually([](const Context& ctx) {
    RawServer server(ctx, [&](const Context& c, Stream& stream, int) {
      ReadUntil(c, stream);
      static_cast<void>(stream.Write(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"));
      ReadUntil(c, stream, "never");
    });
    HttpClient client;
    ClientRequest request("GET", server.Url());
    request.Header().Set("Upgrade", "x");
    Result<ClientExchange> exchange = client.Open(ctx, std::move(request));
    ASSERT_TRUE(exchange.Ok()) << exchange.Err().Message();
    Result<ClientResponse> response = exchange->Head(ctx);
    ASSERT_TRUE(response.Ok()) << response.Err().Message();
    EXPECT_TRUE(response->TakeStream().Err());
    EXPECT_FALSE(exchange->Write(ctx, "a body"));
    EXPECT_FALSE(exchange->CloseWrite(ctx));
    EXPECT_TRUE(response->TakeStream().Ok());
    EXPECT_TRUE(exchange->Write(ctx, "more"));
    EXPECT_FALSE(exchange->CloseWrite(ctx));
  });
}

// What Open was given need not live on.
TEST(PoisonedConnection, AnExchangeHasARequestOfItsOwn) {
  Virtually([](const Context& ctx) {
    std::string seen;
    RawServer server(ctx, [&](const Context& c, Stream& stream, int) {
      seen = ReadUntil(c, stream, "Last: 2\r\n\r\n");
      static_cast<void>(stream.Write(c, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + kNothing));
      ReadUntil(c, stream);
    });
    HttpClient client;
    int hints = 0;
    Result<ClientExchange> exchange = [&] {
      ClientRequest request("POST", server.Url());
      request.Trailer().Set("First", "1");
      request.OnInterim([&hints, large = std::string(100, 'x')](int, const Fields&) { ++hints; });
      return client.Open(ctx, std::move(request));
    }();
    ASSERT_TRUE(exchange.Ok()) << exchange.Err().Message();
    exchange->Trailer().Set("Last", "2");
    EXPECT_FALSE(exchange->CloseWrite(ctx));
    EXPECT_TRUE(exchange->Head(ctx).Ok());
    EXPECT_EQ(hints, 1);
    EXPECT_TRUE(seen.ends_with("\r\n\r\n0\r\nFirst: 1\r\nLast: 2\r\n\r\n")) << seen;
  });
}

// It throws in the fiber that listens while another one sends.
TEST(PoisonedConnection, AnExceptionOfOnInterimIsNoResponse) {
  Virtually([](const Context& ctx) {
    RawServer server(ctx, [&](const Context& c, Stream& stream, int connection) {
      ReadUntil(c, stream);
      if (connection == 0) static_cast<void>(stream.Write(c, "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"));
      // The limit of the first request must not reach the second one, which takes the same memory.
      if (connection == 1) static_cast<void>(Sleep(c, 10s));
      if (connection == 1) static_cast<void>(stream.Write(c, kNothing));
      ReadUntil(c, stream, "never");
    });
    HttpClient client({.response_timeout = 20s});
    PiecesBody body({"hello"});
    ClientRequest request("POST", server.Url());
    request.SetBody(body);
    request.OnInterim([](int, const Fields&) { throw std::runtime_error("the hint"); });
    std::string said;
    try {
      const Result<ClientResponse> response = client.Do(ctx, request);
      ASSERT_FALSE(response.Ok()) << response->Status();
      said = response.Err().Message();
    } catch (const std::exception& e) {
      said = e.what();
    }
    EXPECT_NE(said.find("the hint"), std::string::npos) << said;
    EXPECT_EQ(client.Stats().idle, 0u);
    EXPECT_EQ(client.Stats().in_use, 0u);
    EXPECT_TRUE(client.Get(ctx, server.Url()).Ok());
  });
}

// The event of what the server does while nobody uses the connection has not reached the loop yet.
TEST(PoisonedConnection, IsCheckedBeforeItIsUsed) {
  Virtually([](const Context& ctx) {
    Stream* of_first = nullptr;
    RawServer server(ctx, [&](const Context& c, Stream& stream, int connection) {
      if (connection == 0) of_first = &stream;
      while (!ReadUntil(c, stream).empty()) {
        if (stream.Write(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright")) return;
      }
    });
    for (const bool poison : {true, false}) {
      HttpClient client;
      EXPECT_EQ(*GetAll(ctx, client, server.Url()), "right");
      ASSERT_EQ(client.Stats().idle, 1u);
      if (poison) {
        EXPECT_FALSE(of_first->Write(ctx, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"));
        EXPECT_EQ(*GetAll(ctx, client, server.Url()), "right");
      }
      EXPECT_EQ(client.Stats().opened, poison ? 2u : 1u);
    }
  });
}

TEST(PoisonedConnection, AJustEndedConnectionIsNotUsedForAPost) {
  Virtually([](const Context& ctx) {
    Stream* of_first = nullptr;
    RawServer server(ctx, [&](const Context& c, Stream& stream, int connection) {
      if (connection == 0) of_first = &stream;
      while (!ReadUntil(c, stream).empty()) {
        if (stream.Write(c, kNothing)) return;
      }
    });
    HttpClient client;
    EXPECT_TRUE(client.Get(ctx, server.Url()).Ok());
    EXPECT_FALSE(of_first->CloseWrite());
    const Result<ClientResponse> response = client.Post(ctx, server.Url(), "text/plain", "pay");
    EXPECT_TRUE(response.Ok()) << response.Err().Message();
  });
}

// A dialled Stream does not tell what waits in it.
TEST(PoisonedConnection, OverADialledStream) {
  const std::string body(16 * 1024, 'a');
  const std::string poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";
  for (const bool later : {false, true}) {
    for (const std::string& first :
         {"HTTP/1.1 200 OK\r\nContent-Length: 16384\r\n\r\n" + body, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4000\r\n" + body + "\r\n0\r\n\r\n"}) {
      Virtually([&](const Context& ctx) {
        RawServer server(ctx, [&](const Context& c, Stream& stream, int connection) {
          ReadUntil(c, stream);
          static_cast<void>(stream.Write(c, first + (later ? "" : poison)));
          if (later && connection == 0) {
            if (Sleep(c, 1s)) return;
            static_cast<void>(stream.Write(c, poison));
          }
          ReadUntil(c, stream, "never");
        });
        HttpClient client({.dial = [&](const Context&, const DialTarget&) -> Result<Stream> { return server.Connect(); }});
        EXPECT_EQ(*GetAll(ctx, client, "http://users.internal/"), body);
        if (later) {
          EXPECT_FALSE(Sleep(ctx, 2s));
        }
        EXPECT_EQ(*GetAll(ctx, client, "http://users.internal/"), body);
        EXPECT_EQ(client.Stats().opened, 2u);
      });
    }
  }
}

}  // namespace
}  // namespace weft
