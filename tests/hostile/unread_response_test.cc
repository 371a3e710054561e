// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include <weft/concurrency/run.h>

#include "kit.h"

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<TestClient> Connect(const Context& ctx, const Target& target, int count, const std::string& request) {
  std::vector<TestClient> clients;
  for (int i = 0; i < count; ++i) {
    clients.push_back(Dial(ctx, target));
    EXPECT_FALSE(clients.back().Send(ctx, request));
  }
  return clients;
}

TEST(UnreadResponse, IsGivenUpIfTheClientNeverReads) {
  const int count = Many(200);
  Withstand({.arguments = {"write_stall_timeout=" + std::to_string(Ms(600))}, .rounds = 2}, [&](const Context& ctx, const Target& target) {
    const long stalls = target.Stat("write_stalls");
    const std::int64_t before = target.Measure().memory_bytes;
    std::vector<TestClient> clients = Connect(ctx, target, count, Get("/endless"));
    EXPECT_TRUE(target.Eventually([&] { return target.Stat("running") == count; }));
    std::int64_t held = -1;  // by the kernel, at the most: until it grows no more
    EXPECT_TRUE(target.Eventually([&] { 
      const std::int64_t most = std::max(held, target.Untaken());
      return std::exchange(held, most) == most;
    }));
    const std::int64_t each = (target.Measure().memory_bytes - before) / count;
    std::printf("  %ld bytes of the server and %ld of its kernel for each\n", static_cast<long>(each), static_cast<long>(held / count));
    if (!kSanitized) {
      EXPECT_LE(each, 64 * 1024);
    }

    EXPECT_LE(held / count, 2 << 20);
    for (TestClient& client : clients) EXPECT_TRUE(BrokenWithoutReading(ctx, client));
    EXPECT_EQ(target.Stat("write_stalls") - stalls, count);
  });
}

TEST(UnreadResponse, IsGivenUpIfReadByteByByte) {
  Withstand({.arguments = {"write_stall_timeout=" + std::to_string(Ms(400))}}, [](const Context& ctx, const Target& target) {
    AtOnce(ctx, Many(100), [&](const Context& c, int) {
      TestClient client = Dial(c, target);
      EXPECT_FALSE(client.Send(c, Get("/endless")));
      const TimePoint begin = Now();
      // What is here may be read on after the server has broken the connection; that it has is reported separately.
      int failure = 0;
      for (socklen_t size = sizeof(failure); failure == 0 && Now() - begin < seconds(20);) {
        char byte;
        static_cast<void>(recv(client.Descriptor(), &byte, 1, MSG_DONTWAIT));
        getsockopt(client.Descriptor(), SOL_SOCKET, SO_ERROR, &failure, &size);
        if (Sleep(c, milliseconds(20))) return;
      }
      EXPECT_EQ(failure, ECONNRESET);
      EXPECT_LE(Now() - begin, MsTime(400) + seconds(5));
    });
  });
}

// The kernel holds much for a slow client, and tells nothing while it shrinks: that is no stall.
TEST(UnreadResponse, IsNotGivenUpIfReadSlowlyButSteadily) {
  constexpr std::size_t kBytes = 4'000'000;
  // Long enough that a client which the system keeps off its core does not look like one that has stopped.
  constexpr int kStallMs = 1500;
  const auto stall = MsTime(kStallMs);
  Withstand({.arguments = {"write_stall_timeout=" + std::to_string(Ms(kStallMs))}, .rounds = 1},
            [&](const Context& ctx, const Target& target) {
    const long stalls = target.Stat("write_stalls");
    AtOnce(ctx, Many(20), [&](const Context& c, int) {
      const int fd = ConnectBare(target, {.receive_buffer = 16 * 1024, .segment = 1400});
      const std::string request = Get("/big?n=" + std::to_string(kBytes));
      EXPECT_GT(send(fd, request.data(), request.size(), MSG_NOSIGNAL), 0);
      std::size_t read = 0;
      std::vector<char> piece(2048);
      const TimePoint slow_end = Now() + stall * 2;
      while (read < kBytes) {
        const ssize_t got = recv(fd, piece.data(), piece.size(), MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN)) break;
        if (got > 0) read += static_cast<std::size_t>(got);
        if (Now() < slow_end) {
          if (Sleep(c, milliseconds(20))) break;
        } else {
          piece.resize(64 * 1024);
          Yield();
        }
      }
      EXPECT_GE(read, kBytes);
      CloseBare(fd, /*by_reset=*/false);
    });
    EXPECT_EQ(target.Stat("write_stalls"), stalls);
  });
}

TEST(UnreadResponse, StopsReadingAnEndlessPipeline) {
  const int count = Many(50);
  Withstand({.arguments = {"write_stall_timeout=" + std::to_string(Ms(600))}, .rounds = 2}, [&](const Context& ctx, const Target& target) {
    const std::int64_t before = target.Measure().memory_bytes;
    std::atomic<std::int64_t> most{0};
    std::string many;
    for (int i = 0; i < 100; ++i) many += Get("/big?n=1000");
    AtOnce(ctx, count, [&](const Context& c, int i) {
      TestClient client = Dial(c, target);
      const std::uint64_t sent = SendUntilRefused(c, client, [&] { return many; }, std::uint64_t{1} << 30);
      EXPECT_LT(sent, std::uint64_t{32} << 20);
      if (i == 0) most = target.Measure().memory_bytes;
    });
    if (!kSanitized) {
      EXPECT_LE((most - before) / count, 300 * 1024);
    }
  });
}

TEST(UnreadResponse, DoesNotDisturbAParkedHandler) {
  const int count = Many(50);
  constexpr std::size_t kBytes = 200'000;  // more than the client's kernel takes, less than the server's
  Withstand({}, [&](const Context& ctx, const Target& target) {
    const long entered = target.Stat("entered");
    std::vector<TestClient> clients = Connect(ctx, target, count, Get("/big?n=" + std::to_string(kBytes)) + Get("/park"));
    EXPECT_TRUE(target.Eventually([&] { return target.Stat("entered") - entered == 2 * count && target.Stat("running") == count; }));

    TestClient other = Dial(ctx, target);
    EXPECT_EQ(other.Post(ctx, "/release", "")->status, 200);

    for (TestClient& client : clients) {
      EXPECT_EQ(client.ReadResponse(ctx)->body.size(), kBytes);
      EXPECT_EQ(client.ReadResponse(ctx)->body, "released");
    }
  });
}

TEST(UnreadResponse, KeepsTheNextHandlerFromStartingIfItIsLarge) {
  const int count = Many(50);
  Withstand({}, [&](const Context& ctx, const Target& target) {
    const long entered = target.Stat("entered");
    std::vector<TestClient> clients = Connect(ctx, target, count, Get("/big?n=20000000") + Get("/park"));
    EXPECT_TRUE(target.Eventually([&] { return target.Stat("running") == count; }));
    for (TestClient& client : clients) client.Reset();
    EXPECT_TRUE(target.Eventually([&] { return target.Stat("running") == 0; }));
    EXPECT_EQ(target.Stat("entered") - entered, count);
  });
}

}  // namespace
}  // namespace weft
