// SPDX-License-Identifier: Apache-2.0
//
// Behind PgBouncer in transaction mode, the real program: many of our connections on two of the server's.
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include <weft/clients/postgres/internal/child_process.h>

#include "fault_kit.h"

namespace weft::postgres {
namespace {

constexpr const char* kProgram = "/usr/sbin/pgbouncer";

// PgBouncer as a child, on a unix socket in a folder of its own.
class Pooler {
 public:
  explicit Pooler(const TestServer& server, int connections = 2) {
    const std::string socket = server.SocketPath();
    const std::string folder_of_server = socket.substr(0, socket.rfind('/'));
    struct stat about{};
    EXPECT_EQ(stat(folder_of_server.c_str(), &about), 0);
    user_ = geteuid() == 0 ? about.st_uid : 0;  // whom the server is; PgBouncer does not want to be root either
    group_ = geteuid() == 0 ? about.st_gid : 0;
    std::string name = (std::filesystem::temp_directory_path() / "weft-pooler-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    std::ofstream(folder_ + "/pgbouncer.ini") << "[databases]\n* = host=" << folder_of_server << " user=weft\n[pgbouncer]\nunix_socket_dir = " << folder_
                                              << "\nauth_type = any\npool_mode = transaction\ndefault_pool_size = " << connections << "\n";
    if (user_ != 0) {
      EXPECT_EQ(chown(folder_.c_str(), user_, group_), 0);
    }
    Start();
  }
  ~Pooler() {
    process_.reset();
    std::filesystem::remove_all(folder_);
  }
  Pooler(const Pooler&) = delete;
  Pooler& operator=(const Pooler&) = delete;

  void Start() {
    auto started = internal::ChildProcess::Start({kProgram, folder_ + "/pgbouncer.ini"}, folder_ + "/log", user_, group_);
    EXPECT_OK(started.Err());
    process_ = *std::move(started);
  }
  void Kill() {
    process_->Signal(SIGKILL);
    (void)process_->Wait();
  }
  PoolOptions Options() const { return {.conninfo = "host=" + folder_ + " port=6432 dbname=postgres user=weft", .connections_max = 16, .prepare = false}; }
  // Since nobody tells when it listens, it is asked.
  void AwaitReady(const Context& ctx, Pool& db) const {
    if (Serves(ctx, db)) return;
    ADD_FAILURE() << db.Ping(ctx).Message() << "\n" << std::ifstream(folder_ + "/log").rdbuf();
  }

 private:
  std::string folder_;
  uid_t user_ = 0;
  gid_t group_ = 0;
  std::unique_ptr<internal::ChildProcess> process_;
};

class PostgresPoolerTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    if (!IsSkipped() && access(kProgram, X_OK) != 0) WEFT_PROGRAM_IS_MISSING("pgbouncer", "clients");
  }
};

TEST_F(PostgresPoolerTest, ManyConnectionsShareFewOfTheServers) {
  const Pooler pooler(Server());
  OnLoops(2, [&](const Context& ctx) {
    Pool db(pooler.Options());
    pooler.AwaitReady(ctx, db);
    EXPECT_OK(db.Execute(ctx, "create table pooled (n integer)").Err());
    Group group(ctx, {.spread = true});
    for (int f = 0; f < 16; ++f) {
      group.Go([&, f](const Context& c) {
        for (int i = 0; i < Rounds(200); ++i) {
          EXPECT_EQ(*db.QueryOne<std::int32_t>(c, "select $1::integer + $2::integer", f, i), f + i);
          EXPECT_OK(db.InTransaction(c, [&](const Context& in, Transaction& tx) -> Error {
            if (Error err = tx.Execute(in, "insert into pooled values ($1)", f).Err()) return err;
            return tx.Execute(in, "update pooled set n = n where n = $1", -f).Err();
          }));
        }
      });
    }
    EXPECT_OK(group.Wait());
    EXPECT_EQ(*db.QueryOne<std::int64_t>(ctx, "select count(*) from pooled"), 16 * Rounds(200));
    EXPECT_GT(db.Stats().open, 2u);
    Pool direct(Options());
    EXPECT_LE(*direct.QueryOne<std::int64_t>(ctx, "select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"), 2);
    EXPECT_EQ(db.Stats().closed, 0u);
  });
}

// Cancels go through it, too, although it gives the connection that was canceled to somebody else.
TEST_F(PostgresPoolerTest, ACallWhoseContextEndsStopsInTheServerAndNoOtherDoes) {
  const Pooler pooler(Server(), 8);  // so that nobody waits in its queue, where it cancels nothing
  OnLoops(2, [&](const Context& ctx) {
    PoolOptions options = pooler.Options();
    options.cancel_grace = 30s;
    Pool db(options), direct(Options());
    pooler.AwaitReady(ctx, db);
    std::atomic<int> canceled{0}, served{0};
    const int cancels = Rounds(300);
    Group group(ctx, {.spread = true});
    for (int f = 0; f < 4; ++f) {
      group.Go([&, f](const Context& c) {
        std::minstd_rand random(static_cast<unsigned>(f) + 1);
        while (canceled < cancels) {
          const CancelScope soon = WithTimeout(c, std::chrono::microseconds(100 + random() % 3000));
          const Error err = db.Execute(soon.ctx, "select pg_sleep(10)").Err();
          EXPECT_TRUE(err.Is(kDeadlineExceeded)) << err.Message();
          ++canceled;
        }
      });
      group.Go([&, f](const Context& c) {
        while (canceled < cancels) {
          const Result<std::optional<std::int32_t>> back = db.QueryOne<std::int32_t>(c, "select $1::integer from pg_sleep(0.0002)", f);
          ASSERT_TRUE(back.Ok()) << back.Err().Message();
          ASSERT_EQ(*back, f);
          ++served;
        }
      });
    }
    EXPECT_OK(group.Wait());
    EXPECT_GT(served, 0);
    EXPECT_EQ(Sessions(ctx, direct, "active"), 0);
  });
}

// Somebody has left `prepare` on. Sessions of the server pass from one pool to another, with what is prepared there.
TEST_F(PostgresPoolerTest, WithPrepareLeftOnNoOtherStatementIsRun) {
  const Pooler pooler(Server());
  OnLoops(1, [&](const Context& ctx) {
    PoolOptions options = pooler.Options();
    options.connections_max = 1;
    Pool first(options), direct(Options());
    pooler.AwaitReady(ctx, first);
    options.prepare = true;
    Pool one(options), two(options), three(options);
    EXPECT_OK(direct.Execute(ctx, "create table victims as select generate_series(1, 10) n").Err());
    // Each in a session of its own.
    EXPECT_OK(one.InTransaction(ctx, [&](const Context& c, Transaction& tx) -> Error {
      if (Error err = tx.Execute(c, "select 'harmless'").Err()) return err;
      return two.InTransaction(c, [&](const Context& in, Transaction& other) { return other.Execute(in, "delete from victims where n > 100").Err(); });
    }));
    EXPECT_OK(direct.Execute(ctx, "update victims set n = n + 100").Err());
    for (int i = 0; i < 4; ++i) {
      EXPECT_OK(one.Execute(ctx, "select 'harmless'").Err());
      EXPECT_OK(three.InTransaction(ctx, [&](const Context& c, Transaction&) { return one.Execute(c, "select 'harmless'").Err(); }));
      EXPECT_OK(three.Execute(ctx, "select 'harmless'").Err()) << "another one has prepared it in this session";
    }
    EXPECT_EQ(*direct.QueryOne<std::int64_t>(ctx, "select count(*) from victims"), 10);
    // In a transaction that costs an error, and no more than one.
    EXPECT_OK(one.Execute(ctx, "select 'known'").Err());
    const auto use = [](const Context& c, Transaction& tx) { return tx.Execute(c, "select 'known'").Err(); };
    const Error err = two.InTransaction(ctx, use);
    EXPECT_TRUE(!err || IsSqlState(err, "42P05")) << err.Message();
    EXPECT_OK(two.InTransaction(ctx, use));
  });
}

TEST_F(PostgresPoolerTest, AKilledPoolerIsAnErrorAtOnceAndThePoolIsWholeAgain) {
  Pooler pooler(Server());
  Pool db(pooler.Options());
  OnLoops(1, [&](const Context& ctx) { pooler.AwaitReady(ctx, db); });
  UnderLoad(db, [&] { pooler.Kill(); }, [&] { pooler.Start(); });
}

}  // namespace
}  // namespace weft::postgres
