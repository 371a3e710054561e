// SPDX-License-Identifier: Apache-2.0

// The snippets of "Share" in docs/concurrency.md.
#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>
#include <weft/concurrency/group.h>
#include <weft/concurrency/per_loop.h>
#include <weft/concurrency/sync.h>
#include <weft/concurrency/time.h>
#include "check.h"

weft::Mutex mutex;
weft::RWMutex table_mutex;
weft::Cond cond;
std::deque<int> queue;
std::map<std::string, int> table;

weft::Error Locked(const weft::Context& ctx) {
  if (weft::Error err = mutex.Lock(ctx)) return err;
  std::unique_lock hold(mutex, std::adopt_lock);
  queue.push_back(1);
  return {};
}

weft::Result<int> Read(const weft::Context& ctx, const std::string& name) {
  if (weft::Error err = table_mutex.RLock(ctx)) return err;
  std::shared_lock hold(table_mutex, std::adopt_lock);     // with other readers; a writer takes Lock
  return table[name];
}

weft::Error Take(const weft::Context& ctx, int& taken) {
  std::unique_lock hold(mutex);
  if (weft::Error err = cond.Wait(ctx, hold, [&] { return !queue.empty(); })) return err;
  taken = queue.front();
  queue.pop_front();
  return {};
}

void Put(int item) {
  { std::lock_guard hold(mutex); queue.push_back(item); }
  cond.Signal();
}

weft::Error Ready(const weft::Context& ctx, weft::Event& ready) {
  if (weft::Error err = ready.Wait(ctx)) return err;       // wakes at ready.Set(), and from then on returns at once
  return {};
}

weft::Error Counted(const weft::Context& ctx, weft::WaitGroup& listening) {
  if (weft::Error err = listening.Wait(ctx)) return err;   // listening.Add(2) before; each server calls listening.Done()
  return {};
}

struct Config {
  int level = 7;
};
int loads = 0;
weft::Result<Config> LoadConfig(const weft::Context& ctx) {
  ++loads;
  if (weft::Error err = weft::Sleep(ctx, std::chrono::seconds(1))) return err;
  return Config{};
}
weft::OnceResult<Config> config([](const weft::Context& ctx) { return LoadConfig(ctx); });

weft::Error Level(const weft::Context& ctx, int& level) {
  weft::Result<const Config*> loaded = config.Get(ctx);    // the first caller loads it, the others park
  if (weft::Error err = loaded.Err()) return err;
  level = (*loaded)->level;
  return {};
}

weft::Once registered;
int registrations = 0;
void Register(const weft::Context&) { ++registrations; }

weft::Error Registered(const weft::Context& ctx) {
  if (weft::Error err = registered.Do(ctx, Register)) return err;   // when it returns, it is registered
  return {};
}

int built = 0;
std::vector<int> MakeSquares() {
  ++built;
  return {0, 1, 4, 9};
}
weft::OnceValue<std::vector<int>> squares([] { return MakeSquares(); });

int Square(std::size_t n) {
  return squares->at(n);                                   // the first caller makes the value
}

struct Log {
  int closes = 0;
  void Close() { ++closes; }
};

void CloseTwice(Log& log) {
  weft::OnceFunc close([&] { log.Close(); });
  close();
  close();                                                 // does nothing more
}

weft::FreeList<std::string> buffers;

std::size_t Build() {
  weft::FreeList<std::string>::Handle buffer = buffers.Get();
  buffer->clear();                                         // it comes in any state
  buffer->append("text");
  return buffer->size();                                   // the handle gives it back
}

struct Session {
  weft::Error Call(const weft::Context&) { return ++calls == 2 ? weft::kClosed : weft::Error(); }
  int calls = 0;
};
weft::ResourcePool<Session> sessions({.max = 2, .make = [](const weft::Context&) -> weft::Result<Session> { return Session(); }});

weft::Error CallASession(const weft::Context& ctx) {
  weft::Result<weft::ResourcePool<Session>::Lease> session = sessions.Acquire(ctx);
  if (weft::Error err = session.Err()) return err;         // kUnavailable: its text names the fibers that hold them
  if (weft::Error err = (*session)->Call(ctx)) {
    session->Discard();                                    // broken: not for the next one
    return err;
  }
  return {};                                               // the lease gives it back
}

struct Connections {
  int open = 0;
};
weft::PerLoop<Connections> connections;                    // each loop has its own: no lock

int Open() { return ++connections->open; }

int main() {
  return RunChecks([](const weft::Context& ctx) {
    Check(!Locked(ctx) && queue.size() == 1);
    table["a"] = 4;
    Check(*Read(ctx, "a") == 4);
    int taken = 0;
    Check(!Take(ctx, taken) && taken == 1);
    weft::Event ready;
    weft::WaitGroup listening;
    listening.Add(2);
    int levels[2] = {0, 0};
    {
      weft::Group group(ctx);
      group.Go([&](const weft::Context& c) { return Take(c, taken); });
      group.Go([&](const weft::Context& c) { return Ready(c, ready); });
      group.Go([&](const weft::Context& c) { return Counted(c, listening); });
      for (int& level : levels) group.Go([&](const weft::Context& c) { return Level(c, level); });
      Check(!weft::Sleep(ctx, std::chrono::seconds(2)));
      Put(9);
      ready.Set();
      listening.Done();
      listening.Done();
      Check(!group.Wait());
    }
    Check(taken == 9 && levels[0] == 7 && levels[1] == 7 && loads == 1);
    Check(!Registered(ctx) && !Registered(ctx) && registrations == 1);
    Check(Square(2) == 4 && Square(3) == 9 && built == 1);
    Log log;
    CloseTwice(log);
    Check(log.closes == 1);
    Check(Build() == 4 && Build() == 4 && buffers.Idle() == 1);
    Check(!CallASession(ctx) && CallASession(ctx).Is(weft::kClosed) && sessions.Stats().closed == 1);
    Check(Open() == 1 && Open() == 2);
  });
}
