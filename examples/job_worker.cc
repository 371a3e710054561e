// SPDX-License-Identifier: Apache-2.0

// Jobs in a table of PostgreSQL, done by as many processes as you like, each at least once:
//
// - A worker takes a job by FOR UPDATE SKIP LOCKED and keeps the transaction open while it works: the lock goes with the connection,
//   so a job of a worker that has died is free again at once. What the work does elsewhere may happen twice; make that harmless.
// - NOTIFY wakes the workers. It is only a hint: after a gap, and every half minute, they look for themselves.
// - SIGTERM: no worker takes another job, and each has 20 seconds to finish the one that it has.
//
//   build/release/examples/job_worker "host=/run/postgresql dbname=test" add "send a mail"
//   build/release/examples/job_worker "host=/run/postgresql dbname=test" work
//
// Exit code: 0, 1 for errors, 2 for arguments that it does not understand.

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include <boost/describe/class.hpp>

#include <weft/clients/postgres/listener.h>
#include <weft/clients/postgres/pool.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/time.h>
#include <weft/concurrency/watch.h>

namespace {

using namespace std::chrono_literals;

constexpr int kWorkers = 4;

struct Job {
  std::int64_t id;
  std::string text;
};
BOOST_DESCRIBE_STRUCT(Job, (), (id, text))

weft::Error Prepare(const weft::Context& ctx, weft::postgres::Pool& db) {
  return db.Execute(ctx, "create table if not exists jobs (id bigserial primary key, text text not null, done_at timestamptz)").Err();
}

weft::Error Add(const weft::Context& ctx, weft::postgres::Pool& db, std::string_view text) {
  return db.InTransaction(ctx, [&](const weft::Context& c, weft::postgres::Transaction& tx) -> weft::Error {
    if (weft::Error err = tx.Execute(c, "insert into jobs (text) values ($1)", text).Err()) return err;
    return tx.Execute(c, "notify jobs").Err();  // when the transaction has happened
  });
}

// False: there was nothing to do.
weft::Result<bool> DoOne(const weft::Context& ctx, weft::postgres::Pool& db) {
  return db.InTransaction(ctx, [](const weft::Context& c, weft::postgres::Transaction& tx) -> weft::Result<bool> {
    const auto job = tx.QueryOne<Job>(c, "select id, text from jobs where done_at is null order by id limit 1 for update skip locked");
    if (weft::Error err = job.Err()) return err;
    if (!*job) return false;
    std::printf("job %lld: %s\n", static_cast<long long>((*job)->id), (*job)->text.c_str());
    std::fflush(stdout);
    if (weft::Error err = weft::Sleep(c, 100ms)) return err;  // the work
    if (weft::Error err = tx.Execute(c, "update jobs set done_at = now() where id = $1", (*job)->id).Err()) return err;
    return true;
  });
}

weft::Error Work(const weft::Context& ctx, weft::postgres::Pool& db, const weft::Watch<int>& hints) {
  const weft::CancelScope finish = weft::WithGrace(ctx, 20s);
  for (weft::WatchReader<int> hint = hints.Reader(); !ctx.Err();) {
    const weft::Result<bool> did = DoOne(finish.ctx, db);
    if (did.Ok() && *did) continue;
    if (weft::Error err = did.Err()) std::fprintf(stderr, "job_worker: %s\n", err.Message().c_str());
    const weft::CancelScope wait = weft::WithTimeout(ctx, did.Ok() ? 30s : 1s);
    (void)hint.Next(wait.ctx).Err();  // it looks again, whatever this says
  }
  return ctx.Err();
}

weft::Error WorkAll(const weft::Context& ctx, weft::postgres::Pool& db) {
  const weft::Watch<int> hints(0);
  weft::postgres::Listener listener(db);
  if (weft::Error err = listener.Add(ctx, "jobs")) return err;
  weft::Group group(ctx);
  group.Go("listener", [&](const weft::Context& c) {
    return listener.Run(c, [&hints, count = 0](const weft::postgres::Notification&) mutable { hints.Set(++count); });
  });
  for (int i = 0; i < kWorkers; ++i) group.Go("worker", [&](const weft::Context& c) { return Work(c, db, hints); });
  return weft::IgnoreCanceled(group.Wait());
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view command = argc > 2 ? argv[2] : "";
  if (!(command == "work" && argc == 3) && !(command == "add" && argc == 4)) {
    std::fprintf(stderr, "usage: job_worker CONNINFO work | CONNINFO add TEXT\n");
    return 2;
  }
  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  weft::postgres::Pool db({.conninfo = argv[1], .connections_max = kWorkers});
  const weft::Error err = weft::Run(ctx, [&](const weft::Context& c) -> weft::Error {
    if (weft::Error e = Prepare(c, db)) return e;
    return command == "add" ? Add(c, db, argv[3]) : WorkAll(c, db);
  });
  if (err) std::fprintf(stderr, "job_worker: %s\n", err.Message().c_str());
  return err ? 1 : 0;
}
