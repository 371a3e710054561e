// SPDX-License-Identifier: Apache-2.0

// The examples in the headers of what fibers share. tests/headers_test.sh compares them line by line.
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>
#include <weft/concurrency/cond.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/free_list.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/loop_cells.h>
#include <weft/concurrency/mutex.h>
#include <weft/concurrency/offload.h>
#include <weft/concurrency/once.h>
#include <weft/concurrency/per_loop.h>
#include <weft/concurrency/pool_stats.h>
#include <weft/concurrency/resource_pool.h>
#include <weft/concurrency/rw_mutex.h>
#include <weft/concurrency/semaphore.h>
#include <weft/concurrency/wait_group.h>

using weft::Context;

namespace mutex_h {

struct Account {
  weft::Mutex mutex;
  int balance = 0;
};

weft::Error Add(const weft::Context& ctx, Account& account, int amount) {
  auto hold = account.mutex.Acquire(ctx);              // gives up when the context is done
  if (weft::Error err = hold.Err()) return err;
  account.balance += amount;
  return {};                                           // the end of the scope unlocks
}

}  // namespace mutex_h

namespace rw_mutex_h {

struct Row {};
struct Table {
  weft::RWMutex mutex;
  std::map<int, Row> rows;
};

weft::Result<Row> Find(const weft::Context& ctx, Table& table, int id) {
  auto hold = table.mutex.RAcquire(ctx);               // gives up when the context is done
  if (weft::Error err = hold.Err()) return err;
  return table.rows.at(id);                            // the end of the scope unlocks
}

}  // namespace rw_mutex_h

namespace cond_h {

struct Queue {
  weft::Mutex mutex;
  weft::Cond changed;
  std::deque<int> items;
};

weft::Error Take(const weft::Context& ctx, Queue& queue, int& item) {
  std::unique_lock hold(queue.mutex);
  auto ready = [&] { return !queue.items.empty(); };
  if (weft::Error err = queue.changed.Wait(ctx, hold, ready)) return err;
  item = queue.items.front();
  queue.items.pop_front();
  return {};
}

void Put(Queue& queue, int item) {
  {
    std::lock_guard hold(queue.mutex);
    queue.items.push_back(item);
  }
  queue.changed.Signal();
}

}  // namespace cond_h

namespace event_h {

weft::Error Serve(const Context& ctx) { return ctx.Err(); }
void FillCache() {}

weft::Error Start(const weft::Context& ctx) {
  weft::Event filled;
  weft::Group group(ctx);
  group.Go("server", [&](const weft::Context& c) -> weft::Error {
    if (weft::Error err = filled.Wait(c)) return err;
    return Serve(c);
  });
  FillCache();
  filled.Set();
  return group.Wait();
}

}  // namespace event_h

namespace wait_group_h {

struct ForeignConnection {
  void CloseThen(const std::function<void()>& then) { then(); }
};

weft::Error CloseAll(const weft::Context& ctx, std::vector<ForeignConnection>& connections) {
  weft::WaitGroup closing;
  for (ForeignConnection& connection : connections) {
    closing.Add(1);                               // before the work can call Done
    connection.CloseThen([&] { closing.Done(); });
  }
  return closing.Wait(ctx);
}

}  // namespace wait_group_h

namespace once_h {

struct Table {
  void Build() {}
  void Use() {}
};

void Lookup(weft::Once& once, Table& table) {
  once.Do([&] { table.Build(); });      // the table is built, by this caller or another one
  table.Use();
}

namespace values {
using Table = std::map<int, int>;
Table MakeSquares() { return {{2, 4}}; }

weft::OnceValue<Table> squares([] { return MakeSquares(); });

int Square(int n) { return squares->at(n); }
}  // namespace values

struct Log {
  void Close() {}
};

void CloseTwice(Log& log) {
  weft::OnceFunc close([&] { log.Close(); });
  close();
  close();                              // does nothing more
}

struct Config {};
weft::Result<Config> LoadConfig(const Context&) { return Config(); }
void Use(const Config&) {}

weft::OnceResult<Config> config([](const weft::Context& c) { return LoadConfig(c); });

weft::Error Apply(const weft::Context& ctx) {
  weft::Result<const Config*> loaded = config.Get(ctx);
  if (weft::Error err = loaded.Err()) return err;
  Use(**loaded);
  return {};
}

}  // namespace once_h

namespace semaphore_h {

weft::Error AskTheDatabase(const Context& ctx) { return ctx.Err(); }

weft::Error Lookup(const weft::Context& ctx, weft::Semaphore& lookups) {
  weft::Result<weft::Permit> permit = lookups.Hold(ctx);
  if (weft::Error err = permit.Err()) return err;
  return AskTheDatabase(ctx);               // the end of the scope gives the token back
}

}  // namespace semaphore_h

namespace resource_pool_h {

struct Session {
  static weft::Result<Session> Open(const Context&) { return Session(); }
  weft::Error Send(const Context& ctx, std::string_view) { return ctx.Err(); }
};

weft::ResourcePool<Session> sessions(
    {.max = 8, .make = [](const weft::Context& c) { return Session::Open(c); }});

weft::Error Call(const weft::Context& ctx, std::string_view text) {
  weft::Result<weft::ResourcePool<Session>::Lease> session = sessions.Acquire(ctx);
  if (weft::Error err = session.Err()) return err;
  if (weft::Error err = (*session)->Send(ctx, text)) {
    session->Discard();                     // broken: not for the next caller
    return err;
  }
  return {};                                // the lease gives it back
}

}  // namespace resource_pool_h

namespace pool_stats_h {

struct Session {};
void Alarm(const char*) {}

void Watch(const weft::ResourcePool<Session>& sessions) {
  const weft::PoolStats stats = sessions.Stats();
  if (stats.waiting > 100) Alarm("too few sessions");
}

}  // namespace pool_stats_h

namespace offload_stats_h {

void Alarm(const char*) {}

void Watch() {
  const weft::OffloadStats pool = weft::CurrentOffloadStats();
  if (pool.queued > 100) Alarm("too few threads for Offload");
}

}  // namespace offload_stats_h

namespace free_list_h {

struct Page {
  void AppendTo(std::string& text) const { text += "page"; }
};

weft::FreeList<std::string> buffers;

std::size_t Render(const Page& page) {
  weft::FreeList<std::string>::Handle buffer = buffers.Get();
  buffer->clear();                          // it may contain anything
  page.AppendTo(*buffer);
  return buffer->size();                    // the handle gives it back
}

}  // namespace free_list_h

namespace per_loop_h {

struct Counters {
  int requests = 0;
};

weft::PerLoop<Counters> counters;                  // in main, or next to the server

void Count() { ++counters->requests; }             // in any fiber, without a lock

}  // namespace per_loop_h

namespace loop_cells_h {

weft::LoopCells cells;                        // outlives the loops that count
const weft::LoopCell hits = cells.Take();

void Hit() { hits.Add(); }                    // in any fiber, some nanoseconds
std::uint64_t Hits() { return hits.Sum(); }   // so far, on all loops

}  // namespace loop_cells_h
