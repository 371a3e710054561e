// SPDX-License-Identifier: Apache-2.0
//
// One client over HTTP/2 on several loops, with servers that end their connections at any moment: by GOAWAY, FIN or reset, before or after
// a response. No request is lost without an Error, and none that may not be is sent twice.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <string>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>

#include "http_kit.h"
#include "raw_http2_server.h"
#include "seeds.h"

namespace weft {
namespace {

std::string GoAwayOf(std::uint32_t last) {
  std::string payload;
  for (const std::uint32_t number : {last, 0u}) {
    for (int shift = 24; shift >= 0; shift -= 8) payload += static_cast<char>(number >> shift & 0xFF);
  }
  return h2::Frame(h2::frame_type::kGoAway, 0, 0, payload);
}

// Serves some requests, and ends. What it counts in `acted` it has acted on.
void ServeSome(Http2Peer& peer, TcpConnection& connection, std::mt19937& dice, std::map<std::string, int>& acted) {
  if (!peer.Begin()) return;
  for (int left = static_cast<int>(dice() % 12);; --left) {
    const std::uint32_t stream = peer.Request();
    if (stream == 0) return;
    const std::string path(peer.Field(":path"));
    const unsigned how = dice() % 6;
    const std::uint32_t before = stream > 1 ? stream - 2 : 0;
    if (left > 0) {
      if (how == 0) {
        peer.Send(h2::NumberFrame(h2::frame_type::kReset, stream, 7));  // refused: nothing was done
        continue;
      }
      ++acted[path];
      peer.Send(ResponseOf(stream, "200") + h2::Data(stream, path, true));
      continue;
    }
    switch (how) {
      case 0: peer.Send(GoAwayOf(before)); return peer.Rest();
      case 1: peer.Send(GoAwayOf(before)); return;
      case 2: ++acted[path]; return connection.Reset();
      case 3: ++acted[path]; return;
      case 4:
        ++acted[path];
        peer.Send(ResponseOf(stream, "200") + h2::Data(stream, path, true) + GoAwayOf(stream));
        return peer.Rest();
      default:
        ++acted[path];
        return peer.Send(ResponseOf(stream, "200") + h2::Data(stream, path, true));
    }
  }
}

void RunSeed(unsigned seed) {
  SCOPED_TRACE(seed);
  std::map<std::string, int> acted;
  std::atomic<int> whole{0};
  std::atomic<int> not_processed{0};
  const Error err = weft::Run(Background(), {.loops = 3}, [&](const Context& ctx) -> Error {
    std::mt19937 dice(seed);
    RawHttp2Server server(ctx, [&](Http2Peer& peer, TcpConnection& connection, int) { ServeSome(peer, connection, dice, acted); });
    HttpClient client(server.Options());
    Group group(ctx, {.spread = true});
    for (int i = 0; i < 12; ++i) {
      group.Go("requests", [&, i](const Context& c) {
        for (int n = 0; n < 20; ++n) {
          const std::string path = "/" + std::to_string(i) + "-" + std::to_string(n);
          Result<ClientResponse> response = client.Post(c, server.Url(path), "text/plain", "text");
          const Result<std::string> body = response.Ok() ? response->ReadAll(c) : Result<std::string>(response.Err());
          if (body.Ok()) {
            ++whole;
            EXPECT_EQ(*body, path);
            continue;
          }
          const ClientFailure* failure = body.Err().As<ClientFailure>();
          ASSERT_NE(failure, nullptr) << body.Err().Message();
          if (!failure->processed) ++not_processed;
        }
      });
    }
    static_cast<void>(group.Wait());
    EXPECT_EQ(client.Stats().in_use, 0u);
    return {};
  });
  EXPECT_FALSE(err) << err.Message();
  for (const auto& [path, times] : acted) EXPECT_EQ(times, 1) << path;
  EXPECT_GT(whole, 0);
}

TEST(Http2ClientLoops, ServersThatEndAtAnyMoment) { PlaySeeds(10, RunSeed); }

}  // namespace
}  // namespace weft
