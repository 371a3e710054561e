// SPDX-License-Identifier: Apache-2.0
//
// Names: what was looked up is kept for a while; a name server that is away keeps threads of the pool of Offload, but never all of them. This
// program's getaddrinfo blocks for the names that a test has to have blocked, and counts others.
#include <dlfcn.h>
#include <netdb.h>

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>

#include <weft/clients/http/http_client.h>
#include <weft/clients/http/internal/name_cache.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/offload.h>
#include <weft/concurrency/run.h>

#include "../kit/run.h"

namespace {

std::mutex g_lock;
std::condition_variable g_changed;
bool g_answers = false;
std::atomic<int> g_asking{0};
std::atomic<int> g_counted{0};
std::atomic<bool> g_is_away{false};

}  // namespace

extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "getaddrinfo"));
  if (host != nullptr && std::string(host).find(".counted.invalid") != std::string::npos) {
    ++g_counted;
    return g_is_away ? EAI_AGAIN : real("127.0.0.1", service, hints, found);
  }
  if (host == nullptr || std::string(host).find(".silent.invalid") == std::string::npos) return real(host, service, hints, found);
  ++g_asking;
  std::unique_lock hold(g_lock);
  g_changed.wait(hold, [] { return g_answers; });
  --g_asking;
  return EAI_AGAIN;
}

namespace weft {
namespace {

using namespace std::chrono_literals;

TEST(NameServer, LookupsOfADeadServerLeaveThreadsToOthers) {
  const Error err = weft::Run(Background(), {.loops = 1}, [](const Context& ctx) -> Error {
    HttpClient client;
    // Each caller has left before the next one comes; its look-up goes on.
    for (int i = 0; i < 12; ++i) {
      const CancelScope limit = WithTimeout(ctx, 20ms);
      EXPECT_TRUE(client.Get(limit.ctx, "http://n" + std::to_string(i) + ".silent.invalid/").Err());
    }
    EXPECT_LE(g_asking, 4);
    const CancelScope limit = WithTimeout(ctx, 5s);
    EXPECT_FALSE(Offload(limit.ctx, [] {}));
    const std::lock_guard hold(g_lock);
    g_answers = true;
    g_changed.notify_all();
    return {};
  });
  EXPECT_FALSE(err) << err.Message();
}

// Names of a test, of which the name server knows the address unless it is away.
struct Counted {
  Counted() {
    g_counted = 0;
    g_is_away = false;
  }
  bool Finds(const Context& ctx, const std::string& name) {
    const Result<internal::NameCache::Addresses> found = cache.Find(ctx, name + ".counted.invalid", 80);
    return found.Ok() && (*found)->size() == 1;
  }
  internal::NameCache cache;
};

TEST(NameCache, KeepsWhatItHasFoundForHalfAMinute) {
  Virtually([](const Context& ctx) {
    Counted names;
    EXPECT_TRUE(names.Finds(ctx, "a"));
    EXPECT_FALSE(Sleep(ctx, 29s));
    EXPECT_TRUE(names.Finds(ctx, "a"));
    EXPECT_EQ(g_counted, 1);
    EXPECT_TRUE(names.Finds(ctx, "b"));
    EXPECT_EQ(g_counted, 2);
    EXPECT_FALSE(Sleep(ctx, 2s));
    EXPECT_TRUE(names.Finds(ctx, "a"));
    EXPECT_EQ(g_counted, 3);
  });
}

TEST(NameCache, LooksUpOnceForAllWhoAskAtTheSameTime) {
  Virtually([](const Context& ctx) {
    Counted names;
    Group group(ctx);
    for (int i = 0; i < 20; ++i) group.Go("asks", [&](const Context& c) { EXPECT_TRUE(names.Finds(c, "a")); });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(g_counted, 1);
  });
}

TEST(NameCache, KeepsAFailureForASecond) {
  Virtually([](const Context& ctx) {
    Counted names;
    g_is_away = true;
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(names.Finds(ctx, "a"));
    EXPECT_EQ(g_counted, 1);
    g_is_away = false;
    EXPECT_FALSE(Sleep(ctx, 1100ms));
    EXPECT_TRUE(names.Finds(ctx, "a"));
    EXPECT_EQ(g_counted, 2);
  });
}

TEST(NameCache, AnOldAddressIsBetterThanNoneForFiveMinutes) {
  Virtually([](const Context& ctx) {
    Counted names;
    EXPECT_TRUE(names.Finds(ctx, "a"));
    g_is_away = true;
    EXPECT_FALSE(Sleep(ctx, 31s));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(names.Finds(ctx, "a"));
    EXPECT_EQ(g_counted, 2) << "it is asked for again once a second";
    EXPECT_FALSE(Sleep(ctx, std::chrono::minutes(5)));
    EXPECT_FALSE(names.Finds(ctx, "a"));
  });
}

}  // namespace
}  // namespace weft
