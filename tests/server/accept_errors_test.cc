// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <vector>

#include "server_kit.h"
#include "syscall_kit.h"

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(AcceptErrors, AShortageNeitherSpinsNorEndsTheServer) {
  for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM}) {
    Virtually([&](const Context& ctx) {
      Site site(ctx, Say("served"));
      Client waits = site.Connect();
      waits.Send(kGet);
      {
        const FailingAccept shortage(error);
        (void)Sleep(ctx, seconds(10));
        // One try every 10 ms.
        EXPECT_GE(shortage.Calls(), 500);
        EXPECT_LE(shortage.Calls(), 1001);
      }

      EXPECT_EQ(waits.ReadResponse().body, "served");  // service comes back by itself
      EXPECT_EQ(site.Connect().Get("/").body, "served");
      EXPECT_EQ(site.Count("accept failed: "), 1);
      EXPECT_FALSE(site.Stop());
    });
  }
}

// Such as EPERM of a security module. Nobody who is here is in the way, and the loop goes on.
TEST(AcceptErrors, IfTheyPersistNeitherSpinNorHurtOpenConnections) {
  for (const int error : {EPERM, ENETDOWN, EOPNOTSUPP}) {
    Virtually([&](const Context& ctx) {
      Site site(ctx, Say("served"));
      Client open = site.Connect();
      open.Get("/");
      Client waits = site.Connect();
      waits.Send(kGet);
      {
        const FailingAccept forbidden(error);
        (void)Sleep(ctx, seconds(10));
        EXPECT_EQ(open.Get("/").body, "served");
        EXPECT_LE(forbidden.Calls(), 16 * 1001);
      }

      EXPECT_EQ(waits.ReadResponse().body, "served");
      EXPECT_EQ(site.Count("accept failed: "), 1);
    });
  }
}

// As where fs.epoll.max_user_watches is reached.
TEST(AcceptErrors, ReportsAndClosesAConnectionItCannotWatch) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("served"));
    {
      const FailingWatch none;
      EXPECT_TRUE(site.Connect().Ended());
    }

    EXPECT_THAT(site.Events(), ::testing::ElementsAre("out of memory 0"));
    EXPECT_EQ(site.Connect().Get("/").body, "served");
    EXPECT_FALSE(site.Stop());
  });
}

TEST(AcceptErrors, AShortageWithoutAnybodyWaitingCostsNothing) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("served"));
    (void)Sleep(ctx, milliseconds(1));
    const FailingAccept shortage(EMFILE);

    (void)Sleep(ctx, seconds(10));

    EXPECT_EQ(shortage.Calls(), 0);
    EXPECT_EQ(site.Count("accept failed"), 0);
  });
}

TEST(AcceptErrors, ReportsEachShortageOnce) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("served"));
    for (int i = 1; i <= 3; ++i) {
      Client waits = site.Connect();
      {
        const FailingAccept shortage(ENFILE);
        (void)Sleep(ctx, seconds(1));
      }
      EXPECT_EQ(waits.Get("/").body, "served");
      EXPECT_EQ(site.Count("accept failed: "), i);
    }
  });
}

TEST(AcceptErrors, AShortageFreesIdleConnections) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("served"));
    std::vector<Client> idle;
    for (int i = 0; i < 5; ++i) {
      idle.push_back(site.Connect());
      idle.back().Get("/");
    }
    Client waits = site.Connect();
    {
      const FailingAccept shortage(EMFILE);
      (void)Sleep(ctx, milliseconds(5));  // three tries

      EXPECT_TRUE(idle[0].Ended());
      EXPECT_TRUE(idle[1].Ended());
      EXPECT_TRUE(idle[2].Ended());
    }
    EXPECT_EQ(idle[4].Get("/").body, "served");
    EXPECT_EQ(waits.Get("/").body, "served");
  });
}

TEST(AcceptErrors, ABrokenListenerEndsTheServerInGoodOrder) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (Error err = Sleep(r.Ctx(), seconds(3))) return err;
      return w.Write("to its end");
    });
    Client busy = site.Connect();
    busy.Send(kGet);
    (void)Sleep(ctx, seconds(1));
    const FailingAccept broken(EINVAL);
    Client next = site.Connect();

    EXPECT_EQ(busy.ReadResponse().body, "to its end");
    const Error err = site.server().Join();

    EXPECT_TRUE(err.Is(std::errc::invalid_argument)) << err.Message();
    EXPECT_EQ(site.Count("accept failed: "), 1);
    EXPECT_LE(broken.Calls(), 3);  // at first, and when the drain looks
  });
}

TEST(AcceptErrors, OnOneConnectionDoNotStopTheOthers) {
  // The client that caused it is passed over at once: the next call would take the next one.
  for (const int error : {ECONNABORTED, EPROTO, ENETDOWN, EHOSTUNREACH, EPERM}) {
    Virtually([&](const Context& ctx) {
      Site site(ctx, Say("served"));
      Client client = site.Connect();
      const FailingAccept gone(error, /*times=*/3);

      EXPECT_EQ(client.Get("/").body, "served");
      EXPECT_EQ(gone.Calls(), 3);
      EXPECT_EQ(site.Count("accept failed"), 0);
    });
  }
}

}  // namespace
}  // namespace weft
