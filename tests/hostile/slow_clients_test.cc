// SPDX-License-Identifier: Apache-2.0
#include "kit.h"

namespace weft {
namespace {

using std::chrono::seconds;

const Duration kPause = MsTime(20);

// Longer than the limit (but for what the two clocks differ), and not as long as it would take byte by byte.
void ExpectAbout(Duration took, Duration limit) {
  EXPECT_GE(took, limit / 2);
  EXPECT_LE(took, limit + seconds(5));
}

std::string Argument(const std::string& name, int ms) { return name + "=" + std::to_string(Ms(ms)); }

std::string PostWith(const std::string& target, const std::string& fields) {
  return "POST " + target + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}

TEST(SlowClients, AHeadByteByByteEndsAtItsTime) {
  Withstand({.arguments = {Argument("header_timeout", 400)}}, [](const Context& ctx, const Target& target) {
    AtOnce(ctx, Many(200), [&](const Context& c, int) {
      TestClient client = Dial(c, target);
      const TimePoint begin = Now();
      const std::string said = Trickle(c, client, "GET / HTTP/1.1\r\nX: ", 'a', kPause);
      EXPECT_TRUE(said.starts_with("HTTP/1.1 408 ")) << said;
      ExpectAbout(Now() - begin, MsTime(400));
    });
  });
}

TEST(SlowClients, ALaterHeadByteByByteEndsAtItsTimeToo) {
  Withstand({.arguments = {Argument("header_timeout", 400)}}, [](const Context& ctx, const Target& target) {
    AtOnce(ctx, Many(200), [&](const Context& c, int) {
      TestClient client = Dial(c, target);
      EXPECT_EQ(client.Get(c, "/")->body, "hello");
      const TimePoint begin = Now();
      const std::string said = Trickle(c, client, "GET /", 'a', kPause);
      EXPECT_TRUE(said.starts_with("HTTP/1.1 408 ")) << said;
      ExpectAbout(Now() - begin, MsTime(400));
    });
  });
}

TEST(SlowClients, ABodyByteByByteHoldsNoHandlerForLong) {
  Withstand({.arguments = {Argument("body_stall_timeout", 400)}}, [](const Context& ctx, const Target& target) {
    const long stalls = target.Stat("body_stalls");
    AtOnce(ctx, Many(200), [&](const Context& c, int i) {
      TestClient client = Dial(c, target);
      const TimePoint begin = Now();
      const bool chunked = i % 2 == 0;
      const std::string framing = chunked ? "Transfer-Encoding: chunked\r\n\r\n100000\r\n" : "Content-Length: 1000000\r\n\r\n";
      EXPECT_FALSE(client.Send(c, "POST /sink-long HTTP/1.1\r\nHost: h\r\n" + framing));
      const std::string said = Trickle(c, client, "", 'x', kPause);
      EXPECT_TRUE(said.starts_with("HTTP/1.1 408 ")) << said;
      ExpectAbout(Now() - begin, MsTime(400));
    });
    EXPECT_EQ(target.Stat("body_stalls") - stalls, Many(200));
  });
}

TEST(SlowClients, ABodyAboveTheMinimumStillEndsAtItsDeadline) {
  Withstand({.arguments = {Argument("request_timeout", 400)}}, [](const Context& ctx, const Target& target) {
    const long timeouts = target.Stat("request_timeouts");
    AtOnce(ctx, Many(100), [&](const Context& c, int) {
      TestClient client = Dial(c, target);
      EXPECT_FALSE(client.Send(c, PostWith("/sink", "Content-Length: 1000000\r\n")));
      const TimePoint begin = Now();
      const std::string said = Trickle(c, client, std::string(3, 'x'), 'x', kPause);
      EXPECT_TRUE(said.starts_with("HTTP/1.1 504 ")) << said;
      ExpectAbout(Now() - begin, MsTime(400));
    });
    EXPECT_EQ(target.Stat("request_timeouts") - timeouts, Many(100));
  });
}

TEST(SlowClients, WaitingForAContinueAndNeverSendingGetsAResponse) {
  Withstand({.arguments = {Argument("body_stall_timeout", 300)}}, [](const Context& ctx, const Target& target) {
    AtOnce(ctx, Many(300), [&](const Context& c, int) {
      TestClient client = Dial(c, target);
      EXPECT_FALSE(client.Send(c, PostWith("/sink-long", "Expect: 100-continue\r\nContent-Length: 1000\r\n")));
      EXPECT_EQ(client.ReadResponse(c, "POST")->status, 100);
      EXPECT_EQ(client.ReadResponse(c, "POST")->status, 408);
      EXPECT_EQ(ReadUntilEnd(c, client), "");
    });
  });
}

// The answer is out at once, and then the rest of the body is awaited for a second at the most.
TEST(SlowClients, AnUnreadBodyByteByByteDoesNotKeepTheConnection) {
  Withstand({.rounds = 2}, [](const Context& ctx, const Target& target) {
    AtOnce(ctx, Many(200), [&](const Context& c, int) {
      TestClient client = Dial(c, target);
      EXPECT_FALSE(client.Send(c, PostWith("/ignore", "Content-Length: 100000\r\n")));
      EXPECT_EQ(client.ReadResponse(c, "POST")->body, "no need");
      const TimePoint begin = Now();
      EXPECT_EQ(Trickle(c, client, "", 'x', kPause), "");
      ExpectAbout(Now() - begin, seconds(1));
    });
  });
}

}  // namespace
}  // namespace weft
