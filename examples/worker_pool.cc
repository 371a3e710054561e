// SPDX-License-Identifier: Apache-2.0

// Many jobs, few at once, in the two ways that there are:
//
// - A Group with a limit: a fiber for each job, and Go waits while the group is full. The right one nearly always: fibers are cheap,
//   and what belongs to a job lies in its closure. The starting code feels the limit itself, which is back-pressure.
// - A fixed number of workers that take jobs from a channel. The right one when a worker has something that is dear to
//   make and is used for one job after another (a connection, a prepared statement), or when jobs come from several places
//   that do not know each other.
//
// If jobs of several groups share one bound (lookups of all requests, say), it is a weft::Semaphore.
//
//   build/release/examples/worker_pool --jobs 12 --workers 3
//
// Exit code: 0 if all jobs are done and the bound was kept, 1 otherwise, 2 for flags that it does not understand.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/time.h>

#include "flags.h"

namespace {

struct Settings {
  int jobs = 12;
  int workers = 3;
};

// All fibers are on one loop here, so plain numbers do.
struct Count {
  int running = 0;
  int most = 0;
  int done = 0;
  int connections = 0;
};

// Stands for something dear that one job after another uses.
struct Connection {
  explicit Connection(Count& count) { ++count.connections; }
};

weft::Error Do(const weft::Context& ctx, Connection&, int, Count& count) {
  count.most = std::max(count.most, ++count.running);
  const weft::Error err = weft::Sleep(ctx, std::chrono::milliseconds(5));
  --count.running;
  if (!err) ++count.done;
  return err;
}

weft::Error ByGroup(const weft::Context& ctx, const Settings& settings, Count& count) {
  weft::Group group(ctx, {.limit = settings.workers});
  for (int job = 0; job < settings.jobs; ++job) {
    // False: a job has failed, and the group is canceled. Wait says why.
    const bool started = group.Go("job", [&count, job](const weft::Context& c) {
      Connection connection(count);
      return Do(c, connection, job, count);
    });
    if (!started) break;
  }
  return group.Wait();
}

weft::Error ByChannel(const weft::Context& ctx, const Settings& settings, Count& count) {
  const weft::Chan<int> queue(0);
  weft::Group group(ctx);
  for (int i = 0; i < settings.workers; ++i) {
    group.Go("worker", [&](const weft::Context& c) {
      Connection connection(count);
      return queue.ForEach(c, [&](int job) { return Do(c, connection, job, count); });
    });
  }
  for (int job = 0; job < settings.jobs; ++job) {
    // Under the group's context: if all workers have failed nothing receives any more.
    if (queue.Send(group.Ctx(), job)) break;
  }
  (void)queue.Close();
  return group.Wait();
}

weft::Error Main(const weft::Context& ctx, const Settings& settings) {
  const auto show = [&](const char* way, const Count& count) -> weft::Error {
    std::printf("%s: %d jobs done, at most %d at once, %d connections made\n", way, count.done, count.most, count.connections);
    const bool good = count.done == settings.jobs && count.most <= settings.workers;
    return good ? weft::Error() : weft::Error::New("a job was lost, or the bound was not kept");
  };
  Count by_group;
  if (weft::Error err = ByGroup(ctx, settings, by_group)) return err;
  if (weft::Error err = ctx.Err()) return err;
  if (weft::Error err = show("a group with a limit", by_group)) return err;
  Count by_channel;
  if (weft::Error err = ByChannel(ctx, settings, by_channel)) return err;
  if (weft::Error err = ctx.Err()) return err;
  if (weft::Error err = show("workers and a channel", by_channel)) return err;
  std::printf("take the group, unless a worker has something to use again, or jobs come from several places\n");
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  Flags flags(argc, argv, "usage: worker_pool [--jobs N] [--workers N]");
  while (flags.Next()) {
    if (flags.Is("--jobs")) {
      settings.jobs = flags.Number(0, 100'000);
    } else if (flags.Is("--workers")) {
      settings.workers = flags.Number(1, 1000);
    } else {
      flags.Unknown();
    }
  }
  const weft::Error err =
      weft::Run(weft::Background(), {.loops = 1}, [&](const weft::Context& ctx) { return Main(ctx, settings); });
  if (err) {
    std::fprintf(stderr, "worker_pool: %s\n", err.Message().c_str());
    return 1;
  }
}
