// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/event.h>
#include <weft/concurrency/offload.h>
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
    Warm(ctx, db, 4);
    EXPECT_EQ(db.Stats().idle, 4u);
    Server().Stop();
    EXPECT_OK(Server().Restart());
    EXPECT_OK(db.Ping(ctx));
    EXPECT_EQ(db.Stats().open, 1u) << "the others were found lost, too";
  });
}

TEST_F(PostgresFaultTest, AlsoInVirtualTimeWhichStandsStillMeanwhile) {
  EXPECT_OK(RunTest([](const Context& ctx) {
    Pool db(Options());
    EXPECT_OK(db.Ping(ctx));
    Server().Stop();
    EXPECT_OK(Server().Restart());
    EXPECT_OK(db.Ping(ctx));
  }));
}

TEST_F(PostgresFaultTest, AHungServerCostsAtMostDeadlineAndGrace) {
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
    while (*admin.QueryOne<std::int64_t>(ctx, "select count(pg_terminate_backend(pid)) from pg_stat_activity where wait_event = 'PgSleep'") == 0) {
    }
    EXPECT_OK(group.Wait());
    EXPECT_OK(db.Ping(ctx));
  });
}

// The farewell is read together with the response to Parse, between two messages of the client.
TEST_F(PostgresFaultTest, ASessionTerminatedAfterPrepareSaysWhyAndDidNotProcess) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    EXPECT_OK(db.Ping(ctx));
    Group group(ctx);
    group.Go([&](const Context& c) {
      const Error err = db.Execute(c, "select pg_sleep(60)").Err();
      ExpectUnavailable(err);
      EXPECT_FALSE(err.As<ClientFailure>()->processed);
      EXPECT_EQ(err.As<ClientFailure>()->kind, ClientFailure::kReset);
      EXPECT_TRUE(IsSqlState(err, "57P01")) << err.Message();
    });
    Yield();  // now it waits for the response
    // While this thread waits, the fiber reads nothing.
    std::thread([] {
      OnLoops(1, [](const Context& of_admin) {
        Pool admin(Options());
        while (*admin.QueryOne<std::int64_t>(of_admin, "select count(pg_terminate_backend(pid)) from pg_stat_activity where query like '%sleep(60)%' and state = 'idle'") == 0) {
        }
        while (*admin.QueryOne<std::int64_t>(of_admin, "select count(*) from pg_stat_activity where query like '%sleep(60)%' and pid <> pg_backend_pid()") > 0) {
        }
      });
    }).join();
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
TEST_F(PostgresFaultTest, ALossBeforeCommitMeansNothingHappened) {
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

TEST_F(PostgresFaultTest, ReportsAnUnreachableServer) {
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
    EXPECT_TRUE(Pool({.conninfo = "host=127.0.0.1 port=1 dbname=x"}).Ping(ctx).Is(std::errc::connection_refused)) << "the system's code stays";
    EXPECT_TRUE(Pool({.conninfo = "host=/nonexistent dbname=x"}).Ping(ctx).Is(std::errc::no_such_file_or_directory));
    Pool db({.conninfo = Server().ConnInfo() + " dbname=no_such_database"});
    const Error err = db.Ping(ctx);
    EXPECT_TRUE(IsSqlState(err, "3D000")) << err.Message();
    EXPECT_TRUE(err.Is(kUpstreamFailed)) << "no reason to try again";
  });
}

TEST_F(PostgresFaultTest, ACutHandshakeIsNoWrongConfiguration) {
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

TEST_F(PostgresFaultTest, AtMostFourConnectAtATime) {
  const SilentServer silent;
  OnLoops(1, [&](const Context& ctx) {
    Pool db({.conninfo = "host=" + silent.Folder() + " dbname=x", .connect_timeout = 1s});
    Group group(ctx);
    for (int i = 0; i < 16; ++i) group.Go([&](const Context& c) { ExpectUnavailable(db.Ping(c)); });
    EXPECT_OK(group.Wait());
    EXPECT_EQ(silent.Connected(), 4);
  });
}

// However many calls there are: many pools that all have lost the same server must not come back at once.
TEST_F(PostgresFaultTest, AfterAFailedConnectThereIsNoneForARandomMoment) {
  EXPECT_OK(RunTest([](const Context& ctx) {
    Pool db({.conninfo = "host=/nonexistent dbname=x"});
    std::vector<TimePoint> tries;
    while (tries.size() < 20) {
      const std::uint64_t before = CurrentOffloadStats().done;
      ExpectUnavailable(db.Ping(ctx));
      if (CurrentOffloadStats().done != before) tries.push_back(Now());
      EXPECT_OK(Sleep(ctx, 1ms));
    }
    std::vector<Duration> late;
    Duration most = 50ms;
    for (std::size_t i = 1; i < tries.size(); ++i, most = std::min<Duration>(most * 2, 1s)) {
      const Duration pause = tries[i] - tries[i - 1];
      EXPECT_GE(pause, most / 2) << i;
      EXPECT_LE(pause, most + 1ms) << i;
      if (most == Duration(1s)) late.push_back(pause);
    }
    std::sort(late.begin(), late.end());
    EXPECT_GT(late.back() - late.front(), 50ms) << "at random";
  }));
}

TEST_F(PostgresFaultTest, WaitersGetTheErrorOfAConnectThatHangs) {
  const SilentServer silent;
  OnLoops(1, [&](const Context& ctx) {
    Pool db({.conninfo = "host=" + silent.Folder() + " dbname=x", .connections_max = 1, .acquire_timeout = 20ms, .connect_timeout = 30s});
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    group.Go([&](const Context&) { EXPECT_TRUE(db.Ping(scope.ctx).Is(kCanceled)); });
    while (!silent.HasClient()) Yield();
    const Error err = db.Ping(ctx);
    EXPECT_NE(err.Message().find("0 in use; 1 is being made"), std::string::npos) << err.Message();
    scope.cancel();
    EXPECT_OK(group.Wait());
  });
}

// Begun by calls that have given up, and no call has needed them since.
TEST_F(PostgresFaultTest, ClosesAHalfMadeConnectionThatIsTooOld) {
  const SilentServer silent;
  EXPECT_OK(RunTest([&](const Context& ctx) {
    Pool db({.conninfo = "host=" + silent.Folder() + " dbname=x", .connect_timeout = 5s});
    std::vector<int> clients;
    // Of all calls together, once all of them wait for a word of the server's.
    const auto leave = [&](std::size_t calls) {
      const CancelScope scope = WithCancel(ctx);
      Group group(ctx);
      for (std::size_t i = 0; i < calls; ++i) group.Go([&](const Context&) { EXPECT_TRUE(db.Ping(scope.ctx).Is(kCanceled)); });
      for (std::size_t taken = 0; taken < calls; Yield()) {
        if (const int client = silent.Take(); client >= 0) {
          clients.push_back(client);
          ++taken;
        }
      }
      scope.cancel();
      EXPECT_OK(group.Wait());
    };
    const auto closed = [&] {
      return std::count_if(clients.begin(), clients.end(), [](int fd) {
        char unread = 0;
        return recv(fd, &unread, 1, MSG_DONTWAIT) == 0;
      });
    };
    leave(2);
    db.Trim();
    EXPECT_EQ(closed(), 0);
    EXPECT_OK(Sleep(ctx, 5s));
    db.Trim();
    EXPECT_EQ(closed(), 2);
    leave(2);
    EXPECT_OK(Sleep(ctx, 5s));
    leave(1);  // one is what it would go on with, and nobody waits for the other
    EXPECT_EQ(closed(), 4);
    for (const int client : clients) close(client);
  }));
}

TEST_F(PostgresFaultTest, SkipsASilentHost) {
  const SilentServer silent;
  OnLoops(1, [&](const Context& ctx) {
    for (const bool names : {false, true}) {
      std::string conninfo = Server().ConnInfo();
      conninfo.insert(conninfo.find("host=") + 5, silent.Folder() + (names ? ",localhost," : ","));
      if (names) conninfo.replace(conninfo.find("port="), 9, "port=5432,1,5432");
      Pool db({.conninfo = conninfo, .acquire_timeout = 10s, .connect_timeout = 3s});
      EXPECT_OK(db.Ping(ctx));
    }
  });
}

TEST_F(PostgresFaultTest, SettingsOfTheConnInfoAndOurOwnReachTheServer) {
  OnLoops(1, [](const Context& ctx) {
    Pool db({.conninfo = Server().ConnInfo() + " target_session_attrs=read-write", .statement_timeout = 7s});
    EXPECT_EQ(*db.QueryOne<std::string>(ctx, "select current_setting('statement_timeout')"), "7s");
    EXPECT_EQ(*db.QueryOne<bool>(ctx, "select current_setting('server_version_num')::integer < 140000 or "
                                      "current_setting('client_connection_check_interval', true) = '1s'"), true);
    const Error err = Pool({.conninfo = Server().ConnInfo() + " target_session_attrs=standby"}).Ping(ctx);
    EXPECT_NE(err.As<ClientFailure>(), nullptr) << err.Message();
  });
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
TEST_F(PostgresFewConnectionsTest, CallsBeyondTheServersConnectionsAreUnavailable) {
  OnLoops(2, [](const Context& ctx) {
    Pool db(Options());
    std::atomic<int> served{0}, failed{0};
    Event decided;
    Group group(ctx, {.spread = true});
    for (int i = 0; i < 16; ++i) {
      group.Go([&](const Context& c) {
        const auto decide = [&](std::atomic<int>& verdict) {
          ++verdict;
          if (served + failed == 16) decided.Set();
        };
        // Whoever has one keeps it until all others know whether they have one.
        const Error err = db.InTransaction(c, [&](const Context& in, Transaction&) -> Error {
          decide(served);
          return decided.Wait(in);
        });
        if (!err) return;
        ExpectUnavailable(err);
        decide(failed);
      });
    }
    EXPECT_OK(group.Wait());
    EXPECT_GE(served, 1);
    EXPECT_GE(failed, 1);
    EXPECT_TRUE(Serves(ctx, db));
    EXPECT_LE(db.Stats().open, 5u);
  });
}

TEST_F(PostgresFewConnectionsTest, ScramIsComputedOnNoLoop) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    const std::uint64_t before = CurrentOffloadStats().done;
    EXPECT_OK(db.Ping(ctx));
    EXPECT_GE(CurrentOffloadStats().done, before + 3) << "each step of the handshake, SCRAM's among them";
  });
}

// Each call gives up before a handshake can be over; the next one goes on with it.
TEST_F(PostgresFewConnectionsTest, ShortDeadlinesFillThePoolAllTheSame) {
  OnLoops(1, [](const Context& ctx) {
    Pool db({.conninfo = Server().ConnInfo(), .connections_max = 1});
    int calls = 0;
    for (bool made = false; !made && calls < 10'000; ++calls) {
      const CancelScope scope = WithCancel(ctx);
      Group group(ctx);
      bool returned = false;
      const std::uint64_t before = CurrentOffloadStats().done;
      group.Go([&](const Context&) {
        made = !db.Ping(scope.ctx);
        returned = true;
      });
      // A step or two.
      while (!returned && CurrentOffloadStats().done < before + 2) Yield();
      scope.cancel();
      EXPECT_OK(group.Wait());
    }
    EXPECT_LT(calls, 10'000);
    EXPECT_GT(calls, 1);
    EXPECT_EQ(db.Stats().opened, 1u);
  });
}

// One that is parked for longer than a host may take: that nobody went on with it is not the host's fault, and its standby is not asked.
TEST_F(PostgresFewConnectionsTest, AHostIsNotSilentBecauseItsCallerHasLeft) {
  OnLoops(1, [](const Context& ctx) {
    const Result<std::unique_ptr<TestServer>> standby = TestServer::Start({.password = "secret"});
    ASSERT_TRUE(standby.Ok()) << standby.Err().Message();
    const auto folder = [](const TestServer& server) { return std::filesystem::path(server.SocketPath()).parent_path().string(); };
    std::string conninfo = Server().ConnInfo();
    conninfo.insert(conninfo.find(' '), "," + folder(**standby));
    Pool db({.conninfo = conninfo, .connections_max = 1, .acquire_timeout = 10s, .connect_timeout = 2s});
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    const std::uint64_t before = CurrentOffloadStats().done;
    bool returned = false;
    group.Go([&](const Context&) {
      (void)db.Ping(scope.ctx);
      returned = true;
    });
    while (!returned && CurrentOffloadStats().done < before + 2) Yield();
    scope.cancel();
    EXPECT_OK(group.Wait());
    EXPECT_OK(Sleep(ctx, 1100ms));
    EXPECT_EQ(*db.QueryOne<std::string>(ctx, "select current_setting('unix_socket_directories')"), folder(Server()));
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
