// SPDX-License-Identifier: Apache-2.0
//
// WebSockets and streams of events whose clients stop to read: they cost a bounded piece of memory, are ended, and the handler is told why.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "kit.h"

namespace weft {
namespace {

constexpr int kStallMs = 600;

std::string Handshake(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
}

// A masked binary message; the key is zero, so the payload is as it is.
std::string Message(std::size_t bytes) {
  std::string frame = "\x82\xfe";
  frame.push_back(static_cast<char>(bytes >> 8));
  frame.push_back(static_cast<char>(bytes & 0xff));
  frame.append(4, '\0');
  frame.append(bytes, 'x');
  return frame;
}

struct Crowd {
  Crowd(const Context& ctx, const Target& target, int count, const std::string& request) : attacked(target) {
    stalled = target.Stat("live_stalled");
    lagged = target.Stat("live_lagged");
    before = target.Measure().memory_bytes;
    for (int i = 0; i < count; ++i) {
      clients.push_back(Dial(ctx, target));
      EXPECT_FALSE(clients.back().Send(ctx, request));
    }
    EXPECT_TRUE(target.Eventually([&] { return target.Stat("live_here") == count; }));
  }
  // Of the server, for each of them.
  std::int64_t BytesEach() const { return (attacked.Measure().memory_bytes - before) / static_cast<std::int64_t>(clients.size()); }
  long Stalled() const { return attacked.Stat("live_stalled") - stalled; }
  long Lagged() const { return attacked.Stat("live_lagged") - lagged; }

  const Target& attacked;
  std::vector<TestClient> clients;
  long stalled = 0;
  long lagged = 0;
  std::int64_t before = 0;
};

// Beast's streams share an executor, which nobody runs: three descriptors.
constexpr int kOfExecutors = 3;

Attack WithStall(int rounds) {
  return {.arguments = {"write_stall_timeout=" + std::to_string(Ms(kStallMs))}, .rounds = rounds, .growth_max = 16 << 20,
          .descriptors_once = kOfExecutors};
}

void ExpectBounded(const char* what, std::int64_t each, std::int64_t most) {
  std::printf("  %s: %ld bytes of the server for each\n", what, static_cast<long>(each));
  if (!kSanitized) {
    // What TLS may take for a connection is what the server reserves for it (docs/tls.md).
    EXPECT_LE(each, most + (OverTls() ? 48 * 1024 : 0)) << what;
  }
}

// A thousand: each sends until the server takes no more, and reads nothing of what comes back.
TEST(Live, WebSocketsThatStopReadingAreEnded) {
  const int count = Many(1000);
  Withstand(WithStall(1), [count](const Context& ctx, const Target& target) {
    Crowd crowd(ctx, target, count, Handshake("/socket"));
    AtOnce(ctx, count, [&](const Context& c, int i) {
      SendUntilRefused(c, crowd.clients[static_cast<std::size_t>(i)], [] { return Message(16'000); }, 2 << 20);
    });
    ExpectBounded("WebSocket", crowd.BytesEach(), 64 * 1024);
    EXPECT_TRUE(target.Eventually([&] { return target.Stat("live_here") == 0; }));
    EXPECT_EQ(crowd.Stalled(), count);
  });
}

// Who is slow holds nobody up who speaks, and is out as soon as its queue is full.
TEST(Live, SubscribersThatStopReadingAreEnded) {
  const int count = Many(200);
  for (const char* path : {"/room", "/outbox"}) {
    Withstand(WithStall(2), [&](const Context& ctx, const Target& target) {
      Crowd crowd(ctx, target, count, Handshake(path));
      TestClient speaker = Dial(ctx, target);
      std::int64_t most = 0;
      EXPECT_TRUE(target.Eventually([&] {
        if (speaker.Send(ctx, "POST /shout HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")) return false;
        EXPECT_EQ(speaker.ReadResponse(ctx)->status, 200);
        most = std::max(most, crowd.BytesEach());
        return target.Stat("live_here") == 0;
      }));
      ExpectBounded(path, most, 256 * 1024);
      EXPECT_EQ(crowd.Stalled() + crowd.Lagged(), count) << path;
    });
  }
}

TEST(Live, StreamsOfEventsThatNobodyReadsAreEnded) {
  const int count = Many(200);
  Withstand(WithStall(2), [&](const Context& ctx, const Target& target) {
    Crowd crowd(ctx, target, count, "GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
    TestClient speaker = Dial(ctx, target);
    std::int64_t most = 0;
    EXPECT_TRUE(target.Eventually([&] {
      if (speaker.Send(ctx, "POST /shout HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")) return false;
      EXPECT_EQ(speaker.ReadResponse(ctx)->status, 200);
      most = std::max(most, crowd.BytesEach());
      return target.Stat("live_here") == 0;
    }));
    ExpectBounded("stream of events", most, 192 * 1024);
    EXPECT_EQ(crowd.Stalled() + crowd.Lagged(), count);
  });
}

// Frames that are no frames, messages in a million pieces, pings without end: each costs its own connection at most.
TEST(Live, FramesThatBreakTheRulesCostTheirConnection) {
  const std::vector<std::string> openings = {
      std::string("\x82\x05hello", 7),                         // not masked
      std::string("\xc2\x80\0\0\0\0", 6),                      // a reserved bit
      std::string("\x83\x80\0\0\0\0", 6),                      // no such kind
      std::string("\x89\xfe\x01\x00\0\0\0\0", 8),              // a ping of 256 bytes
      std::string("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14),  // a message of eight exabytes
      std::string("\x80\x80\0\0\0\0", 6),                      // a continuation of nothing
      std::string("\x81\x82\0\0\0\0\xc3\x28", 8),              // no UTF-8
      std::string("\x88\x82\0\0\0\0\x03\xec", 8),              // 1004, which nobody may send
  };
  Withstand({.rounds = 3, .descriptors_once = kOfExecutors}, [&](const Context& ctx, const Target& target) {
    AtOnce(ctx, static_cast<int>(openings.size()) * Many(20), [&](const Context& c, int i) {
      TestClient client = Dial(c, target);
      EXPECT_FALSE(client.Send(c, Handshake("/socket")));
      EXPECT_FALSE(client.Send(c, openings[static_cast<std::size_t>(i) % openings.size()]));
      const std::string all = ReadUntilEnd(c, client);
      EXPECT_EQ(all.find("HTTP/1.1 101"), 0u) << all;
      const std::size_t head = all.find("\r\n\r\n");
      ASSERT_NE(head, std::string::npos);
      EXPECT_EQ(all.substr(head + 4, 1), "\x88") << "a close frame says why; case " << i % static_cast<int>(openings.size());
    });
    EXPECT_TRUE(target.Eventually([&] { return target.Stat("live_here") == 0; }));
  });
}

TEST(Live, PingsAndPiecesWithoutEndAreHeldToTheLimits) {
  Withstand(WithStall(2), [](const Context& ctx, const Target& target) {
    AtOnce(ctx, Many(40), [&](const Context& c, int i) {
      TestClient client = Dial(c, target);
      EXPECT_FALSE(client.Send(c, Handshake("/socket")));
      // The server answers pings, which nobody reads: it stops to read. A message in pieces of nothing stays below the limit of its bytes.
      std::string frames = i % 2 == 0 ? std::string() : std::string("\x02\x80\0\0\0\0", 6);
      for (int n = 0; n < 1000; ++n) frames.append(i % 2 == 0 ? "\x89\x84\0\0\0\0ping" : "\0\x80\0\0\0\0", i % 2 == 0 ? 10 : 6);
      bool first = true;
      SendUntilRefused(c, client, [&] { return std::exchange(first, false) || i % 2 == 0 ? frames : frames.substr(6); }, 4 << 20);
    });
    EXPECT_TRUE(target.Eventually([&] { return target.Stat("live_here") == 0; }));
  });
}

}  // namespace
}  // namespace weft
