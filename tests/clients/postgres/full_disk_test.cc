// SPDX-License-Identifier: Apache-2.0
//
// A server whose disk is full: without root, by what stands in the place of its files.
#include <sys/stat.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>

#include "fault_kit.h"

namespace weft::postgres {
namespace {

namespace fs = std::filesystem;

class PostgresFullDiskTest : public PostgresTest {
 protected:
  static fs::path DataFolder() { return fs::path(Server().SocketPath()).parent_path() / "data"; }
};

// How many bytes of the log can be written before it needs a new file.
std::int64_t RoomInLog(Pool& db) {
  const Result<std::optional<std::int64_t>> room = db.QueryOne<std::int64_t>(
      Background(), "select ((1 + (select count(*) from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$' and name > pg_walfile_name(pg_current_wal_insert_lsn()))) "
                    "* 1048576 - mod(pg_current_wal_insert_lsn() - '0/0', 1048576))::bigint");
  EXPECT_OK(room.Err());
  return room.Ok() ? room->value_or(0) : 0;
}

// A table whose file does not grow any more: no place of /dev/full can be written to.
class FullTable {
 public:
  FullTable(const Context& ctx, const PoolOptions& options, const fs::path& data) {
    Pool own(options);  // whose session has the file open, and ends
    EXPECT_OK(own.Execute(ctx, "create table full_disk (text text)").Err());
    file_ = data / own.QueryOne<std::string>(ctx, "select pg_relation_filepath('full_disk')")->value();
    fs::rename(file_, Aside());
    fs::create_symlink("/dev/full", file_);
  }
  void MakeRoom() const {
    fs::remove(file_);
    fs::rename(Aside(), file_);
  }

 private:
  fs::path Aside() const { return fs::path(file_) += ".aside"; }
  fs::path file_;
};

TEST_F(PostgresFullDiskTest, AFullDiskIs503ForThoseThatWriteAndCostsNoConnection) {
  OnLoops(2, [](const Context& ctx) {
    const FullTable table(ctx, Options(), DataFolder());
    Pool db(Options());
    const CancelScope load = WithCancel(ctx);
    std::atomic<int> failed{0}, read{0};
    Group group(ctx, {.spread = true});
    for (int f = 0; f < 8; ++f) {
      group.Go([&](const Context&) {
        while (!load.ctx.Err()) {
          const Error err = db.Execute(ctx, "insert into full_disk values ('a')").Err();
          EXPECT_TRUE(err.Is(kUnavailable)) << err.Message();
          EXPECT_TRUE(IsSqlState(err, "53100")) << err.Message();
          EXPECT_NE(err.Message().find("No space left on device"), std::string::npos) << err.Message();
          ++failed;
        }
      });
      group.Go([&, f](const Context&) {
        for (; !load.ctx.Err(); ++read) EXPECT_EQ(*db.QueryOne<std::int32_t>(ctx, "select $1::integer", f), f);
      });
    }
    while (failed < 100 || read < 100) EXPECT_OK(Sleep(ctx, 1ms));
    load.cancel();
    EXPECT_OK(group.Wait());

    table.MakeRoom();
    EXPECT_OK(db.Execute(ctx, "truncate full_disk").Err());  // those that have the file open take another one
    for (int i = 0; i < 20; ++i) EXPECT_OK(db.Execute(ctx, "insert into full_disk values ('a')").Err());
    EXPECT_EQ(db.Stats().closed, 0u);
  });
}

// Then PostgreSQL gives up: it ends all sessions, and starts again once there is room.
TEST_F(PostgresFullDiskTest, AnUnwritableServerLogIsAnErrorAtOnceAndThePoolRecovers) {
  Pool db(Options());
  const fs::path log = DataFolder() / "pg_wal";
  const auto fill = [&] {
    EXPECT_EQ(chmod(log.c_str(), 0500), 0);  // no new file
    Pool writer(Options());
    EXPECT_FALSE(writer.Execute(Background(), "create table log_filler (text text)").Err());
    // All but the last of what is there is filled at once; a row takes some 370 bytes of the log.
    const std::int64_t rows = RoomInLog(writer) / 410;
    EXPECT_OK(writer.Execute(Background(), "insert into log_filler select repeat(md5(i::text), 10) from generate_series(1, $1) i", rows).Err());
    // A statement that finds no room while it works fails alone; one that finds none at its COMMIT ends the server.
    Error err;
    while (err.As<ClientFailure>() == nullptr) err = writer.Execute(Background(), "insert into log_filler select repeat(md5(i::text), 10) from generate_series(1, 9) i").Err();
    ExpectUnavailable(err);
  };
  UnderLoad(db, fill, [&] {
    EXPECT_EQ(chmod(log.c_str(), 0700), 0);
    Server().Stop();
    EXPECT_OK(Server().Restart());
  });
}

}  // namespace
}  // namespace weft::postgres
