// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>

#include <weft/concurrency/await.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/offload.h>
#include <weft/concurrency/run.h>

namespace {

// Stands for a resolver that does not answer: a look-up of "blocks.test" stays in it until Open.
class Gate {
 public:
  void Pass() {
    std::unique_lock hold(lock_);
    ++inside_;
    changed_.notify_all();
    changed_.wait(hold, [&] { return open_; });
    --inside_;
    changed_.notify_all();
  }
  void Open() {
    std::lock_guard hold(lock_);
    open_ = true;
    changed_.notify_all();
  }
  void Close() {
    std::lock_guard hold(lock_);
    open_ = false;
  }
  void WaitForSomebodyInside() {
    std::unique_lock hold(lock_);
    changed_.wait(hold, [&] { return inside_ > 0; });
  }
  int Inside() {
    std::lock_guard hold(lock_);
    return inside_;
  }

 private:
  std::mutex lock_;
  std::condition_variable changed_;
  bool open_ = false;
  int inside_ = 0;
};
Gate g_gate;

}  // namespace

// Found before the C library's by everything in this program.
extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
  if (host != nullptr && std::string(host) == "blocks.test") {
    g_gate.Pass();
    return EAI_NONAME;
  }
  if (host != nullptr && std::string(host) == "nobody.test") return EAI_NONAME;
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(host, service, hints, found);
}

namespace weft {
namespace {

using boost::asio::ip::tcp;

void RunMain(std::function<void(const Context&)> main, RunOptions options = {}) {
  options.loops = 1;
  EXPECT_FALSE(Run(Background(), options, [&](const Context& ctx) { main(ctx); }));
}

bool HasLoopback(const std::vector<tcp::endpoint>& endpoints, unsigned short port) {
  return std::any_of(endpoints.begin(), endpoints.end(),
                     [&](const tcp::endpoint& e) { return e.address().is_loopback() && e.port() == port; });
}

TEST(Resolve, NumericAddressesAreTakenAsTheyAre) {
  const struct {
    const char* host;
    const char* service;
    tcp::endpoint want;
  } kCases[] = {
      {"127.0.0.1", "80", {boost::asio::ip::make_address("127.0.0.1"), 80}},
      {"::1", "0", {boost::asio::ip::make_address("::1"), 0}},
      {"192.0.2.7", "65535", {boost::asio::ip::make_address("192.0.2.7"), 65535}},
  };
  for (const auto& c : kCases) {
    const auto endpoints = Resolve(Background(), c.host, c.service);

    ASSERT_FALSE(endpoints.Err()) << c.host;
    EXPECT_EQ(*endpoints, std::vector{c.want}) << c.host;
  }
}

TEST(Resolve, AHostsFileNameIsFoundOnALoopAndOnAPlainThread) {
  const auto look = [](const Context& ctx) {
    const auto endpoints = Resolve(ctx, "localhost", "8081");
    ASSERT_FALSE(endpoints.Err()) << endpoints.Err().Message();
    EXPECT_TRUE(HasLoopback(*endpoints, 8081));
  };
  look(Background());
  RunMain(look);
}

TEST(Resolve, ErrorsNameHostAndService) {
  RunMain([](const Context& ctx) {
    const Error unknown = Resolve(ctx, "nobody.test", "8081").Err();
    EXPECT_TRUE(unknown.Is(boost::asio::error::host_not_found)) << unknown.Message();
    EXPECT_NE(unknown.Message().find("host \"nobody.test\", service \"8081\""), std::string::npos) << unknown.Message();

    const Error service = Resolve(ctx, "127.0.0.1", "no-such-service").Err();
    EXPECT_TRUE(service.Is(boost::asio::error::service_not_found)) << service.Message();

    for (const auto& [host, port] : {std::pair<std::string_view, std::string_view>{"", "80"},
                                     {"localhost", ""},
                                     {std::string_view("a\0b", 3), "80"},
                                     {"127.0.0.1", "65536"},
                                     {"127.0.0.1", "-1"}}) {
      EXPECT_TRUE(Resolve(ctx, host, port).Err()) << host << " " << port;
    }
  });
}

TEST(Resolve, UnderADoneContextNothingIsLookedUp) {
  CancelScope scope = WithCancel(Background());
  scope.cancel();

  EXPECT_TRUE(Resolve(scope.ctx, "127.0.0.1", "80").Err().Is(kCanceled));
}

TEST(Resolve, ReturnsAtOnceWhenTheContextEndsAndTheLookUpGoesOn) {
  g_gate.Close();
  RunMain([](const Context& ctx) {
    CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    group.Go("cancels", [&](const Context& c) -> Error {
      if (Error err = Offload(c, [] { g_gate.WaitForSomebodyInside(); })) return err;
      scope.cancel();
      return {};
    });

    const Error err = Resolve(scope.ctx, "blocks.test", "80").Err();

    EXPECT_TRUE(err.Is(kCanceled)) << err.Message();
    EXPECT_EQ(g_gate.Inside(), 1);
    EXPECT_FALSE(group.Wait());
    g_gate.Open();
  });
  EXPECT_EQ(g_gate.Inside(), 0) << "the end of Run did not wait for the look-up";
}

TEST(Resolve, ALookUpThatWaitsForAThreadIsTakenBack) {
  g_gate.Close();
  RunOptions options;
  options.offload_threads = 1;
  RunMain(
      [](const Context& ctx) {
        CancelScope scope = WithCancel(ctx);
        Group group(ctx);
        group.Go("holds the thread", [&](const Context& c) { return Offload(c, [] { g_gate.Pass(); }); });
        while (g_gate.Inside() == 0) Yield();
        group.Go("cancels", [&](const Context&) { scope.cancel(); });

        EXPECT_TRUE(Resolve(scope.ctx, "localhost", "80").Err().Is(kCanceled));

        g_gate.Open();
        EXPECT_FALSE(group.Wait());
      },
      options);
}

}  // namespace
}  // namespace weft
