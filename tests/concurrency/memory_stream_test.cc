// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/memory_stream.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include <weft/concurrency/group.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

std::string ReadSome(const Context& ctx, MemoryStream& stream, std::size_t at_most = 100) {
  std::string got(at_most, '\0');
  const Result<std::size_t> n = stream.Read(ctx, got);
  if (!n.Ok()) return "error: " + n.Err().Message();
  return got.substr(0, *n);
}

// The byte at this place of an endless text without short cycles.
char ByteAt(std::size_t at) { return static_cast<char>((at * 2654435761U) >> 11); }

// Writes or reads `total` such bytes in pieces of random size.
void WriteMany(const Context& ctx, MemoryStream& stream, std::size_t total, unsigned seed) {
  std::minstd_rand random(seed);
  std::string piece;
  for (std::size_t at = 0; at < total; at += piece.size()) {
    piece.resize(std::min<std::size_t>(total - at, random() % 40));
    for (std::size_t i = 0; i < piece.size(); ++i) piece[i] = ByteAt(at + i);
    EXPECT_FALSE(stream.Write(ctx, piece));
  }
  stream.CloseWrite();
}

void ReadMany(const Context& ctx, MemoryStream& stream, std::size_t total, unsigned seed) {
  std::minstd_rand random(seed);
  std::size_t at = 0;
  for (;;) {
    const std::string piece = ReadSome(ctx, stream, 1 + random() % 40);
    if (piece.empty()) break;
    for (const char c : piece) {
      if (c != ByteAt(at++)) {
        ADD_FAILURE() << "wrong byte at " << at - 1;
        return;
      }
    }
  }
  EXPECT_EQ(at, total);
}

TEST(MemoryStream, ReadTakesWhatIsThere) {
  Virtually([](const Context& ctx) {
    auto [a, b] = MemoryStreamPair();
    EXPECT_FALSE(a.Write(ctx, "hello"));
    EXPECT_FALSE(a.Write(ctx, " world"));
    EXPECT_EQ(ReadSome(ctx, b, 4), "hell");
    EXPECT_EQ(ReadSome(ctx, b, 100), "o world");
    EXPECT_FALSE(b.Write(ctx, "and back"));
    EXPECT_EQ(ReadSome(ctx, a), "and back");
  });
}

TEST(MemoryStream, AnEmptyReadOrWriteDoesNothing) {
  Virtually([](const Context& ctx) {
    auto [a, b] = MemoryStreamPair();
    EXPECT_FALSE(a.Write(ctx, ""));
    const Result<std::size_t> n = b.Read(ctx, {});
    EXPECT_TRUE(n.Ok() && *n == 0);
    EXPECT_FALSE(a.Write(ctx, "x"));
    EXPECT_EQ(ReadSome(ctx, b), "x");
  });
}

TEST(MemoryStream, ReadWaitsForTheFirstByte) {
  Virtually([](const Context& ctx) {
    auto [a, b] = MemoryStreamPair();
    Group group(ctx);
    group.Go([&a](const Context& c) {
      EXPECT_FALSE(Sleep(c, 3s));
      EXPECT_FALSE(a.Write(c, "late"));
    });
    const TimePoint start = Now();
    EXPECT_EQ(ReadSome(ctx, b), "late");
    EXPECT_EQ(Now() - start, 3s);
    EXPECT_FALSE(group.Wait());
  });
}

TEST(MemoryStream, WriteWaitsWhileTheBufferIsFull) {
  Virtually([](const Context& ctx) {
    auto [a, b] = MemoryStreamPair({.buffer_bytes = 4});
    EXPECT_FALSE(a.Write(ctx, "1234"));
    bool done = false;
    Group group(ctx);
    group.Go([&](const Context& c) {
      EXPECT_FALSE(a.Write(c, "56789"));
      done = true;
    });
    Settle(ctx);
    EXPECT_FALSE(done);
    EXPECT_EQ(ReadSome(ctx, b, 2), "12");
    Settle(ctx);
    EXPECT_FALSE(done) << "room for two of five";
    EXPECT_EQ(ReadSome(ctx, b), "3456");
    Settle(ctx);
    EXPECT_TRUE(done);
    EXPECT_EQ(ReadSome(ctx, b), "789");
    EXPECT_FALSE(group.Wait());
  });
}

TEST(MemoryStream, CloseWriteEndsOneDirection) {
  Virtually([](const Context& ctx) {
    auto [a, b] = MemoryStreamPair();
    EXPECT_FALSE(a.Write(ctx, "last"));
    a.CloseWrite();
    EXPECT_TRUE(a.Write(ctx, "more").Is(kClosed));
    EXPECT_EQ(ReadSome(ctx, b), "last");
    EXPECT_EQ(ReadSome(ctx, b), "");
    EXPECT_EQ(ReadSome(ctx, b), "") << "and again";
    EXPECT_FALSE(b.Write(ctx, "answer"));
    EXPECT_EQ(ReadSome(ctx, a), "answer");
  });
}

TEST(MemoryStream, CloseIsSeenByBothSides) {
  Virtually([](const Context& ctx) {
    auto [a, b] = MemoryStreamPair();
    EXPECT_FALSE(a.Write(ctx, "last"));
    EXPECT_FALSE(b.Write(ctx, "unread"));
    a.Close();
    EXPECT_EQ(ReadSome(ctx, a), "error: " + Error(kClosed).Message());
    EXPECT_TRUE(a.Write(ctx, "x").Is(kClosed));
    EXPECT_TRUE(b.Write(ctx, "x").Is(kClosed)) << "nobody reads it";
    EXPECT_EQ(ReadSome(ctx, b), "last");
    EXPECT_EQ(ReadSome(ctx, b), "");
    a.Close();
  });
}

TEST(MemoryStream, CloseWakesThoseWhoWait) {
  Virtually([](const Context& ctx) {
    auto [a, b] = MemoryStreamPair({.buffer_bytes = 1});
    Group group(ctx);
    group.Go([&a](const Context& c) { EXPECT_EQ(ReadSome(c, a), "error: " + Error(kClosed).Message()); });
    group.Go([&a](const Context& c) { EXPECT_TRUE(a.Write(c, "xy").Is(kClosed)); });
    Settle(ctx);
    a.Close();
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(ReadSome(ctx, b), "x");
    EXPECT_EQ(ReadSome(ctx, b), "");
  });
}

TEST(MemoryStream, TheEndOfAnEndClosesIt) {
  Virtually([](const Context& ctx) {
    auto [a, b] = MemoryStreamPair();
    {
      const MemoryStream gone = std::move(a);
    }
    EXPECT_EQ(ReadSome(ctx, b), "");
    EXPECT_TRUE(b.Write(ctx, "x").Is(kClosed));
    EXPECT_TRUE(a.Write(ctx, "x").Is(kClosed)) << "moved from";
    b = MemoryStream();
    EXPECT_TRUE(b.Read(ctx, {}).Err().Is(kClosed));
  });
}

TEST(MemoryStream, ACancelEndsAReadAndTakesNothing) {
  Virtually([](const Context& ctx) {
    auto [a, b] = MemoryStreamPair();
    const CancelScope scope = WithTimeout(ctx, 1s);
    EXPECT_EQ(ReadSome(scope.ctx, b), "error: " + Error(kDeadlineExceeded).Message());
    EXPECT_FALSE(a.Write(ctx, "kept"));
    EXPECT_EQ(ReadSome(scope.ctx, b), "error: " + Error(kDeadlineExceeded).Message()) << "also when there is something";
    EXPECT_EQ(ReadSome(ctx, b), "kept");
  });
}

TEST(MemoryStream, ACanceledWriteSaysHowMuchIsOnItsWay) {
  Virtually([](const Context& ctx) {
    auto [a, b] = MemoryStreamPair({.buffer_bytes = 4});
    const CancelScope scope = WithTimeout(ctx, 1s);
    std::size_t written = 99;
    EXPECT_TRUE(a.Write(scope.ctx, "abcdef", &written).Is(kDeadlineExceeded));
    EXPECT_EQ(written, 4U);
    EXPECT_TRUE(a.Write(scope.ctx, "x", &written).Is(kDeadlineExceeded));
    EXPECT_EQ(written, 0U);
    a.CloseWrite();
    EXPECT_EQ(ReadSome(ctx, b), "abcd");
    EXPECT_EQ(ReadSome(ctx, b), "");
  });
}

TEST(MemoryStream, KeepsTheOrderOfBytesUnderAnySizes) {
  for (const std::size_t buffer : {1, 7, 64, 1024}) {
    Virtually([buffer](const Context& ctx) {
      auto [a, b] = MemoryStreamPair({.buffer_bytes = buffer});
      Group group(ctx);
      group.Go([&a](const Context& c) { WriteMany(c, a, 20'000, 1); });
      group.Go([&b](const Context& c) { ReadMany(c, b, 20'000, 2); });
      group.Go([&b](const Context& c) { WriteMany(c, b, 10'000, 3); });
      group.Go([&a](const Context& c) { ReadMany(c, a, 10'000, 4); });
      EXPECT_FALSE(group.Wait());
    });
  }
}

TEST(MemoryStream, WorksBetweenLoopsAndPlainThreads) {
  const std::size_t total = static_cast<std::size_t>(Rounds(100'000));
  auto [a, b] = MemoryStreamPair({.buffer_bytes = 50});
  auto [c, d] = MemoryStreamPair({.buffer_bytes = 50});
  std::thread writer([&] { WriteMany(Background(), a, total, 5); });
  std::thread reader([&] { ReadMany(Background(), d, total, 6); });
  OnLoops(2, [&](const Context& ctx) {
    Group group(ctx, {.spread = true});
    group.Go([&](const Context& in) { ReadMany(in, b, total, 7); });
    group.Go([&](const Context& in) { WriteMany(in, c, total, 8); });
    EXPECT_FALSE(group.Wait());
  });
  writer.join();
  reader.join();
}

// Reads and writes that are cut off at random, on two loops: what was said to be written comes out, once.
TEST(MemoryStream, CancelsOnManyLoopsLoseAndDoubleNothing) {
  OnLoops(2, [](const Context& ctx) {
    auto [a, b] = MemoryStreamPair({.buffer_bytes = 16});
    const int rounds = Rounds(5000);
    std::size_t sent = 0;
    Group group(ctx, {.spread = true});
    group.Go([&](const Context& c) {
      std::minstd_rand random(9);
      for (int i = 0; i < rounds; ++i) {
        const CancelScope scope = WithTimeout(c, std::chrono::microseconds(random() % 50));
        std::string piece(random() % 24, '\0');
        for (std::size_t n = 0; n < piece.size(); ++n) piece[n] = ByteAt(sent + n);
        std::size_t written = 0;
        const Error err = a.Write(scope.ctx, piece, &written);
        EXPECT_TRUE(err || written == piece.size());
        sent += written;
      }
      a.CloseWrite();
    });
    std::size_t got = 0;
    group.Go([&](const Context& c) {
      std::minstd_rand random(10);
      char piece[24];
      for (;;) {
        const CancelScope scope = WithTimeout(c, std::chrono::microseconds(random() % 50));
        const Result<std::size_t> n = b.Read(scope.ctx, {piece, 1 + random() % sizeof(piece)});
        if (!n.Ok()) continue;
        if (*n == 0) return;
        for (std::size_t i = 0; i < *n; ++i) EXPECT_EQ(piece[i], ByteAt(got + i));
        got += *n;
      }
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(got, sent);
  });
}

TEST(MemoryStream, ABufferWithoutRoomAborts) {
  WEFT_EXPECT_DEATH((void)MemoryStreamPair({.buffer_bytes = 0}), "at least one byte");
}

}  // namespace
}  // namespace weft
