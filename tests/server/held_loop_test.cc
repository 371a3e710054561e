// SPDX-License-Identifier: Apache-2.0
//
// Loops that are held by a handler which does not park. Everything that can go on goes on.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <thread>

#include <weft/concurrency/loop.h>
#include <weft/concurrency/run.h>

#include "batch_kit.h"
#include "server_kit.h"

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::HasSubstr;

// Holds the threads that come to it, as a computation or a standard lock would.
class Blocker {
 public:
  ~Blocker() { Release(); }
  void Hold() {
    std::unique_lock hold(lock_);
    ++held_;
    changed_.notify_all();
    changed_.wait(hold, [this] { return released_; });
  }
  void WaitUntilHeld(int count = 1) {
    std::unique_lock hold(lock_);
    changed_.wait(hold, [&] { return held_ >= count; });
  }
  void Release() {
    std::lock_guard hold(lock_);
    released_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex lock_;
  std::condition_variable changed_;
  int held_ = 0;
  bool released_ = false;
};

ServerOptions OnLoops(int loops) {
  ServerOptions options;
  options.address = "127.0.0.1:0";
  options.loops = loops;
  return options;
}

constexpr std::string_view kHold = "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n";

// Responds with the number of its loop; "/hold" holds that loop.
struct Holding {
  Error operator()(ResponseWriter& w, Request& r) {
    if (r.Path() == "/hold") blocker.Hold();
    return w.Write(std::to_string(Loop::Current()->Index()));
  }
  Blocker blocker;
};

// Connections, one on each loop, in the order of the loops; behind them those that there were too many, where the system has not let some
// loop run for a while.
std::vector<std::unique_ptr<Client>> OneOnEachLoop(const Site& site, int loops) {
  std::vector<std::unique_ptr<Client>> found(static_cast<std::size_t>(loops));
  for (int missing = loops; missing > 0;) {
    auto client = std::make_unique<Client>(site.Connect());
    const std::size_t loop = std::stoul(client->Get("/").body);
    if (found.at(loop) == nullptr) {
      found[loop] = std::move(client);
      --missing;
    } else {
      found.push_back(std::move(client));
    }
  }
  return found;
}

TEST(HeldLoop, KeepsNoNewClientOut) {
  constexpr int kLoops = 3;
  for (std::size_t held = 0; held < kLoops; ++held) {
    Holding holding;
    Site site(Background(), [&](ResponseWriter& w, Request& r) { return holding(w, r); }, OnLoops(kLoops));
    const auto on_loop = OneOnEachLoop(site, kLoops);
    on_loop[held]->Send(kHold);
    holding.blocker.WaitUntilHeld();

    for (int i = 0; i < 40; ++i) EXPECT_NE(site.Connect().Get("/").body, std::to_string(held));

    holding.blocker.Release();
    EXPECT_EQ(on_loop[held]->ReadResponse().body, std::to_string(held));
    EXPECT_FALSE(site.Stop());
  }
}

TEST(HeldLoop, LeavesNewClientsInTheBacklogWhereAllAreHeld) {
  Holding holding;
  Site site(Background(), [&](ResponseWriter& w, Request& r) { return holding(w, r); }, OnLoops(2));
  const auto on_loop = OneOnEachLoop(site, 2);
  for (std::size_t i = 0; i < 2; ++i) on_loop[i]->Send(kHold);
  holding.blocker.WaitUntilHeld(2);

  Client waits = site.Connect();  // in the backlog
  waits.Send(kGet);
  holding.blocker.Release();

  EXPECT_EQ(waits.ReadResponse().status, 200);
}

// Connections are spread by their number, whoever has accepted them, also where the loops are busy.
TEST(HeldLoop, ConnectionsAreSpreadEvenlyUnderLoad) {
  Holding holding;
  Site site(Background(), [&](ResponseWriter& w, Request& r) { return holding(w, r); }, OnLoops(2));
  std::vector<std::unique_ptr<Client>> clients;
  std::array<int, 2> on_loop{};
  std::atomic<bool> stop{false};
  std::thread load([&] {
    Client client = site.Connect();
    while (!stop) client.Get("/");
  });
  for (int i = 0; i < 60; ++i) {
    clients.push_back(std::make_unique<Client>(site.Connect()));
    ++on_loop.at(std::stoul(clients.back()->Get("/").body));
  }
  stop = true;
  load.join();

  EXPECT_GE(on_loop[0], 15);
  EXPECT_GE(on_loop[1], 15);
}

int PortOf(const Site& site) {
  const std::string& bound = const_cast<Site&>(site).server().Bound();
  return std::stoi(bound.substr(bound.rfind(':') + 1));
}

bool IsRefused(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool refused = connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 && errno == ECONNREFUSED;
  close(fd);
  return refused;
}

class HeldLoopDrain : public ::testing::TestWithParam<int> {};

// The loop of ListenAndServe's fiber is the first one; the drain goes on whoever is held.
TEST_P(HeldLoopDrain, StartsAndForciblyClosesTheOthersAllTheSame) {
  const auto held = static_cast<std::size_t>(GetParam());
  Holding holding;
  std::atomic<bool> canceled{false};
  ServerOptions options = OnLoops(2);
  options.drain_timeout = milliseconds(200);
  options.cancel_grace = milliseconds(50);
  Site site(Background(), [&](ResponseWriter& w, Request& r) -> Error {
    if (r.Path() != "/wait") return holding(w, r);
    const Error err = r.Ctx().Wait();
    canceled = err.Is(kServerClosing);
    return err;
  }, options);
  const auto on_loop = OneOnEachLoop(site, 2);
  on_loop[held]->Send(kHold);
  holding.blocker.WaitUntilHeld();
  Client& waits = *on_loop[1 - held];
  waits.Send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");

  site.server().BeginDrain();

  EXPECT_EQ(waits.ReadResponse().status, 503);  // when the drain timeout expires
  EXPECT_TRUE(canceled);
  EXPECT_TRUE(IsRefused(PortOf(site)));
  while (site.Count("stalled GET /hold") == 0 || site.Count("drain forced close") == 0) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_THAT(site.Events(), Contains("drain draining"));
  EXPECT_THAT(site.Events(), Contains("drain canceling"));
  EXPECT_THAT(site.Events(), ::testing::Not(Contains("drain drained")));
  holding.blocker.Release();
  waits.raw().Close();
  (void)site.Stop();
  EXPECT_THAT(site.Events(), Contains("drain drained"));
}

INSTANTIATE_TEST_SUITE_P(Loops, HeldLoopDrain, ::testing::Values(0, 1));

TEST(HeldLoop, AsTheOnlyLoopDelaysNothingInADrainButItsOwnRequests) {
  Holding holding;
  std::atomic<bool> draining_seen{false};
  ServerOptions options = OnLoops(1);
  Site site(Background(), [&](ResponseWriter& w, Request& r) -> Error {
    Error err = holding(w, r);
    draining_seen = static_cast<bool>(r.Draining().Err());
    return err;
  }, options);
  Client client = site.Connect();
  client.Send(kHold);
  holding.blocker.WaitUntilHeld();

  site.server().BeginDrain();
  while (!IsRefused(PortOf(site))) std::this_thread::sleep_for(milliseconds(1));
  holding.blocker.Release();

  EXPECT_EQ(client.ReadResponse().status, 200);
  EXPECT_TRUE(draining_seen);
  client.raw().Close();
  EXPECT_FALSE(site.Stop());
}

// Responses that are ready are sent while a handler holds the loop.

TEST(HeldLoop, HoldsBackNoResponseOfTheSameConnection) {
  Holding holding;
  Site site(Background(), [&](ResponseWriter& w, Request& r) { return holding(w, r); }, OnLoops(1));
  Client client = site.Connect();
  for (int i = 0; i < 100; ++i) client.Get("/");  // quick ones: the server trusts its handlers

  client.Send(std::string(kGet) + std::string(kHold) + std::string(kGet));
  EXPECT_EQ(client.ReadResponse().body, "0");
  holding.blocker.Release();

  EXPECT_EQ(client.ReadResponse().body, "0");
  EXPECT_EQ(client.ReadResponse().body, "0");
}

TEST(HeldLoop, HoldsBackNoResponseOfOthersThatCameWithIt) {
  Blocker blocker;
  PlayOnRealTime([&](const Context& ctx) {
    Crowd crowd(ctx, kTogether, [&](ResponseWriter& w, Request& r) -> Error {
      if (!Warm(r) && NumberOf(r) + 1 == kTogether) blocker.Hold();
      return w.Write(r.Path());
    });
    std::thread others([&] {
      blocker.WaitUntilHeld();
      for (std::size_t i = 0; i + 1 < kTogether; ++i) EXPECT_TRUE(GetsResponse(crowd.clients[i])) << i;
      blocker.Release();
    });
    crowd.AllAsk();

    crowd.AllHaveResponses();
    others.join();
  });
}

TEST(HeldLoop, SendsWhatIsReadyWhenItYields) {
  Virtually([](const Context& ctx) {
    bool stop = false;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      while (r.Path() == "/yields" && !stop) Yield();
      return w.Write(r.Path());
    });
    Client client = site.Connect();

    client.Send("GET /quick HTTP/1.1\r\nHost: h\r\n\r\nGET /yields HTTP/1.1\r\nHost: h\r\n\r\n");

    EXPECT_EQ(client.ReadResponse().body, "/quick");
    stop = true;
    EXPECT_EQ(client.ReadResponse().body, "/yields");
  });
}

// Timeouts that are due after a loop was held: what came in time counts.

TEST(HeldLoop, BelievesNoTimeoutOfWhoHasSentInTime) {
  constexpr Duration kTimeout = milliseconds(800);
  Blocker blocker;
  ServerOptions options = OnLoops(1);
  options.header_timeout = options.idle_timeout = options.body_stall_timeout = kTimeout;
  Site site(Background(), [&](ResponseWriter& w, Request& r) -> Error {
    if (r.Path() == "/hold") blocker.Hold();
    if (r.Method() == "POST") return Echo(w, r);
    return w.Write(r.Path());
  }, options);
  std::vector<std::unique_ptr<Client>> clients;
  const auto connect = [&]() -> Client& { return *clients.emplace_back(std::make_unique<Client>(site.Connect())); };
  Client& holds = connect();
  holds.Get("/");
  Client& idle = connect();
  idle.Get("/");
  Client& head = connect();
  head.Send("GET /head HTTP/1.1\r\n");
  Client& body = connect();
  body.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n");
  Client& fresh = connect();
  holds.Get("/");
  holds.Send(kHold);
  blocker.WaitUntilHeld();

  idle.Send("GET /idle HTTP/1.1\r\nHost: h\r\n\r\n");
  head.Send("Host: h\r\n\r\n");
  body.Send("body");
  fresh.Send("GET /fresh HTTP/1.1\r\nHost: h\r\n\r\n");
  for (const TimePoint until = Now() + 2 * kTimeout; Now() < until;) std::this_thread::yield();
  blocker.Release();

  EXPECT_EQ(idle.ReadResponse().body, "/idle");
  EXPECT_EQ(head.ReadResponse().body, "/head");
  EXPECT_EQ(body.ReadResponse().body, "body");
  EXPECT_EQ(fresh.ReadResponse().body, "/fresh");
  EXPECT_EQ(site.Count("timeout header") + site.Count("timeout body"), 0);
}

}  // namespace
}  // namespace weft
