// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/copy.h>

#include <algorithm>
#include <cstring>
#include <string>

#include <weft/concurrency/group.h>
#include <weft/concurrency/memory_stream.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

struct Source {
  Result<std::size_t> Read(const Context&, std::span<char> buffer) {
    ++reads;
    if (left.empty() && failure) return failure;
    const std::size_t n = std::min(buffer.size(), left.size());
    std::memcpy(buffer.data(), left.data(), n);
    left.erase(0, n);
    return n;
  }
  std::string left;
  Error failure = {};
  int reads = 0;
};

// Takes so many bytes.
struct Sink {
  Error Write(std::string_view data) {
    if (data.size() > room - text.size()) return kClientGone;
    text += data;
    return {};
  }
  std::size_t room = 1 << 20;
  std::string text = {};
};

static_assert(Reader<Source> && Writer<Sink>);
static_assert(Reader<MemoryStream> && Writer<MemoryStream>);
static_assert(!Reader<Sink> && !Writer<Source> && !Reader<int> && !Writer<std::string>);

TEST(Copy, CopiesAllThatIsLeft) {
  const Context& ctx = Background();
  for (const std::size_t size : {0u, 1u, 16u * 1024, 100'000u}) {
    Source source{std::string(size, 'x')};
    Sink sink;
    EXPECT_EQ(*Copy(ctx, source, sink), size);
    EXPECT_EQ(sink.text.size(), size);
  }
}

TEST(Copy, ReturnsTheErrorOfEitherSide) {
  Source broken{"abc", kTimeout};
  Sink sink;
  EXPECT_TRUE(Copy(Background(), broken, sink).Err().Is(kTimeout));
  EXPECT_EQ(sink.text, "abc");
  Source source{std::string(100'000, 'x')};
  Sink full{.room = 50'000};
  EXPECT_TRUE(Copy(Background(), source, full).Err().Is(kClientGone));
}

TEST(Copy, StopsUnderADoneContext) {
  CancelScope scope = WithCancel(Background());
  scope.cancel();
  Source source{"abc"};
  Sink sink;
  EXPECT_TRUE(Copy(scope.ctx, source, sink).Err().Is(kCanceled));
  EXPECT_EQ(source.reads, 0);
}

TEST(Copy, WaitsForTheReaderAndTheWriter) {
  Virtually([](const Context& ctx) {
    auto [a, a_end] = MemoryStreamPair({.buffer_bytes = 100});
    auto [b, b_end] = MemoryStreamPair({.buffer_bytes = 100});
    Group group(ctx);
    Result<std::uint64_t> copied = std::uint64_t{0};
    group.Go("copy", [&](const Context& c) -> Error {
      copied = Copy(c, a_end, b);
      b.CloseWrite();
      return {};
    });
    group.Go("write", [&](const Context& c) -> Error {
      if (Error err = a.Write(c, std::string(10'000, 'x'))) return err;
      a.CloseWrite();
      return {};
    });
    Sink sink;
    EXPECT_EQ(*Copy(ctx, b_end, sink), 10'000u);
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(*copied, 10'000u);
    EXPECT_EQ(sink.text, std::string(10'000, 'x'));
  });
}

}  // namespace
}  // namespace weft
