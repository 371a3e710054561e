// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/memory_stream.h>

#include <string>

#include "explore_kit.h"

namespace weft {
namespace {

using namespace weft::testing;

std::string ReadAll(const Context& ctx, MemoryStream& stream, std::size_t piece) {
  std::string got;
  std::string buffer(piece, '\0');
  for (;;) {
    const Result<std::size_t> n = stream.Read(ctx, buffer);
    if (!n.Ok() || *n == 0) return got;
    got.append(buffer, 0, *n);
  }
}

TEST(ExploreMemoryStream, KeepsBytesAndTheirOrder) {
  Exploring([](const Context& ctx) {
    auto [a, b] = MemoryStreamPair({.buffer_bytes = 3});
    const std::string there = "abcdefgh", back = "123456";
    Group group(ctx);
    group.Go([&](const Context& c) {
      EXPECT_FALSE(a.Write(c, there));
      a.CloseWrite();
    });
    group.Go([&](const Context& c) {
      EXPECT_FALSE(b.Write(c, back));
      b.CloseWrite();
    });
    group.Go([&](const Context& c) { EXPECT_EQ(ReadAll(c, a, 4), back); });
    group.Go([&](const Context& c) { EXPECT_EQ(ReadAll(c, b, 2), there); });
    EXPECT_FALSE(group.Wait());
  });
}

// Reads and writes that are given up, on both sides: what was said to be written comes out, once.
TEST(ExploreMemoryStream, ACancelNeitherLosesNorDoubles) {
  Exploring([](const Context& ctx) {
    auto [a, b] = MemoryStreamPair({.buffer_bytes = 2});
    const CancelScope write_scope = WithCancel(ctx), read_scope = WithCancel(ctx);
    std::string sent, got;
    Group group(ctx);
    group.Go([&](const Context& c) {
      std::size_t written = 0;
      const std::string first = "abcdef";
      if (a.Write(write_scope.ctx, first, &written)) {
        sent = first.substr(0, written) + "XYZ";
        EXPECT_FALSE(a.Write(c, "XYZ"));
      } else {
        sent = first;
      }
      a.CloseWrite();
    });
    group.Go([&](const Context& c) {
      got = ReadAll(read_scope.ctx, b, 2);
      got += ReadAll(c, b, 1);
    });
    group.Go([&](const Context&) { write_scope.cancel(); });
    group.Go([&](const Context&) { read_scope.cancel(); });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(got, sent);
  });
}

TEST(ExploreMemoryStream, ACloseEndsAllCallsOfBothSides) {
  Exploring([](const Context& ctx) {
    auto [a, b] = MemoryStreamPair({.buffer_bytes = 1});
    Group group(ctx);
    group.Go([&a](const Context& c) {
      char one[1];
      const Result<std::size_t> n = a.Read(c, one);
      EXPECT_TRUE(n.Ok() || n.Err().Is(kClosed)) << "closed on this side";
    });
    group.Go([&a](const Context& c) { EXPECT_TRUE(a.Write(c, "ab").Is(kClosed)); });
    group.Go([&b](const Context& c) { EXPECT_TRUE(b.Write(c, "abc").Is(kClosed)); });
    group.Go([&a](const Context&) { a.Close(); });
    EXPECT_FALSE(group.Wait());
    EXPECT_LE(ReadAll(ctx, b, 4).size(), 1U) << "the other side sees the end, at once";
  });
}

// Two writers take turns: neither is torn.
TEST(ExploreMemoryStream, WritesAreWhole) {
  Exploring([](const Context& ctx) {
    auto [a, b] = MemoryStreamPair({.buffer_bytes = 2});
    std::string got;
    Group group(ctx);
    group.Go([&](const Context& c) { got = ReadAll(c, b, 3); });
    Group writers(ctx);
    for (const char* text : {"aaaaa", "bbbbb"}) {
      writers.Go([text, &a](const Context& c) { EXPECT_FALSE(a.Write(c, text)); });
    }
    EXPECT_FALSE(writers.Wait());
    a.CloseWrite();
    EXPECT_FALSE(group.Wait());
    EXPECT_TRUE(got == "aaaaabbbbb" || got == "bbbbbaaaaa") << got;
  });
}

}  // namespace
}  // namespace weft
