// SPDX-License-Identifier: Apache-2.0
//
// What the client's own limits mean to a proxy.
#include <weft/clients/http/http_client.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <weft/concurrency/group.h>
#include <weft/concurrency/testing.h>
#include <weft/handlers/proxy/reverse_proxy.h>
#include <weft/server/testing.h>

#include "../kit/run.h"
#include "http_kit.h"
#include "raw_server.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

// Streams of events are none of the requests that the client sends at once.
TEST(ReverseProxy, StreamsOfEventsLeaveRoomForRequests) {
  Virtually([](const Context& ctx) {
    RawServer upstream(ctx, [&](const Context& c, Stream& stream, int) {
      if (ReadUntil(c, stream).find("/events") == std::string::npos) {
        static_cast<void>(stream.Write(c, "HTTP/1.1 204 No Content\r\n\r\n"));
        return;
      }
      if (stream.Write(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")) return;
      while (!Sleep(c, 20s) && !stream.Write(c, ":\n\n")) {
      }
    });
    HttpClient client({.requests_per_origin_max = 4});
    UpstreamPool pool(client, {.addresses = {upstream.Url("")}});
    TestServer front(ctx, ReverseProxy(pool));
    std::vector<Stream> open;
    for (int i = 0; i < 6; ++i) {
      open.push_back(ConnectUnix(std::string_view(front.Bound()).substr(6)));
      EXPECT_FALSE(open.back().Write(ctx, "GET /events HTTP/1.1\r\nHost: x\r\n\r\n"));
      EXPECT_TRUE(ReadUntil(ctx, open.back()).starts_with("HTTP/1.1 200"));
    }
    const TimePoint before = Now();
    EXPECT_EQ(front.Client().Get(ctx, front.Url("/"))->Status(), 204);
    EXPECT_EQ(Now(), before);
    // They live on by their heartbeats alone.
    EXPECT_FALSE(Sleep(ctx, 90s));
    EXPECT_EQ(client.Stats().in_use, 6u);
  });
}

// What waits for the client's own limit was never sent: the upstream is not to blame, and its check does not wait.
TEST(ReverseProxy, TheClientsLimitIsNotTheUpstreamsFault) {
  Virtually([](const Context& ctx) {
    RawServer upstream(ctx, [&](const Context& c, Stream& stream, int) {
      for (std::string head = ReadUntil(c, stream); !head.empty(); head = ReadUntil(c, stream)) {
        if (head.find("/healthz") == std::string::npos && Sleep(c, 1h)) return;
        if (stream.Write(c, "HTTP/1.1 204 No Content\r\n\r\n")) return;
      }
    });
    HttpClient client({.requests_per_origin_max = 2, .response_timeout = kUnlimited});
    UpstreamPool pool(client, {.addresses = {upstream.Url("")}});
    TestServer front(ctx, ReverseProxy(pool, {.response_timeout = 5s}));
    Group group(ctx);
    group.Go("check", [&](const Context& c) { return pool.Check(c, {.every = 1s}); });
    for (int i = 0; i < 2; ++i) {
      group.Go("slow", [&](const Context& c) { static_cast<void>(client.Get(c, upstream.Url("/slow"))); });
    }
    EXPECT_FALSE(Sleep(ctx, 10s));
    EXPECT_FALSE(pool.Stats()[0].out);
    EXPECT_EQ(front.Client().Get(ctx, front.Url("/"))->Status(), 504);
    EXPECT_EQ(pool.Stats()[0].failed, 0u);
    group.Cancel();
    static_cast<void>(group.Wait());
  });
}

}  // namespace
}  // namespace weft
