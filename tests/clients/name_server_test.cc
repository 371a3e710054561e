// SPDX-License-Identifier: Apache-2.0
//
// A name server that is away keeps threads of the pool of Offload, but never all of them. This program's getaddrinfo blocks for the names that
// a test has to have blocked.
#include <dlfcn.h>
#include <netdb.h>

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/offload.h>
#include <weft/concurrency/run.h>

namespace {

std::mutex g_lock;
std::condition_variable g_changed;
bool g_answers = false;
std::atomic<int> g_asking{0};

}  // namespace

extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "getaddrinfo"));
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

TEST(NameServer, OneThatIsAwayLeavesThreadsToOthers) {
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

}  // namespace
}  // namespace weft
