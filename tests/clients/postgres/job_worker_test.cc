// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <set>
#include <string>

#include "../../e2e/process.h"
#include "kit.h"

namespace weft::postgres {
namespace {

class PostgresJobWorkerTest : public PostgresTest {
 protected:
  static Process Worker(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), Server().ConnInfo());
    return Process(WEFT_EXAMPLES_DIR "/job_worker", arguments);
  }
};

// Two processes share the jobs; each is done once as long as nobody dies.
TEST_F(PostgresJobWorkerTest, JobsAreSharedAndTheDrainFinishesWhatIsTaken) {
  Pool db(Options());
  Process first = Worker({"add", "job 0"});
  EXPECT_EQ(first.Wait(), 0) << first.Errors();
  Process a = Worker({"work"}), b = Worker({"work"});
  for (int i = 1; i < 12; ++i) {
    Process add = Worker({"add", "job " + std::to_string(i)});
    EXPECT_EQ(add.Wait(), 0) << add.Errors();
  }
  while (*db.QueryOne<std::int64_t>(Background(), "select count(*) from jobs where done_at is null") != 0) {
  }
  Process late = Worker({"add", "late"});
  EXPECT_EQ(late.Wait(), 0);
  while (*db.QueryOne<std::int64_t>(Background(), "select count(*) from pg_locks where locktype = 'transactionid'") == 0 &&
         *db.QueryOne<std::int64_t>(Background(), "select count(*) from jobs where done_at is null") != 0) {
  }
  a.Signal(SIGTERM);
  b.Signal(SIGTERM);
  EXPECT_EQ(a.Wait(), 0) << a.Errors();
  EXPECT_EQ(b.Wait(), 0) << b.Errors();
  EXPECT_EQ(*db.QueryOne<std::int64_t>(Background(), "select count(*) from jobs where done_at is null"), 0);
  EXPECT_EQ(*db.QueryOne<std::int64_t>(Background(), "select count(*) from jobs"), 13);
}

// At least once: the lock goes with the connection.
TEST_F(PostgresJobWorkerTest, AJobOfAWorkerThatDiesIsDoneByAnother) {
  Pool db(Options());
  Process add = Worker({"add", "fragile"});
  EXPECT_EQ(add.Wait(), 0);
  Process a = Worker({"work"});
  EXPECT_NE(a.Line().find("fragile"), std::string::npos);
  a.Signal(SIGKILL);
  a.Wait();
  Process b = Worker({"work"});
  while (*db.QueryOne<std::int64_t>(Background(), "select count(*) from jobs where done_at is null") != 0) {
  }
  b.Signal(SIGTERM);
  EXPECT_EQ(b.Wait(), 0) << b.Errors();
}

}  // namespace
}  // namespace weft::postgres
