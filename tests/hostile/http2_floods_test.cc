// SPDX-License-Identifier: Apache-2.0
//
// Floods of HTTP/2, as fast as their clients can, next to a polite client of HTTP/2. tests/server/http2_limits_test.cc has the same
// ones under virtual time.
#include <weft/concurrency/run.h>
#include <weft/server/internal/test_wire.h>

#include "../http/http2_floods.h"
#include "kit.h"

namespace weft {
namespace {

namespace h2 = internal::http2;

// A client that writes frames itself: over TLS by ALPN, if that is what the target speaks.
class FrameClient {
 public:
  FrameClient(const Context& ctx, const Target& target) : wire_(internal::Fd(ConnectBare(target, {}))) {
    if (!target.Bound().starts_with("https:")) return;
    const Error err = wire_.StartTls(ctx, "test", ClientTls(), /*http2=*/true);
    EXPECT_FALSE(err) << err.Message();
  }
  Error Send(const Context& ctx, std::string_view bytes) { return wire_.Send(ctx, bytes); }
  Result<std::string> ReadSome(const Context& ctx) {
    std::string some(4096, '\0');
    const Result<std::size_t> got = wire_.Receive(ctx, some);
    if (Error err = got.Err()) return err;
    some.resize(*got);
    return some;
  }

 private:
  internal::TestWire wire_;
};

// Goes on until it hears why the connection ends.
void Play(const Context& ctx, const Target& target, const h2::Flood& flood) {
  FrameClient client(ctx, target);
  bool heard = false;
  Group sender(ctx);
  sender.Go("sender", [&](const Context& c) {
    if (client.Send(c, h2::Hello() + flood.begin)) return;
    for (int round = 0; !heard;) {
      std::string piece;
      while (piece.size() < 4096) piece += h2::RoundOf(flood, round++);
      if (client.Send(c, piece)) return;
      Yield();  // a socket that takes all would keep the loop from the reader
    }
  });
  std::string seen;
  while (!heard) {
    const Result<std::string> some = client.ReadSome(ctx);
    if (!some.Ok() || some->empty()) break;
    seen += *some;
    heard = h2::GoAwayOf(seen) != 99;
  }
  EXPECT_FALSE(sender.Wait());
  EXPECT_EQ(h2::GoAwayOf(seen), static_cast<std::uint32_t>(flood.goaway)) << flood.name << ", after " << seen.size() << " bytes";
}

TEST(Http2Floods, OfAllKindsEndTheirConnectionsAndNoOther) {
  if (!h2::SessionsExist()) GTEST_SKIP() << "built without HTTP/2";
  const std::vector<h2::Flood> floods = h2::AllFloods();
  const int count = static_cast<int>(floods.size()) * (kSanitized ? 1 : 4);
  Withstand({.arguments = {"http2_cleartext=1"}, .growth_max = 8 << 20, .http2 = true}, [&](const Context& ctx, const Target& target) {
    const std::int64_t before = target.Measure().memory_bytes;
    const long reported = target.Stat("misbehaved");
    std::atomic<std::int64_t> most{0};
    AtOnce(ctx, count, [&](const Context& c, int i) {
      Play(c, target, floods[static_cast<std::size_t>(i) % floods.size()]);
      most = std::max(most.load(), target.Measure().memory_bytes);
    });
    EXPECT_EQ(target.Stat("misbehaved") - reported, count) << "each is reported to the observer";
    const std::int64_t each = (most - before) / count;
    std::printf("  %ld KiB of the server for each\n", static_cast<long>(each / 1024));
    if (!kSanitized) {
      EXPECT_LE(each, 300 * 1024);
    }
  });
}

}  // namespace
}  // namespace weft
