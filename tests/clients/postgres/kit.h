// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CLIENTS_POSTGRES_KIT_H_
#define WEFT_TESTS_CLIENTS_POSTGRES_KIT_H_

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <weft/clients/postgres/pool.h>
#include <weft/clients/postgres/testing.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/testing.h>

#include "../../kit/missing_program.h"
#include "../../kit/run.h"
#include "../../kit/sanitized.h"

namespace weft::postgres {

using namespace std::chrono_literals;

inline ::testing::AssertionResult NoError(const char* text, const Error& err) {
  if (!err) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << text << ": " << err.Message();
}

// More may be said after it, by <<.
#define EXPECT_OK(result) EXPECT_PRED_FORMAT1(::weft::postgres::NoError, result)

// The real server, one for all tests of a suite.
class PostgresTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { StartServer({}); }
  static void StartServer(TestServerOptions options) {
    if (!TestServer::Available()) return;
    Result<std::unique_ptr<TestServer>> started = TestServer::Start(std::move(options));
    ASSERT_FALSE(started.Err()) << started.Err().Message();
    server_ = *std::move(started);
  }
  static void TearDownTestSuite() { server_.reset(); }
  void SetUp() override {
    if (server_ == nullptr) WEFT_PROGRAM_IS_MISSING("postgres", "clients");
  }

  static TestServer& Server() { return *server_; }
  static PoolOptions Options() { return {.conninfo = server_->ConnInfo()}; }
  // Opens so many connections: each caller keeps its own until all have one.
  static void Warm(const Context& ctx, Pool& db, std::uint64_t connections) {
    std::atomic<std::uint64_t> there{0};
    Event all;
    Group group(ctx);
    for (std::uint64_t i = 0; i < connections; ++i) {
      group.Go([&](const Context& c) {
        EXPECT_OK(db.InTransaction(c, [&](const Context& in, Transaction&) -> Error {
          if (++there == connections) all.Set();
          return all.Wait(in);
        }));
      });
    }
    EXPECT_OK(group.Wait());
    EXPECT_EQ(db.Stats().open, connections);
  }
  // How many other sessions of clients the server has in this state.
  static std::int64_t Sessions(const Context& ctx, Pool& db, const std::string& state) {
    const Result<std::optional<std::int64_t>> count = db.QueryOne<std::int64_t>(
        ctx, "select count(*) from pg_stat_activity where state = $1 and pid <> pg_backend_pid() and backend_type = 'client backend'", state);
    EXPECT_FALSE(count.Err()) << count.Err().Message();
    return count.Ok() ? count->value_or(-1) : -1;
  }
  // A call on `db` that would take a minute, canceled once the server has begun with it.
  static Error CanceledInTheServer(const Context& ctx, Pool& db) {
    Pool direct(Options());
    const CancelScope scope = WithCancel(ctx);
    Error failure;
    Group group(ctx);
    group.Go([&](const Context&) { failure = db.Execute(scope.ctx, "select pg_sleep(60)").Err(); });
    while (!failure && Sessions(ctx, direct, "active") == 0) Yield();
    scope.cancel();
    EXPECT_OK(group.Wait());
    return failure;
  }

 private:
  static inline std::unique_ptr<TestServer> server_;
};

}  // namespace weft::postgres

#endif  // WEFT_TESTS_CLIENTS_POSTGRES_KIT_H_
