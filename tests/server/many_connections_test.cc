// SPDX-License-Identifier: Apache-2.0
//
// What has to be done with very many connections at once does not hold their loop: others have their turn in between.
#include <algorithm>
#include <memory>
#include <vector>

#include <weft/concurrency/group.h>
#include <weft/concurrency/loop.h>

#include "server_kit.h"

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kMany = 200;
constexpr int kAtOnce = 64;  // of each list of the server, in one turn of the loop

// How much comes in one piece: until the loop takes a message that was posted at its beginning.
class Pieces final : public Observer, private LoopTask {
 public:
  Pieces() : LoopTask(&OnNext), loop_(*Loop::Current()) {}

  bool WatchesConnections() const override { return true; }
  void OnTimedOut(const TimedOut&) override { Count(); }
  void OnHandlerStuck(const HandlerStuck&) override { Count(); }
  void OnConnectionClosed(const ConnectionClosed& e) override {
    if (e.reason == CloseReason::kForced) Count();
  }

  void Count() {
    if (present_ == 0) loop_.Post(*this);
    ++all_;
    longest_ = std::max(longest_, ++present_);
  }
  int All() const { return all_; }
  int Longest() const { return longest_; }

 private:
  static void OnNext(LoopTask* task) { static_cast<Pieces*>(task)->present_ = 0; }
  Loop& loop_;
  int all_ = 0;
  int present_ = 0;
  int longest_ = 0;
};

std::vector<std::unique_ptr<Client>> ConnectMany(const Context& ctx, const TestServer& server) {
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < kMany; ++i) clients.push_back(std::make_unique<Client>(ctx, server.Bound()));
  return clients;
}

TEST(ManyConnections, IdleOnesAreClosedSomeAtATime) {
  Virtually([](const Context& ctx) {
    Pieces pieces;
    ServerOptions options;
    options.observer = &pieces;
    TestServer server(ctx, [](ResponseWriter& w, Request&) { return w.Write("x"); }, options);
    const auto clients = ConnectMany(ctx, server);
    for (const auto& client : clients) client->Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    for (const auto& client : clients) EXPECT_EQ(client->ReadResponse().body, "x");

    for (const auto& client : clients) EXPECT_TRUE(client->Ended());

    EXPECT_EQ(pieces.All(), kMany);
    EXPECT_LE(pieces.Longest(), kAtOnce);
    EXPECT_FALSE(server.Stop());
  });
}

TEST(ManyConnections, ADrainClosesThemSomeAtATime) {
  Virtually([](const Context& ctx) {
    Pieces pieces;
    ServerOptions options;
    options.observer = &pieces;
    options.drain_timeout = options.cancel_grace = seconds(1);
    Event open;
    TestServer server(ctx, [&](ResponseWriter&, Request&) { return open.Wait(Background()); }, options);
    const auto clients = ConnectMany(ctx, server);
    for (const auto& client : clients) client->Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)Sleep(ctx, seconds(1));
    Group group(ctx);
    group.Go([&](const Context& c) {
      (void)Sleep(c, seconds(8));  // one report of those that are stuck
      open.Set();
    });

    EXPECT_TRUE(server.Stop());

    EXPECT_GE(pieces.All(), 2 * kMany) << "each is reported and closed";
    EXPECT_LE(pieces.Longest(), kAtOnce);
    EXPECT_FALSE(group.Wait());
  });
}

// All who have a slot end at once, and as many wait for one.
TEST(ManyConnections, WaitingOnesGetSlotsSomeAtATime) {
  Virtually([](const Context& ctx) {
    Event open;
    Pieces pieces;
    ServerOptions options;
    options.requests_max = options.queued_requests_max = kMany;
    TestServer server(ctx, [&](ResponseWriter&, Request&) {
      if (open.IsSet()) pieces.Count();
      return open.Wait(Background());
    }, options);
    const auto first = ConnectMany(ctx, server);
    for (const auto& client : first) client->Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)Sleep(ctx, milliseconds(1));
    const auto later = ConnectMany(ctx, server);
    for (const auto& client : later) client->Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)Sleep(ctx, milliseconds(1));

    open.Set();

    for (const auto& client : later) EXPECT_EQ(client->ReadResponse().status, 200);
    EXPECT_EQ(pieces.All(), kMany);
    EXPECT_LE(pieces.Longest(), kAtOnce);
    EXPECT_FALSE(server.Stop());
  });
}

// A few in each turn. Those that have come just now may still speak, for as long as their grace lasts.
TEST(ManyConnections, AreAllClosedByTheDrain) {
  Virtually([](const Context& ctx) {
    TestServer server(ctx, [](ResponseWriter& w, Request&) { return w.Write("x"); });
    const auto quiet = ConnectMany(ctx, server);
    for (int i = 0; i < kMany / 2; ++i) EXPECT_EQ(quiet[static_cast<std::size_t>(i)]->Get("/").body, "x");
    (void)Sleep(ctx, seconds(3));
    const auto fresh = ConnectMany(ctx, server);
    (void)Sleep(ctx, milliseconds(1));
    const TimePoint start = Now();

    server.BeginDrain();

    for (const auto& client : quiet) EXPECT_TRUE(client->Ended());
    EXPECT_LT(Now() - start, milliseconds(50));
    for (const auto& client : fresh) EXPECT_TRUE(client->Ended());
    EXPECT_LE(Now() - start, milliseconds(250));
    EXPECT_FALSE(server.Stop());
  });
}

}  // namespace
}  // namespace weft
