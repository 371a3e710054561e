// SPDX-License-Identifier: Apache-2.0
//
// What holds for a Stream of one's own, whatever is below it.
#include <weft/net/stream.h>

#include <chrono>
#include <optional>
#include <thread>

#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/testing.h>

#include "stream_kit.h"

namespace weft {
namespace {

using namespace weft::testing;
using namespace std::chrono_literals;

struct KindOfStream {
  const char* name;
  Ends (*make)(const Context&);
};

class StreamOf : public ::testing::TestWithParam<KindOfStream> {
 protected:
  static void Play(std::function<void(const Context&, Stream&, Stream&)> body) {
    InFiber([&](const Context& ctx) {
      auto [a, b] = GetParam().make(ctx);
      body(ctx, a, b);
    });
  }
};

INSTANTIATE_TEST_SUITE_P(Each, StreamOf, ::testing::Values(KindOfStream{"Memory", MemoryEnds}, KindOfStream{"Unix", UnixEnds}, KindOfStream{"Tcp", TcpEnds}),
                         [](const auto& kind) { return std::string(kind.param.name); });

// More than any of them holds.
constexpr std::size_t kMuch = 16 * 1024 * 1024;

bool IsGone(const Error& err) { return err.Is(std::errc::broken_pipe) || err.Is(std::errc::connection_reset); }

TEST_P(StreamOf, CarriesBytesBothWays) {
  Play([](const Context& ctx, Stream& a, Stream& b) {
    EXPECT_FALSE(a.Write(ctx, "ping"));
    EXPECT_EQ(ReadSome(ctx, b), "ping");
    EXPECT_FALSE(b.Write(ctx, "and pong"));
    EXPECT_EQ(ReadSome(ctx, a, 3), "and");
    EXPECT_EQ(ReadSome(ctx, a), " pong");
  });
}

TEST_P(StreamOf, AnEmptyBufferReadsNothing) {
  Play([](const Context& ctx, Stream& a, Stream& b) {
    EXPECT_FALSE(a.Write(ctx, ""));
    const Result<std::size_t> n = b.Read(ctx, {});
    EXPECT_TRUE(n.Ok() && *n == 0);
    EXPECT_FALSE(a.Write(ctx, "x"));
    EXPECT_EQ(ReadSome(ctx, b), "x");
  });
}

TEST_P(StreamOf, ReadWaits) {
  Play([](const Context& ctx, Stream& a, Stream& b) {
    bool written = false;
    Group group(ctx);
    group.Go([&](const Context& c) {
      written = true;
      return a.Write(c, "late");
    });
    EXPECT_EQ(ReadSome(ctx, b), "late");
    EXPECT_TRUE(written);
    EXPECT_FALSE(group.Wait());
  });
}

TEST_P(StreamOf, AHalfClosedOneStillReads) {
  Play([](const Context& ctx, Stream& a, Stream& b) {
    EXPECT_FALSE(a.Write(ctx, "question"));
    EXPECT_FALSE(a.CloseWrite());
    EXPECT_FALSE(a.CloseWrite());
    EXPECT_TRUE(a.Write(ctx, "more").Is(kClosed));
    EXPECT_EQ(ReadAll(ctx, b), "question");
    EXPECT_EQ(ReadAll(ctx, b), "") << "the end stays";
    EXPECT_FALSE(b.Write(ctx, "response"));
    b.Close();
    EXPECT_EQ(ReadAll(ctx, a), "response");
  });
}

TEST_P(StreamOf, ACanceledReadLeavesTheStreamIntact) {
  Play([](const Context& ctx, Stream& a, Stream& b) {
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    group.Go([&](const Context&) { scope.cancel(); });
    EXPECT_EQ(ReadSome(scope.ctx, b), "error: context canceled");
    EXPECT_FALSE(group.Wait());
    EXPECT_FALSE(a.Write(ctx, "still here"));
    EXPECT_EQ(ReadSome(scope.ctx, b), "error: context canceled");
    EXPECT_EQ(ReadSome(ctx, b), "still here");
    std::array<char, 4> piece;
    EXPECT_TRUE(b.Read(WithTimeout(ctx, 1ms).ctx, piece).Err().Is(kDeadlineExceeded));
  });
}

TEST_P(StreamOf, ACanceledWriteBreaksWriting) {
  Play([](const Context& ctx, Stream& a, Stream& b) {
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    group.Go([&](const Context&) { scope.cancel(); });
    EXPECT_TRUE(a.Write(scope.ctx, Pattern(kMuch)).Is(kCanceled));
    EXPECT_FALSE(group.Wait());
    EXPECT_TRUE(a.Write(ctx, "x").Is(kCanceled)) << "nobody knows how much is out";
    EXPECT_TRUE(a.CloseWrite().Is(kCanceled));
    EXPECT_FALSE(b.Write(ctx, "reading goes on"));
    EXPECT_EQ(ReadSome(ctx, a), "reading goes on");
    a.Close();
    EXPECT_LT(ReadAll(ctx, b).size(), kMuch);
  });
}

TEST_P(StreamOf, AWriteUnderADoneContextBeginsNothing) {
  Play([](const Context& ctx, Stream& a, Stream& b) {
    const CancelScope scope = WithCancel(ctx);
    scope.cancel();
    EXPECT_TRUE(a.Write(scope.ctx, "never").Is(kCanceled));
    EXPECT_FALSE(a.Write(ctx, "whole"));
    EXPECT_EQ(ReadSome(ctx, b), "whole");
  });
}

TEST_P(StreamOf, WithoutAContextTheCurrentOneHolds) {
  Play([](const Context& ctx, Stream& a, Stream& b) {
    EXPECT_FALSE(a.Write("hello"));
    std::array<char, 8> piece;
    const Result<std::size_t> n = b.Read(piece);
    EXPECT_TRUE(n.Ok() && *n == 5);
    Group group(ctx);
    group.Go([&](const Context&) {
      EXPECT_TRUE(b.Read(piece).Err().Is(kCanceled));
      EXPECT_TRUE(b.Write("x").Is(kCanceled));
    });
    group.Cancel();
    EXPECT_FALSE(group.Wait());
  });
}

TEST_P(StreamOf, CloseWakesWhoeverReadsAndWrites) {
  Play([](const Context& ctx, Stream& a, Stream& b) {
    Group group(ctx);
    Error read;
    Error written;
    group.Go([&](const Context& c) {
      std::array<char, 8> piece;
      read = a.Read(c, piece).Err();
    });
    group.Go([&](const Context& c) { written = a.Write(c, Pattern(kMuch)); });
    group.Go([&](const Context&) {
      a.Close();
      a.Close();
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_TRUE(read.Is(kClosed)) << read.Message();
    EXPECT_TRUE(written.Is(kClosed)) << written.Message();
    EXPECT_TRUE(a.Write(ctx, "x").Is(kClosed));
    EXPECT_EQ(ReadSome(ctx, a), "error: closed");
    (void)ReadAll(ctx, b);
  });
}

TEST_P(StreamOf, AClosedPeerIsTheEndAndAcceptsNothing) {
  Play([](const Context& ctx, Stream& a, Stream& b) {
    EXPECT_FALSE(b.Write(ctx, "bye"));
    b.Close();
    EXPECT_EQ(ReadAll(ctx, a), "bye");
    Error err;
    while (!err) err = a.Write(ctx, "is anybody there?");  // TCP finds out by the second one
    EXPECT_TRUE(IsGone(err)) << err.Message();
    EXPECT_TRUE(IsGone(a.CloseWrite()));
  });
}

TEST_P(StreamOf, WritesThatOverlapTakeTurns) {
  Play([](const Context& ctx, Stream& a, Stream& b) {
    constexpr std::size_t kEach = 1024 * 1024;
    Group group(ctx);
    for (const char letter : {'a', 'b', 'c'}) group.Go([&, letter](const Context& c) { return a.Write(c, std::string(kEach, letter)); });
    std::string all;
    while (all.size() < 3 * kEach) all += ReadSome(ctx, b, 100'000);
    EXPECT_FALSE(group.Wait());
    for (const std::size_t at : {std::size_t{0}, kEach, 2 * kEach}) EXPECT_EQ(all.find_first_not_of(all[at], at), at + kEach == all.size() ? all.npos : at + kEach);
  });
}

TEST_P(StreamOf, GoesBothWaysAtOnce) {
  Play([](const Context& ctx, Stream& a, Stream& b) {
    const std::string there = Pattern(4'000'000);
    const std::string back = Pattern(3'000'000);
    Group group(ctx);
    const auto send = [](Stream& stream, const std::string& all) {
      return [&](const Context& c) -> Error {
        if (Error err = stream.Write(c, all)) return err;
        return stream.CloseWrite();
      };
    };
    group.Go(send(a, there));
    group.Go(send(b, back));
    group.Go([&](const Context& c) { EXPECT_TRUE(ReadAll(c, a) == back); });
    group.Go([&](const Context& c) { EXPECT_TRUE(ReadAll(c, b) == there); });
    EXPECT_FALSE(group.Wait());
  });
}

TEST_P(StreamOf, GoesAlongToAnotherLoop) {
  InFiber(
      [](const Context& ctx) {
        auto [a, b] = GetParam().make(ctx);
        for (int round = 0; round < 3; ++round) {
          Group group(ctx, {.spread = true});
          group.Go([&](const Context& c) { return a.Write(c, "x"); });
          group.Go([&](const Context& c) { EXPECT_EQ(ReadSome(c, b), "x"); });
          group.Go([&](const Context& c) { EXPECT_EQ(ReadSome(c, a), "y"); });
          group.Go([&](const Context& c) { return b.Write(c, "y"); });
          EXPECT_FALSE(group.Wait());
          Group other(ctx, {.spread = true});  // these begin on the next loop
          other.Go([](const Context&) {});
          EXPECT_FALSE(other.Wait());
        }
      },
      2);
}

TEST_P(StreamOf, ServesPlainThreads) {
  const CancelScope scope = WithCancel(Background());
  auto [a, b] = GetParam().make(scope.ctx);
  std::thread other([&, &end = b] {
    EXPECT_TRUE(ReadAll(Background(), end) == Pattern(2'000'000));
    EXPECT_FALSE(end.Write("done"));
  });
  EXPECT_FALSE(a.Write(scope.ctx, Pattern(2'000'000)));
  EXPECT_FALSE(a.CloseWrite());
  EXPECT_EQ(ReadSome(scope.ctx, a), "done");
  other.join();
  std::thread later([&] { scope.cancel(); });
  EXPECT_EQ(ReadSome(scope.ctx, a), "error: context canceled");
  later.join();
}

TEST_P(StreamOf, MovedFromItIsClosed) {
  Play([](const Context& ctx, Stream& a, Stream& b) {
    Stream taken(std::move(a));
    std::array<char, 4> piece;
    for (Stream* each : {&a}) {  // NOLINT: what is left is a closed stream
      EXPECT_TRUE(each->Read(ctx, piece).Err().Is(kClosed));
      EXPECT_TRUE(each->Read(piece).Err().Is(kClosed));
      EXPECT_TRUE(each->Write(ctx, "x").Is(kClosed));
      EXPECT_TRUE(each->Write("x").Is(kClosed));
      EXPECT_FALSE(each->CloseWrite());
      each->Close();
    }
    EXPECT_FALSE(taken.Write(ctx, "whole"));
    taken = Stream();
    EXPECT_EQ(ReadAll(ctx, b), "whole");
  });
}

TEST(MemoryStreams, AreOnVirtualTime) {
  const Error err = RunTest([](const Context& ctx) {
    auto [client, server] = StreamPair();
    const TimePoint start = Now();
    std::array<char, 4> piece;
    EXPECT_TRUE(client.Read(WithTimeout(ctx, 1h).ctx, piece).Err().Is(kDeadlineExceeded));
    EXPECT_EQ(Now() - start, 1h);
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(MemoryStreams, MayWrapOneEndOnly) {
  InFiber([](const Context& ctx) {
    auto [client, server] = MemoryStreamPair();
    Stream stream = StreamOver(std::move(server));
    EXPECT_FALSE(client.Write(ctx, "ping"));
    EXPECT_EQ(ReadSome(ctx, stream), "ping");
  });
}

}  // namespace
}  // namespace weft
