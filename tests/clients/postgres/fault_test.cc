// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include <weft/net/client_failure.h>

#include "fault_kit.h"

namespace weft::postgres {

namespace internal {
Error OfConnect(std::string message, const std::string& origin);  // error_of.h needs libpq's headers
}

namespace {

class PostgresFaultTest : public PostgresTest {};

TEST_F(PostgresFaultTest, AKilledServerIsAnErrorAtOnceAndThePoolIsWholeAgain) {
  Pool db(Options());
  UnderLoad(db, [] { Server().Kill(); }, [] { EXPECT_OK(Server().Restart()); });
}

TEST_F(PostgresFaultTest, ARestartedServerIsAnErrorAtOnceAndThePoolIsWholeAgain) {
  Pool db(Options());
  UnderLoad(db, [] { Server().Stop(); }, [] { EXPECT_OK(Server().Restart()); });
}

// What is idle when the server restarts costs no call an error.
TEST_F(PostgresFaultTest, IdleConnectionsThatAreLostAreReplacedBeforeTheyAreUsed) {
  Pool db(Options());
  OnLoops(1, [&](const Context& ctx) {
    Group group(ctx);
    for (int i = 0; i < 4; ++i) group.Go([&](const Context& c) { EXPECT_OK(db.Execute(c, "select pg_sleep(0.1)").Err()); });
    EXPECT_OK(group.Wait());
    EXPECT_EQ(db.Stats().idle, 4u);
    Server().Stop();
    EXPECT_OK(Server().Restart());
    EXPECT_OK(db.Ping(ctx));
    EXPECT_EQ(db.Stats().open, 1u) << "the others were found lost, too";
  });
}

TEST_F(PostgresFaultTest, AServerThatHangsCostsNoMoreThanDeadlineAndGrace) {
  OnLoops(1, [](const Context& ctx) {
    PoolOptions options = Options();
    options.cancel_grace = 50ms;
    options.connect_timeout = 100ms;
    Pool db(options);
    EXPECT_OK(db.Ping(ctx));
    Server().Pause();
    const CancelScope soon = WithTimeout(ctx, 50ms);
    EXPECT_TRUE(db.Ping(soon.ctx).Is(kDeadlineExceeded));
    EXPECT_EQ(db.Stats().closed, 1u) << "nobody knows what it does";
    const Error err = db.Ping(ctx);
    ExpectUnavailable(err);
    ASSERT_NE(err.As<ClientFailure>(), nullptr);
    EXPECT_EQ(err.As<ClientFailure>()->kind, ClientFailure::kTimedOut);
    EXPECT_FALSE(err.As<ClientFailure>()->processed);
    Server().Resume();
    EXPECT_TRUE(Serves(ctx, db));
  });
}

TEST_F(PostgresFaultTest, ATerminatedSessionSaysWhyAndMayHaveBeenProcessed) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options()), admin(Options());
    Group group(ctx);
    group.Go([&](const Context& c) {
      const Error err = db.Execute(c, "select pg_sleep(60)").Err();
      ExpectUnavailable(err);
      EXPECT_TRUE(err.As<ClientFailure>()->processed);
      EXPECT_EQ(err.As<ClientFailure>()->kind, ClientFailure::kReset);
      EXPECT_TRUE(IsSqlState(err, "57P01")) << err.Message();
    });
    while (*admin.QueryOne<std::int64_t>(ctx, "select count(pg_terminate_backend(pid)) from pg_stat_activity where query like '%sleep(60)%' and pid <> pg_backend_pid()") == 0) {
    }
    EXPECT_OK(group.Wait());
    EXPECT_OK(db.Ping(ctx));
  });
}

TEST_F(PostgresFaultTest, ALostCommitIsUnknown) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options()), admin(Options());
    EXPECT_OK(db.Execute(ctx, "create table lost (n integer)").Err());
    EXPECT_OK(db.Execute(ctx, "create function sleep_long() returns trigger language plpgsql as $$ begin perform pg_sleep(60); return null; end $$").Err());
    EXPECT_OK(db.Execute(ctx, "create constraint trigger t after insert on lost deferrable initially deferred for each row execute function sleep_long()").Err());
    Group group(ctx);
    group.Go([&](const Context& c) {
      const Error err = db.InTransaction(c, [](const Context& in, Transaction& tx) { return tx.Execute(in, "insert into lost values (1)").Err(); });
      ExpectUnavailable(err);
      ASSERT_NE(err.As<Failure>(), nullptr);
      EXPECT_TRUE(err.As<Failure>()->commit_unknown);
    });
    while (*admin.QueryOne<std::int64_t>(ctx, "select count(pg_terminate_backend(pid)) from pg_stat_activity where query = 'commit' and state = 'active'") == 0) {
    }
    EXPECT_OK(group.Wait());
  });
}

// The server has ended the session before COMMIT: nobody has to find out what became of the transaction.
TEST_F(PostgresFaultTest, WhatIsLostBeforeCommitSurelyDidNotHappen) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options()), admin(Options());
    EXPECT_OK(db.Execute(ctx, "create table early (n integer)").Err());
    const Error err = db.InTransaction(ctx, [&](const Context& c, Transaction& tx) -> Error {
      EXPECT_OK(tx.Execute(c, "set idle_in_transaction_session_timeout to 50").Err());
      EXPECT_OK(tx.Execute(c, "insert into early values (1)").Err());
      while (Sessions(c, admin, "idle in transaction") != 0) Yield();
      return {};
    });
    ExpectUnavailable(err);
    EXPECT_TRUE(IsSqlState(err, "25P03")) << err.Message();
    ASSERT_NE(err.As<Failure>(), nullptr);
    EXPECT_FALSE(err.As<Failure>()->commit_unknown);
    ASSERT_NE(err.As<ClientFailure>(), nullptr);
    EXPECT_FALSE(err.As<ClientFailure>()->processed);
    EXPECT_EQ(*db.QueryOne<std::int64_t>(ctx, "select count(*) from early"), 0);
  });
}

TEST_F(PostgresFaultTest, WhatCannotBeReachedSaysSo) {
  OnLoops(1, [](const Context& ctx) {
    const auto kind_of = [&](const std::string& conninfo) {
      Pool db({.conninfo = conninfo});
      const Error err = db.Ping(ctx);
      EXPECT_NE(err.As<ClientFailure>(), nullptr) << err.Message();
      EXPECT_FALSE(err.As<ClientFailure>() != nullptr && err.As<ClientFailure>()->processed);
      return err.As<ClientFailure>() != nullptr ? err.As<ClientFailure>()->kind : ClientFailure::kStatus;
    };
    EXPECT_EQ(kind_of("host=/nonexistent dbname=x"), ClientFailure::kRefused);
    EXPECT_EQ(kind_of("host=127.0.0.1 port=1 dbname=x"), ClientFailure::kRefused);
    EXPECT_EQ(kind_of("host=no-such-name.invalid dbname=x"), ClientFailure::kResolve);
    EXPECT_EQ(kind_of(Server().ConnInfo() + " dbname=no_such_database"), ClientFailure::kStatus);
    Pool db({.conninfo = Server().ConnInfo() + " dbname=no_such_database"});
    const Error err = db.Ping(ctx);
    EXPECT_TRUE(IsSqlState(err, "3D000")) << err.Message();
    EXPECT_TRUE(err.Is(kUpstreamFailed)) << "no reason to try again";
  });
}

TEST_F(PostgresFaultTest, AHandshakeThatIsCutIsNoWrongConfiguration) {
  const auto kind_of = [](const char* message) { return internal::OfConnect(message, "postgres://h:5432/d").As<ClientFailure>()->kind; };
  EXPECT_EQ(kind_of("connection to server at \"h\" failed: SSL SYSCALL error: EOF detected"), ClientFailure::kReset);
  EXPECT_EQ(kind_of("connection to server at \"h\" failed: SSL error: unexpected eof while reading"), ClientFailure::kReset);
  EXPECT_EQ(kind_of("connection to server at \"h\" failed: SSL error: certificate verify failed"), ClientFailure::kTls);
  EXPECT_EQ(kind_of("could not read certificate file \"c\": No such file or directory"), ClientFailure::kTls);
  EXPECT_EQ(kind_of("connection to server on socket \"/s\" failed: No such file or directory"), ClientFailure::kRefused);
}

TEST_F(PostgresFaultTest, ALaterHostIsTriedToo) {
  OnLoops(1, [](const Context& ctx) {
    std::string conninfo = Server().ConnInfo();
    conninfo.insert(conninfo.find("host=") + 5, "/nonexistent,localhost,");
    conninfo.replace(conninfo.find("port="), 9, "port=5432,1,5432");
    Pool db({.conninfo = conninfo});
    EXPECT_OK(db.Ping(ctx));
  });
}

// It takes connections, as a machine that hangs does, and says nothing.
TEST_F(PostgresFaultTest, AHostThatIsSilentIsPassedOver) {
  std::string folder = (std::filesystem::temp_directory_path() / "weft-silent-XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const int silent = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (folder + "/.s.PGSQL.5432").copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(bind(silent, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(silent, 64), 0);
  OnLoops(1, [&](const Context& ctx) {
    for (const bool names : {false, true}) {
      std::string conninfo = Server().ConnInfo();
      conninfo.insert(conninfo.find("host=") + 5, folder + (names ? ",localhost," : ","));
      if (names) conninfo.replace(conninfo.find("port="), 9, "port=5432,1,5432");
      Pool db({.conninfo = conninfo, .acquire_timeout = 10s, .connect_timeout = 3s});
      EXPECT_OK(db.Ping(ctx));
    }
  });
  close(silent);
  std::filesystem::remove_all(folder);
}

// A service's file that blocks who opens it: it holds a thread of Offload, and no loop, nor the one that makes the Pool.
TEST_F(PostgresFaultTest, FilesAreReadOnNoLoop) {
  std::string folder = (std::filesystem::temp_directory_path() / "weft-service-XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string file = folder + "/service";
  ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
  std::signal(SIGPIPE, SIG_IGN);
  setenv("PGSERVICEFILE", file.c_str(), 1);
  setenv("PGSERVICE", "test", 1);
  OnLoops(1, [&](const Context& ctx) {
    Pool db({.conninfo = Server().ConnInfo()});
    Group group(ctx);
    group.Go([&](const Context& c) {
      // As often as somebody waits for it, until the connection is there.
      while (db.Stats().idle == 0) {
        const int fifo = open(file.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (fifo >= 0) {
          if (write(fifo, "[test]\n", 7) != 7) errno = 0;  // it has gone meanwhile
          close(fifo);
        }
        EXPECT_OK(Sleep(c, 1ms));
      }
    });
    EXPECT_OK(db.Ping(ctx));
    EXPECT_OK(group.Wait());
  });
  unsetenv("PGSERVICE");
  unsetenv("PGSERVICEFILE");
  std::filesystem::remove_all(folder);
}

class PostgresFewConnectionsTest : public PostgresTest {
 protected:
  static void SetUpTestSuite() { StartServer({.settings = {"max_connections=5", "superuser_reserved_connections=0"}, .password = "secret"}); }
};

// Asked for by SCRAM, which is computed in the pool of Offload.
TEST_F(PostgresFewConnectionsTest, MoreThanTheServerHasIsUnavailableForThose) {
  OnLoops(2, [](const Context& ctx) {
    Pool db(Options());
    std::atomic<int> served{0}, failed{0};
    Group group(ctx, {.spread = true});
    for (int i = 0; i < 16; ++i) {
      group.Go([&](const Context& c) {
        const Error err = db.Execute(c, "select pg_sleep(0.3)").Err();
        if (err) ExpectUnavailable(err);
        ++(err ? failed : served);
      });
    }
    EXPECT_OK(group.Wait());
    EXPECT_GE(served, 1);
    EXPECT_GE(failed, 1);
    EXPECT_TRUE(Serves(ctx, db));
    EXPECT_LE(db.Stats().open, 5u);
  });
}

TEST_F(PostgresFewConnectionsTest, AWrongPasswordIsNoReasonToTryAgain) {
  OnLoops(1, [](const Context& ctx) {
    Pool db({.conninfo = Server().ConnInfo() + " password=wrong"});
    const Error err = db.Ping(ctx);
    EXPECT_TRUE(IsSqlState(err, "28P01")) << err.Message();
    EXPECT_TRUE(err.Is(kUpstreamFailed));
    EXPECT_EQ(err.Message().find("secret"), std::string::npos);
  });
}

}  // namespace
}  // namespace weft::postgres
