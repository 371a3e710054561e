// SPDX-License-Identifier: Apache-2.0
//
// How long a client waits for what, and who waits for it meanwhile.
#include <weft/clients/http/http_client.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <vector>

#include <weft/concurrency/group.h>
#include <weft/concurrency/testing.h>

#include "../kit/run.h"
#include "http_kit.h"
#include "raw_server.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

// Whoever asks for the body may say more before the final response.
TEST(SlowServer, ExpectSeesWhatFollowsTheServersWord) {
  for (const Duration wait : {Duration(1s), Duration(60s), Duration(kUnlimited)}) {
    Virtually([&](const Context& ctx) {
      RawServer server(ctx, [&](const Context& c, Stream& stream, int) {
        ReadUntil(c, stream);
        if (wait > 1s && Sleep(c, 50s)) return;
        static_cast<void>(stream.Write(c, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"));
        ReadUntil(c, stream, "hello");
        static_cast<void>(stream.Write(c, "HTTP/1.1 204 No Content\r\n\r\n"));
      });
      HttpClient client;
      ClientRequest request("POST", server.Url());
      request.SetBody("hello");
      request.ExpectContinue(wait);
      const TimePoint before = Now();
      const Result<ClientResponse> response = client.Do(ctx, request);
      ASSERT_TRUE(response.Ok()) << response.Err().Message();
      EXPECT_EQ(Now() - before, wait > 1s ? 50s : 0s);
    });
  }
}

// How long a response may take is what response_timeout says; a body that moves is no stall.
TEST(SlowServer, TheWaitForTheHeadIsNoStall) {
  Virtually([](const Context& ctx) {
    class Slow final : public BodyReader {
     public:
      Result<std::size_t> Read(const Context& c, std::span<char> buffer) override {
        if (pieces_++ == 100) return std::size_t{0};
        if (Error err = Sleep(c, 1s)) return err;
        std::fill(buffer.begin(), buffer.end(), 'x');
        return buffer.size();
      }

     private:
      int pieces_ = 0;
    } body;
    RawServer server(ctx, [&](const Context& c, Stream& stream, int) {
      if (ReadUntil(c, stream).starts_with("PUT")) ReadUntil(c, stream, "0\r\n\r\n");
      if (Sleep(c, 60s)) return;
      static_cast<void>(stream.Write(c, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"));
      ReadUntil(c, stream, "never");
    });
    HttpClient client({.response_timeout = 300s});
    ClientRequest request("PUT", server.Url());
    request.SetBody(body);
    const Result<ClientResponse> uploaded = client.Do(ctx, request);
    EXPECT_TRUE(uploaded.Ok()) << uploaded.Err().Message();
    const Result<ClientResponse> late = client.Get(ctx, server.Url());
    EXPECT_TRUE(late.Ok()) << late.Err().Message();
  });
}

// A heartbeat is three bytes.
TEST(SlowServer, AStreamOfEventsLivesByEachByte) {
  Virtually([](const Context& ctx) {
    RawServer server(ctx, [&](const Context& c, Stream& stream, int) {
      ReadUntil(c, stream);
      if (stream.Write(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")) return;
      for (int i = 0; i < 20; ++i) {
        if (Sleep(c, 20s) || stream.Write(c, ":\n\n")) return;
      }
      if (!Sleep(c, 31s)) ReadUntil(c, stream, "never");
    });
    HttpClient client;
    Result<ClientResponse> response = client.Get(ctx, server.Url());
    ASSERT_TRUE(response.Ok()) << response.Err().Message();
    std::array<char, 100> piece;
    std::size_t got = 0;
    for (;;) {
      const Result<std::size_t> n = response->Read(ctx, piece);
      if (n.Ok() && *n > 0) got += *n;
      if (n.Ok()) continue;
      ExpectFailure(n.Err(), ClientFailure::kStalled, true);
      break;
    }
    EXPECT_EQ(got, 60u);
  });
}

TEST(SlowServer, ReadingAnArrivedDownloadLetsOthersRun) {
  Virtually([](const Context& ctx) {
    RawServer server(ctx, Responds("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'x')));
    HttpClient client;
    Result<ClientResponse> response = client.Get(ctx, server.Url());
    ASSERT_TRUE(response.Ok()) << response.Err().Message();
    int turns = 0;
    Group other(ctx);
    other.Go("other", [&](const Context& c) {
      for (; !c.Err(); ++turns) Yield();
    });
    std::vector<char> piece(2500);
    int reads = 0;
    while (response->ContentLength() != 0u) {
      ASSERT_TRUE(response->Read(ctx, piece).Ok());
      ++reads;
    }
    EXPECT_GE(turns, reads / 8);
    other.Cancel();
    static_cast<void>(other.Wait());
  });
}

TEST(SlowServer, DoesNotTrustAnAnnouncedLength) {
  Virtually([](const Context& ctx) {
    RawServer server(ctx, [](const Context& c, Stream& stream, int) {
      ReadUntil(c, stream);
      static_cast<void>(stream.Write(c, "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\nx"));
    });
    HttpClient client;
    Result<ClientResponse> response = client.Get(ctx, server.Url());
    ASSERT_TRUE(response.Ok()) << response.Err().Message();
    ExpectFailure(response->ReadAll(ctx, std::numeric_limits<std::uint64_t>::max()).Err(), ClientFailure::kEnded, true);
  });
}

}  // namespace
}  // namespace weft
