// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>
#include <unistd.h>

#include "server_kit.h"

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

ServerOptions Room(std::uint64_t connections) {
  ServerOptions options;
  options.connections_max = connections;
  return options;
}

// Takes all descriptors that this process may have, and gives them back one by one or at its end.
class NoDescriptors {
 public:
  NoDescriptors() {
    // UndefinedBehaviorSanitizer looks at an object of a class that it has not met before through a pipe, and takes it for garbage
    // when there can be none. Those that tell of the shortage are met here.
    EventLog log;
    for (const std::error_category* category : {&std::system_category(), &std::generic_category()}) {
      const Error error(std::error_code(EMFILE, *category));
      static_cast<Observer&>(log).OnAcceptFailed({error, false});
    }
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit few = before_;
    few.rlim_cur = std::min<rlim_t>(before_.rlim_cur, 512);
    setrlimit(RLIMIT_NOFILE, &few);
    for (int fd = dup(2); fd >= 0; fd = dup(2)) taken_.push_back(fd);
  }
  ~NoDescriptors() {
    while (!taken_.empty()) GiveOneBack();
    setrlimit(RLIMIT_NOFILE, &before_);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

  void GiveOneBack() {
    close(taken_.back());
    taken_.pop_back();
  }

 private:
  rlimit before_{};
  std::vector<int> taken_;
};

TEST(ConnectionLimit, TheLongestIdleMakesRoom) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Tell, Room(3));
    Client fresh = site.Connect();
    Client older = site.Connect();
    Client newer = site.Connect();
    older.Get("/");
    (void)Sleep(ctx, seconds(1));
    newer.Get("/");

    Client next = site.Connect();
    EXPECT_EQ(next.Get("/next").body, "/next");

    EXPECT_TRUE(older.Ended());
    EXPECT_EQ(newer.Get("/still").body, "/still");
    EXPECT_EQ(fresh.Get("/first").body, "/first");
    EXPECT_EQ(site.Count("limit connections"), 1);
  });
}

TEST(ConnectionLimit, TheSlowestHeadMakesRoomWhenNobodyIsIdle) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Tell, Room(2));
    Client silent = site.Connect();
    (void)Sleep(ctx, milliseconds(10));
    Client half = site.Connect();
    half.Send("GET / HTTP/1.1\r\n");
    const TimePoint begin = Now();

    Client third = site.Connect();
    EXPECT_EQ(third.Get("/third").body, "/third");
    EXPECT_GE(Now() - begin, milliseconds(985));  // everybody has a second to speak
    EXPECT_LE(Now() - begin, milliseconds(1100));
    EXPECT_TRUE(silent.Ended());

    third.Send("GET /again HTTP/1.1\r\n");  // its second begins now
    Client fourth = site.Connect();
    EXPECT_EQ(fourth.Get("/fourth").body, "/fourth");
    EXPECT_THAT(half.ToEnd(), ::testing::StartsWith("HTTP/1.1 408 "));
    third.Send("Host: h\r\n\r\n");
    EXPECT_EQ(third.ReadResponse().body, "/again");
  });
}

TEST(ConnectionLimit, NoConnectionIsEvictedWhileNoneWaits) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Tell, Room(3));
    std::vector<Client> clients;
    for (int i = 0; i < 3; ++i) clients.push_back(site.Connect());
    for (Client& client : clients) client.Get("/");

    (void)Sleep(ctx, seconds(10));

    for (Client& client : clients) EXPECT_EQ(client.Get("/").status, 200);
    EXPECT_EQ(site.Count("limit"), 0);
  });
}

TEST(ConnectionLimit, NewOnesWaitWhileNobodyIsIdle) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (Error err = Sleep(r.Ctx(), seconds(2))) return err;
      return w.Write(r.Target());
    }, Room(2));
    Client first = site.Connect();
    Client second = site.Connect();
    first.Send(kGet);
    second.Send(kGet);
    (void)Sleep(ctx, milliseconds(1));
    const TimePoint begin = Now();

    Client third = site.Connect();
    third.Send(kGet);

    EXPECT_EQ(third.ReadResponse().body, "/");
    EXPECT_GE(Now() - begin, seconds(3));
    EXPECT_LE(Now() - begin, milliseconds(4200));
    EXPECT_EQ(first.ReadResponse().status, 200);  // nobody was cut off
    EXPECT_EQ(second.ReadResponse().status, 200);
  });
}

TEST(ConnectionLimit, ConnectionsThatWaitAreServedInTheDrain) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (Error err = Sleep(r.Ctx(), seconds(2))) return err;
      return w.Write(r.Target());
    }, Room(1));
    Client first = site.Connect();
    first.Send(kGet);
    (void)Sleep(ctx, milliseconds(1));
    Client second = site.Connect();
    second.Send(kGet);
    (void)Sleep(ctx, milliseconds(1));

    site.server().BeginDrain();

    EXPECT_EQ(first.ReadResponse().status, 200);
    EXPECT_EQ(second.ReadResponse().status, 200);
    EXPECT_FALSE(site.Stop());
  });
}

// UBSan reads the first object of each type through a pipe, for which there must be a descriptor: so one is evicted before.
void EvictOneWithDescriptorsToSpare(const Context& ctx) {
  ServerOptions options;
  options.connections_max = 1;
  Site site(ctx, Tell, options);
  Client idle = site.Connect();
  idle.Get("/");
  Client next = site.Connect();
  EXPECT_EQ(next.Get("/next").body, "/next");
  EXPECT_TRUE(idle.Ended());
}

TEST(Descriptors, IdleConnectionsAreClosedWhenTheyRunOut) {
  Virtually([](const Context& ctx) {
    EvictOneWithDescriptorsToSpare(ctx);
    Site site(ctx, Tell);
    Client idle = site.Connect();
    idle.Get("/");
    Client next = site.Connect();  // in the backlog: nobody has run yet
    const NoDescriptors none;

    EXPECT_EQ(next.Get("/next").body, "/next");

    EXPECT_TRUE(idle.Ended());
    EXPECT_EQ(site.Count("accept failed: "), 1);
  });
}

TEST(Descriptors, RunningOutNeitherEndsTheServerNorMakesItSpin) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (Error err = Sleep(r.Ctx(), seconds(30))) return err;
      return w.Write("x");
    });
    Client busy = site.Connect();
    busy.Send(kGet);
    (void)Sleep(ctx, seconds(1));
    Client waits = site.Connect();
    waits.Send(kGet);
    {
      NoDescriptors none;
      (void)Sleep(ctx, seconds(10));
      EXPECT_EQ(site.Count("accept failed: "), 1);  // told once
      none.GiveOneBack();
      (void)Sleep(ctx, seconds(1));
    }

    EXPECT_EQ(busy.ReadResponse().body, "x");
    EXPECT_EQ(waits.ReadResponse().body, "x");
    EXPECT_FALSE(site.Stop());
  });
}

}  // namespace
}  // namespace weft
