// SPDX-License-Identifier: Apache-2.0
//
// Hijacked connections belong to the server: they go through all steps of the drain.
#include <weft/concurrency/select.h>

#include "hijack_kit.h"

namespace weft {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

ServerOptions HijackDrainTimeouts(Duration drain, Duration grace) {
  ServerOptions options;
  options.drain_timeout = drain;
  options.cancel_grace = grace;
  return options;
}

TEST(HijackDrain, LetsAHandlerSayGoodbye) {
  Virtually([](const Context& ctx) {
    Site site(ctx, AfterSwitch([](Stream& stream, ResponseWriter&, Request& r) -> Error {
      (void)r.Draining().Wait();
      EXPECT_FALSE(r.Ctx().Err());
      return stream.Write("goodbye");
    }), HijackDrainTimeouts(seconds(10), seconds(1)));
    Client client = Upgraded(site);
    (void)Sleep(ctx, hours(1));
    const TimePoint begin = Now();
    site.server().BeginDrain();

    EXPECT_EQ(client.ToEnd(), "goodbye");
    EXPECT_EQ(Now(), begin);
    client.raw().Close();
    EXPECT_FALSE(site.Stop());
    EXPECT_EQ(Now(), begin);
    EXPECT_THAT(site.Events(), Not(Contains("drain canceling")));
  });
}

TEST(HijackDrain, WaitsForAStreamThatGoesOn) {
  Virtually([](const Context& ctx) {
    Site site(ctx, EchoUpgrade, HijackDrainTimeouts(seconds(10), seconds(1)));
    Client client = Upgraded(site);
    site.server().BeginDrain();
    (void)Sleep(ctx, seconds(9));

    client.Send("in the drain");
    EXPECT_EQ(client.Until("in the drain"), "in the drain");
    client.raw().CloseSend();
    EXPECT_EQ(client.ToEnd(), "");
    EXPECT_FALSE(site.Stop());
  });
}

TEST(HijackDrain, CancelsReadsAtTheDrainTimeoutAndStillAllowsWrites) {
  Virtually([](const Context& ctx) {
    Error read;
    Site site(ctx, AfterSwitch([&](Stream& stream, ResponseWriter&, Request&) -> Error {
      read = AllOf(stream).Err();
      if (Error err = stream.Write("goodbye")) return err;
      return read;
    }), HijackDrainTimeouts(seconds(4), seconds(1)));
    Client client = Upgraded(site);
    const TimePoint begin = Now();
    site.server().BeginDrain();

    EXPECT_EQ(client.ToEnd(), "goodbye");
    EXPECT_EQ(Now() - begin, seconds(4));
    client.raw().Close();
    EXPECT_FALSE(site.Stop());  // canceled, but it ended in time
    EXPECT_TRUE(read.Is(kServerClosing)) << read.Message();
  });
}

TEST(HijackDrain, ForciblyClosesAndNamesWhatDoesNotEnd) {
  for (const bool writes : {false, true}) {
    Virtually([&](const Context& ctx) {
      Error seen;
      Site site(ctx, AfterSwitch([&](Stream& stream, ResponseWriter&, Request&) -> Error {
        std::array<char, 8> piece;
        while (!seen) seen = writes ? stream.Write(Pattern(100'000)) : stream.Read(Background(), piece).Err();
        EXPECT_TRUE(stream.Write("x").Is(kServerClosing));
        return seen;
      }), HijackDrainTimeouts(seconds(4), seconds(1)));
      Client client = Upgraded(site);
      const TimePoint begin = Now();

      const Error err = site.Stop();

      EXPECT_EQ(Now() - begin, seconds(5));
      EXPECT_TRUE(seen.Is(kServerClosing)) << seen.Message();
      EXPECT_TRUE(err.Is(kServerClosing));
      EXPECT_THAT(err.Message(), HasSubstr("1 request by force: GET /chat"));
    });
  }
}

// A stream that was cut must not look like one that has ended.
TEST(HijackDrain, ForciblyClosesWithAReset) {
  Site site(Background(), AfterSwitch([&](Stream& stream, ResponseWriter&, Request&) -> Error {
    if (Error err = stream.Write("half")) return err;
    std::array<char, 8> piece;
    return stream.Read(Background(), piece).Err();
  }), [] {
    ServerOptions options = OverTcp();
    options.drain_timeout = options.cancel_grace = Duration::zero();
    return options;
  }());
  Client client = Upgraded(site);
  EXPECT_EQ(client.Until("half"), "half");

  EXPECT_TRUE(site.Stop().Is(kServerClosing));

  EXPECT_TRUE(client.raw().ReadToEnd(Background()).Err().Is(std::errc::connection_reset));
}

TEST(HijackDrain, AStuckOneIsReportedByName) {
  Virtually([](const Context& ctx) {
    Event leave;
    Site site(ctx, AfterSwitch([&](Stream&, ResponseWriter&, Request&) -> Error {
      (void)leave.Wait(Background());
      return {};
    }), HijackDrainTimeouts(seconds(1), seconds(1)));
    Client client = Upgraded(site);
    site.server().BeginDrain();
    (void)Sleep(ctx, seconds(8));
    EXPECT_EQ(site.Count("stuck GET /chat"), 1);
    leave.Set();

    EXPECT_TRUE(site.Stop().Is(kServerClosing));
  });
}

TEST(HijackDrain, CanBeginInTheDrain) {
  Virtually([](const Context& ctx) {
    Site site(ctx, EchoUpgrade);
    Client client = site.Connect();
    client.Send(kUpgrade.substr(0, 20));
    (void)Sleep(ctx, milliseconds(1));
    site.server().BeginDrain();
    client.Send(std::string(kUpgrade.substr(20)) + "x");

    const TestResponse response = client.ReadResponse();
    EXPECT_EQ(response.status, 101);
    EXPECT_EQ(response.Header("Connection"), "Upgrade");
    EXPECT_EQ(client.Until("x"), "x");
    client.raw().CloseSend();
    EXPECT_FALSE(site.Stop());
  });
}

}  // namespace
}  // namespace weft
