// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/rate_limit.h>

#include <atomic>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <weft/concurrency/testing.h>
#include <weft/handlers/middleware/internal/keyed_hash.h>
#include <weft/handlers/middleware/internal/peer_text.h>
#include <weft/handlers/middleware/internal/rate_table.h>
#include <weft/handlers/testing.h>

#include "../kit/allocation_counter.h"

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// "200", or "429 SECONDS".
std::string Ask(const Handler& handler, const std::string& peer) {
  Recorder recorder;
  recorder.Serve(handler, RequestBuilder().Peer(peer));
  const std::string status = std::to_string(recorder.Status());
  return recorder.Status() == 429 ? status + " " + std::string(recorder.Header().Get("Retry-After")) : status;
}

TEST(RateLimit, RejectsWith429AndSaysWhenToComeAgain) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    const Handler handler = RateLimit({.rate = 0.5, .burst = 3})([](ResponseWriter&, Request&) {});
    for (int i = 0; i < 3; ++i) EXPECT_EQ(Ask(handler, "192.0.2.1:1"), "200");
    EXPECT_EQ(Ask(handler, "192.0.2.1:2"), "429 2") << "the port does not matter";
    EXPECT_EQ(Ask(handler, "192.0.2.2:1"), "200") << "another client";
    if (Error failed = Sleep(ctx, milliseconds(500))) return failed;
    EXPECT_EQ(Ask(handler, "192.0.2.1:1"), "429 2") << "1.5 s, in whole seconds; and a rejected one costs nothing";
    if (Error failed = Sleep(ctx, milliseconds(1500))) return failed;
    EXPECT_EQ(Ask(handler, "192.0.2.1:1"), "200");
    EXPECT_EQ(Ask(handler, "192.0.2.1:1"), "429 2");
    if (Error failed = Sleep(ctx, seconds(100))) return failed;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(Ask(handler, "192.0.2.1:1"), "200") << "never more than the burst";
    EXPECT_EQ(Ask(handler, "192.0.2.1:1"), "429 2");
    return {};
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(RateLimit, AnIpv6ClientIsItsNetwork) {
  const Handler handler = RateLimit({.rate = 0.001, .burst = 1})([](ResponseWriter&, Request&) {});
  EXPECT_EQ(Ask(handler, "[2001:db8:1:2::1]:1"), "200");
  EXPECT_EQ(Ask(handler, "[2001:db8:1:2:ffff:ffff:ffff:ffff]:1").substr(0, 3), "429");
  EXPECT_EQ(Ask(handler, "[2001:db8:1:3::1]:1"), "200");
}

TEST(RateLimit, TheKeyIsTheUsersAndAnEmptyOneIsNotLimited) {
  const Handler handler = RateLimit({.rate = 0.001, .burst = 1, .key = [](const Request& r) {
                                       return std::string(r.Header().Get("X-Key"));
                                     }})([](ResponseWriter&, Request&) {});
  const auto status = [&](const char* key) {
    Recorder recorder;
    recorder.Serve(handler, RequestBuilder().Header("X-Key", key));
    return recorder.Status();
  };
  EXPECT_EQ(status("a"), 200);
  EXPECT_EQ(status("a"), 429);
  EXPECT_EQ(status("b"), 200);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(status(""), 200);
}

TEST(RateLimit, AllHandlersOfOneMiddlewareShareItsCounts) {
  const Middleware limit = RateLimit({.rate = 0.001, .burst = 1});
  EXPECT_EQ(Ask(limit([](ResponseWriter&, Request&) {}), "192.0.2.1:1"), "200");
  EXPECT_EQ(Ask(limit([](ResponseWriter&, Request&) {}), "192.0.2.1:1").substr(0, 3), "429");
}

TEST(RateTable, RemembersNoMoreKeysThanItMay) {
  internal::RateTable table(1, 1, 100'000);
  const internal::KeyedHash hash;
  const TimePoint now = Now();
  for (int i = 0; i < 300'000; ++i) EXPECT_EQ(table.Take(hash(std::to_string(i)), now), Duration::zero());
  EXPECT_LE(table.Keys(), 100'000u);
  EXPECT_GE(table.Keys(), 99'000u);
}

TEST(RateTable, ForgetsTheOneThatWasSeenLeastRecently) {
  internal::RateTable table(0.001, 1, 3);
  const TimePoint now = Now();
  for (const std::uint64_t key : {1, 2, 3}) EXPECT_EQ(table.Take(key, now), Duration::zero());
  EXPECT_GT(table.Take(1, now), Duration::zero());
  EXPECT_EQ(table.Take(4, now), Duration::zero());
  EXPECT_GT(table.Take(1, now), Duration::zero()) << "it was seen after 2";
  EXPECT_GT(table.Take(3, now), Duration::zero());
  EXPECT_EQ(table.Take(2, now), Duration::zero()) << "forgotten";
  EXPECT_EQ(table.Keys(), 3u);
}

TEST(RateTable, ForgetsKeysThatHaveTheirBurstBack) {
  internal::RateTable table(1, 5, 100);
  const TimePoint now = Now();
  for (std::uint64_t key = 0; key < 50; ++key) static_cast<void>(table.Take(key, now));
  for (std::uint64_t key = 100; key < 125; ++key) static_cast<void>(table.Take(key, now + seconds(10)));
  EXPECT_EQ(table.Keys(), 25u);
}

TEST(RateTable, KeepsNothingOfAKeyForWhichThereIsNoMemory) {
  internal::RateTable table(1, 5, 100);
  const TimePoint now = Now();
  int failures = 0;
  for (std::uint64_t key = 1; key <= 60; ++key) {
    for (std::size_t after = 0; after < 4; ++after) {
      const std::size_t before = table.Keys();
      bool failed = false;
      try {
        const NoMemory none(after);
        static_cast<void>(table.Take(key, now));
      } catch (const std::bad_alloc&) {
        failed = true;
      }
      if (!failed) break;
      ++failures;
      EXPECT_EQ(table.Keys(), before) << key << " after " << after;
    }
  }
  EXPECT_GE(failures, 120) << "for an entry and for its key";
  EXPECT_EQ(table.Keys(), 60u);
}

TEST(RateTable, ThreadsTogetherGetNoMoreThanTheBurst) {
  internal::RateTable table(1e-6, 1000, 100'000);
  const TimePoint now = Now();
  std::atomic<int> granted{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) {
        if (table.Take(17, now) == Duration::zero()) granted.fetch_add(1);
        static_cast<void>(table.Take(static_cast<std::uint64_t>(n) << 32, now));  // others come and go in all parts
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(granted.load(), 1000);
}

TEST(RateTable, TakesAnyRate) {
  const TimePoint now = Now();
  internal::RateTable slow(1e-12, 2, 10);
  EXPECT_EQ(slow.Take(1, now), Duration::zero());
  EXPECT_EQ(slow.Take(1, now), Duration::zero());
  EXPECT_GT(slow.Take(1, now), std::chrono::hours(1));
  internal::RateTable fast(1e12, 1, 10);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(fast.Take(1, now), Duration::zero());
}

TEST(KeyedHash, IsSipHash24) {
  const internal::KeyedHash hash(0x0706050403020100, 0x0f0e0d0c0b0a0908);
  std::string text;
  EXPECT_EQ(hash(text), 0x726fdb47dd0e0e31u);
  for (char c = 0; c < 15; ++c) text += c;
  EXPECT_EQ(hash(text), 0xa129ca6149be45e5u) << "the value of the paper";
  EXPECT_NE(internal::KeyedHash()("a"), internal::KeyedHash()("a")) << "each has a key of its own";
}

TEST(PeerText, ReadsWhatAPeerIs) {
  struct Row {
    const char* text;
    const char* formatted;  // null: no peer
  };
  const Row rows[] = {
      {"192.0.2.1:80", "192.0.2.1:80"},   {"192.0.2.1", "192.0.2.1"},
      {"[2001:db8::1]:80", "[2001:db8::1]:80"}, {"[2001:db8::1]", "[2001:db8::1]"},
      {"2001:DB8::1", "[2001:db8::1]"},   {"::ffff:192.0.2.1", "192.0.2.1"},
      {"unix", "unix"},                   {"", nullptr},
      {"192.0.2.1:", nullptr},            {"192.0.2.1:99999", nullptr},
      {"192.0.2.1:1x", nullptr},          {"192.0.2.256", nullptr},
      {"192.0.2", nullptr},               {"[192.0.2.1]", nullptr},
      {"[2001:db8::1", nullptr},          {"[2001:db8::1]80", nullptr},
      {"[2001:db8::1]:", nullptr},        {"fe80::1%eth0", nullptr},
      {"example.com", nullptr},           {"unknown", nullptr},
      {"_hidden", nullptr},               {"127.0.0.1 ", nullptr},
      {"0x7f.1", nullptr},                {"2130706433", nullptr},
  };
  for (const Row& row : rows) {
    const auto parsed = internal::ParsePeer(row.text);
    EXPECT_EQ(parsed ? internal::FormatParsed(*parsed) : "no peer", row.formatted != nullptr ? row.formatted : "no peer") << row.text;
  }
  internal::NetworkRoom room;
  EXPECT_EQ(internal::NetworkOfPeer("[2001:db8:1:2:3:4:5:6]:80", room), "2001:db8:1:2::/64");
  EXPECT_EQ(internal::NetworkOfPeer("192.0.2.1:80", room), "192.0.2.1");
  EXPECT_EQ(internal::NetworkOfPeer("unix", room), "unix");
  EXPECT_EQ(internal::NetworkOfPeer("[2001:1db8:1111:2222:3333:4444:5555:6666]", room), "2001:1db8:1111:2222::/64");
}

TEST(RateLimitDeathTest, NonsenseAborts) {
  EXPECT_DEATH(RateLimit({.rate = 0}), "RateLimit: the rate must be above 0");
  EXPECT_DEATH(RateLimit({.burst = 0}), "RateLimit: the rate must be above 0");
}

}  // namespace
}  // namespace weft
