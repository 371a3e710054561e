// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdio>

#include "kit.h"

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// How many connections this process may have open, up to `wanted`. The server inherits the limit and keeps some for itself.
int Descriptors(int wanted) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<int>(std::min<rlim_t>(static_cast<rlim_t>(wanted), limit.rlim_cur / 4 * 3));
}

TEST(Crowd, SilentConnectionsCostLittle) {
  const int count = Descriptors(kSanitized ? 2'000 : 10'000);
  Withstand({.arguments = {"header_timeout=60000"}, .rounds = 2}, [&](const Context&, const Target& target) {
    const Usage before = target.Measure();
    std::vector<int> crowd;
    for (int i = 0; i < count; ++i) crowd.push_back(ConnectBare(target, {.from = 1 + i % 8}));
    EXPECT_TRUE(target.Eventually([&] { return target.Measure().descriptors >= before.descriptors + count - 2; }));
    const std::int64_t each = (target.Measure().memory_bytes - before.memory_bytes) / count;
    std::printf("  %d silent connections, %ld bytes of the server each\n", count, static_cast<long>(each));
    if (!kSanitized) {
      EXPECT_LE(each, 1024);
    }
    for (std::size_t i = 0; i < crowd.size(); ++i) CloseBare(crowd[i], i % 2 == 0);
  });
}

TEST(Crowd, SilentConnectionsAreClosedAtTheirTime) {
  const int count = Descriptors(kSanitized ? 500 : 3'000);
  Withstand({.arguments = {"header_timeout=" + std::to_string(Ms(500))}}, [&](const Context& ctx, const Target& target) {
    AtOnce(ctx, count, [&](const Context& c, int) {
      TestClient client = Dial(c, target);
      EXPECT_EQ(ReadUntilEnd(c, client), "");
    });
  });
}

TEST(Crowd, ComingAndGoingLeavesNothing) {
  const int count = kSanitized ? 1'500 : 10'000;
  Withstand({.rounds = 2}, [&](const Context&, const Target& target) {
    for (int i = 0; i < count; ++i) {
      const int fd = ConnectBare(target, {.from = 1 + i % 8});
      if (i % 3 == 0) static_cast<void>(send(fd, "GET / HT", 8, MSG_NOSIGNAL));
      CloseBare(fd, i % 2 == 0);
    }
  });
}

// One of those who want all places for themselves, each in a way of its own, again and again until it is stopped.
void Occupy(const Context& ctx, const Target& target, int way) {
  while (!ctx.Err()) {
    Result<TestClient> client = TryDial(ctx, target.Bound());
    if (!client.Ok()) continue;
    switch (way % 5) {
      case 0: static_cast<void>(client->ReadSome(ctx)); break;
      case 1: static_cast<void>(Trickle(ctx, *client, "GET / HTTP/1.1\r\nX: ", 'a', milliseconds(20))); break;
      case 2:
        static_cast<void>(client->Get(ctx, "/"));
        static_cast<void>(client->ReadSome(ctx));
        break;
      case 3:
        if (client->Send(ctx, "POST /sink-long HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n")) break;
        static_cast<void>(Trickle(ctx, *client, "", 'x', milliseconds(20)));
        break;
      default:
        if (client->Send(ctx, "GET /endless HTTP/1.1\r\nHost: h\r\n\r\n")) break;
        static_cast<void>(BrokenWithoutReading(ctx, *client));
    }
  }
}

TEST(Crowd, TakingAllSlotsDoesNotKeepOthersOut) {
  const std::string stall = std::to_string(Ms(400));
  Withstand({.arguments = {"connections_max=64", "header_timeout=10000", "body_stall_timeout=" + stall,
                           "write_stall_timeout=" + stall, "idle_timeout=" + std::to_string(Ms(5000))},
             .rounds = 2,
             .forgiving = true,
             .p99_max_ms = 5000.0 * (kSanitized ? 1.5 : 1)},
            [](const Context& ctx, const Target& target) {
    Group crowd(ctx);
    for (int i = 0; i < 100; ++i) crowd.Go("occupier", [&, i](const Context& c) { Occupy(c, target, i); });
    for (int i = 0; i < 3; ++i) {
      TestClient guest = Dial(ctx, target);
      const Result<TestResponse> answer = guest.Get(ctx, "/");
      EXPECT_TRUE(answer.Ok()) << answer.Err().Message();
    }
    crowd.Cancel();
    static_cast<void>(crowd.Wait());
  });
}

}  // namespace
}  // namespace weft
