// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <weft/clients/postgres/listener.h>
#include <weft/concurrency/chan.h>
#include <weft/concurrency/event.h>

#include "kit.h"

namespace weft::postgres {
namespace {

class PostgresListenerTest : public PostgresTest {
 protected:
  static std::string Text(const Notification& n) { return n.gap ? "gap" : n.channel + ":" + n.payload; }
  static std::string NextButGaps(const Context& ctx, const Chan<std::string>& heard) {
    for (;;) {
      if (std::string text = *heard.Receive(ctx); text != "gap") return text;
    }
  }
  static void Notify(const Context& ctx, Pool& db, const std::string& channel, const std::string& payload) {
    EXPECT_OK(db.Execute(ctx, "select pg_notify($1, $2)", channel, payload).Err());
  }
};

TEST_F(PostgresListenerTest, GivesAGapFirstAndThenWhatComes) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    Listener listener(db);
    EXPECT_OK(listener.Add(ctx, "a"));
    const Chan<std::string> heard(100);
    Group group(ctx);
    const CancelScope scope = WithCancel(ctx);
    group.Go([&](const Context&) {
      EXPECT_TRUE(listener.Run(scope.ctx, [&](const Notification& n) { EXPECT_OK(heard.Send(ctx, Text(n))); }).Is(kCanceled));
    });
    EXPECT_EQ(*heard.Receive(ctx), "gap");
    Notify(ctx, db, "a", "1");
    Notify(ctx, db, "b", "unheard");
    Notify(ctx, db, "a", "2");
    EXPECT_EQ(*heard.Receive(ctx), "a:1");
    EXPECT_EQ(*heard.Receive(ctx), "a:2");

    EXPECT_OK(listener.Add(ctx, "B \"odd\" \\name"));  // the server knows it when this returns
    EXPECT_EQ(*heard.Receive(ctx), "gap") << "what came before is lost";
    Notify(ctx, db, "B \"odd\" \\name", "3");
    EXPECT_EQ(*heard.Receive(ctx), "B \"odd\" \\name:3");
    EXPECT_OK(listener.Remove(ctx, "a"));
    Notify(ctx, db, "a", "unheard");
    Notify(ctx, db, "B \"odd\" \\name", "4");
    EXPECT_EQ(*heard.Receive(ctx), "B \"odd\" \\name:4");
    scope.cancel();
    EXPECT_OK(group.Wait());
    EXPECT_EQ(db.Stats().opened, 1u) << "its own connection is not one of the pool";
    while (Sessions(ctx, db, "idle") != 0) Yield();  // it is closed
  });
}

// Hours of a test with a listener that receives nothing.
TEST_F(PostgresListenerTest, VirtualTimeGoesOnWhileItHearsNothing) {
  EXPECT_OK(RunTest([](const Context& ctx) {
    Pool db(Options());
    Listener listener(db);
    const Chan<std::string> heard(100);
    EXPECT_OK(listener.Add(ctx, "a"));
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    group.Go([&](const Context&) {
      EXPECT_TRUE(listener.Run(scope.ctx, [&](const Notification& n) { EXPECT_OK(heard.Send(ctx, Text(n))); }).Is(kCanceled));
    });
    EXPECT_EQ(*heard.Receive(ctx), "gap");
    EXPECT_OK(Sleep(ctx, 1h));
    Notify(ctx, db, "a", "1");
    EXPECT_EQ(*heard.Receive(ctx), "a:1");
    scope.cancel();
    EXPECT_OK(group.Wait());
  }));
}

TEST_F(PostgresListenerTest, AnErrorOfTheCallerEndsIt) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    Listener listener(db);
    const Error enough = Error::New("enough");
    EXPECT_TRUE(listener.Run(ctx, [&](const Notification&) { return enough; }).Is(enough));
    EXPECT_TRUE(listener.Run(ctx, [&](const Notification&) { return enough; }).Is(enough)) << "again";
  });
}

// The example of the header: it runs before it is told the channel.
TEST_F(PostgresListenerTest, ReportsAGapForWhatCameBeforeAdd) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    Listener listener(db);
    const Chan<std::string> heard(100);
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    group.Go([&](const Context&) {
      EXPECT_TRUE(listener.Run(scope.ctx, [&](const Notification& n) { EXPECT_OK(heard.Send(ctx, Text(n))); }).Is(kCanceled));
    });
    EXPECT_EQ(*heard.Receive(ctx), "gap");
    Notify(ctx, db, "late", "unheard");
    EXPECT_OK(listener.Add(ctx, "late"));
    EXPECT_EQ(*heard.Receive(ctx), "gap");
    EXPECT_OK(listener.Add(ctx, "late"));  // nothing new
    Notify(ctx, db, "late", "1");
    EXPECT_EQ(*heard.Receive(ctx), "late:1");
    scope.cancel();
    EXPECT_OK(group.Wait());
  });
}

TEST_F(PostgresListenerTest, AStandbyRefusesAndThatEndsIt) {
  Server().Stop();
  const std::filesystem::path signal = std::filesystem::path(Server().SocketPath()).parent_path() / "data" / "standby.signal";
  std::ofstream(signal).close();
  EXPECT_OK(Server().Restart());
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    Listener listener(db);
    EXPECT_OK(listener.Add(ctx, "a"));
    const CancelScope soon = WithTimeout(ctx, 10s);
    const Error err = listener.Run(soon.ctx, [](const Notification&) {});
    EXPECT_NE(err.As<Failure>(), nullptr) << err.Message();
    EXPECT_NE(err.Message().find("LISTEN"), std::string::npos) << err.Message();
  });
  Server().Stop();
  std::filesystem::remove(signal);
  EXPECT_OK(Server().Restart());
}

TEST_F(PostgresListenerTest, ItsPoolMustOutliveItsRunAndSoMustItself) {
  const auto destroy = [](bool pool) {
    OnLoops(1, [&](const Context& ctx) {
      auto db = std::make_unique<Pool>(Options());
      auto listener = std::make_unique<Listener>(*db);
      Event runs;
      Group group(ctx);
      group.Go([&](const Context& c) { return listener->Run(c, [&](const Notification&) { runs.Set(); }); });
      EXPECT_OK(runs.Wait(ctx));
      pool ? db.reset() : listener.reset();
    });
  };
  EXPECT_DEATH(destroy(true), "postgres::~Pool: .*a listener still uses it");
  EXPECT_DEATH(destroy(false), "postgres::~Listener: .*its Run has not returned");
}

TEST_F(PostgresListenerTest, NamesThatPostgresqlWouldCutAreRefused) {
  Pool db(Options());
  Listener listener(db);
  EXPECT_TRUE(static_cast<bool>(listener.Add(Background(), "")));
  EXPECT_TRUE(static_cast<bool>(listener.Add(Background(), std::string(64, 'x'))));
  EXPECT_OK(listener.Add(Background(), std::string(63, 'x')));
}

TEST_F(PostgresListenerTest, AfterALossThereIsAGapAndEverythingIsHeardAgain) {
  OnLoops(2, [](const Context& ctx) {
    Pool db(Options());
    Listener listener(db);
    const Chan<std::string> heard(100);
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx, {.spread = true});
    group.Go([&](const Context&) {
      EXPECT_TRUE(listener.Run(scope.ctx, [&](const Notification& n) { EXPECT_OK(heard.Send(ctx, Text(n))); }).Is(kCanceled));
    });
    EXPECT_OK(listener.Add(ctx, "a"));
    EXPECT_EQ(*heard.Receive(ctx), "gap");
    Server().Kill();
    EXPECT_OK(listener.Add(ctx, "b"));  // nobody is there who could know
    EXPECT_OK(Server().Restart());
    EXPECT_EQ(*heard.Receive(ctx), "gap");
    while (db.Ping(ctx)) EXPECT_OK(Sleep(ctx, 10ms));
    Notify(ctx, db, "a", "1");
    Notify(ctx, db, "b", "2");
    EXPECT_EQ(NextButGaps(ctx, heard), "a:1");
    EXPECT_EQ(NextButGaps(ctx, heard), "b:2");
    scope.cancel();
    EXPECT_OK(group.Wait());
  });
}

TEST_F(PostgresListenerTest, AddFromManyFibersAndThreads) {
  OnLoops(2, [](const Context& ctx) {
    Pool db(Options());
    Listener listener(db);
    std::atomic<int> heard{0};
    Event listening;
    const CancelScope scope = WithCancel(ctx);
    Group runs(ctx, {.spread = true});
    runs.Go([&](const Context&) {
      EXPECT_TRUE(listener.Run(scope.ctx, [&](const Notification& n) { n.gap ? listening.Set() : (void)++heard; }).Is(kCanceled));
    });
    EXPECT_OK(listening.Wait(ctx));
    Group group(ctx, {.spread = true});
    for (int f = 0; f < 8; ++f) {
      group.Go([&, f](const Context& c) {
        for (int i = 0; i < 10; ++i) {
          const std::string channel = "c" + std::to_string(f) + "_" + std::to_string(i);
          EXPECT_OK(listener.Add(c, channel));
          if (i % 3 == 0) {
            EXPECT_OK(listener.Remove(c, channel));
          }
        }
      });
    }
    EXPECT_OK(group.Wait());
    for (int f = 0; f < 8; ++f) {
      for (int i = 0; i < 10; ++i) Notify(ctx, db, "c" + std::to_string(f) + "_" + std::to_string(i), "");
    }
    while (heard < 8 * 6) Yield();
    scope.cancel();
    EXPECT_OK(runs.Wait());
    EXPECT_EQ(heard, 8 * 6);
  });
}

}  // namespace
}  // namespace weft::postgres
