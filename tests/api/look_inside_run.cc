// SPDX-License-Identifier: Apache-2.0

// The snippets of "Code that blocks" and "Look inside" in docs/concurrency.md.
#include <chrono>
#include <cstdio>
#include <string>
#include <unistd.h>
#include <weft/concurrency/backtrace.h>
#include <weft/concurrency/debug.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/offload.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/sync.h>
#include <weft/concurrency/testing.h>
#include <weft/concurrency/testing_explore.h>
#include <weft/concurrency/time.h>
#include <weft/concurrency/trace.h>
#include <weft/concurrency/wait_fd.h>
#include "check.h"

weft::Result<std::string> ReadWholeFile(const std::string& path) { return "what is in " + path; }

weft::Result<std::string> ReadIt(const weft::Context& ctx, const std::string& path) {
  weft::Result<std::string> text = weft::Offload(ctx, [&] { return ReadWholeFile(path); });
  return text;
}

// A library that does its own I/O: done after three bytes.
class Library {
 public:
  Library() { Check(pipe(ends_) == 0); }
  ~Library() {
    for (const int end : ends_) close(end);
  }
  int Descriptor() const { return ends_[0]; }
  bool Done() const { return got_ == 3; }
  void Consume() { got_ += read(ends_[0], room_, 1) == 1 ? 1 : 0; }
  void Feed() { Check(write(ends_[1], "x", 1) == 1); }

 private:
  int ends_[2];
  char room_[1];
  int got_ = 0;
};

weft::Error UseLibrary(const weft::Context& ctx, Library& library) {
  weft::FdWaiter waiter(library.Descriptor());
  while (!library.Done()) {
    weft::Result<weft::FdEvents> ready = waiter.Wait(ctx, weft::FdEvents::kRead);
    if (weft::Error err = ready.Err()) return err;
    library.Consume();                                     // takes what is there, and never waits
  }
  waiter.Forget();                                         // before the library closes its descriptor
  return {};
}

weft::Error RetryThreeTimes(const weft::Context& ctx) {
  for (const int wait : {1, 2, 4}) {
    if (weft::Error err = weft::Sleep(ctx, std::chrono::seconds(wait))) return err;
  }
  return {};
}

weft::Error WaitsSevenSeconds() {
  weft::Error err = weft::RunTest([](const weft::Context& ctx) {
    const weft::TimePoint start = weft::Now();
    Check(!RetryThreeTimes(ctx));
    Check(weft::Now() - start == std::chrono::seconds(7));   // exactly, and at once
  });
  return err;
}

// Finds the update that is lost when another fiber comes between the reading and the writing.
weft::Error LosesAnUpdate(int schedules) {
  weft::Error err = weft::Explore({.schedules = schedules}, [](const weft::Context& ctx) -> weft::Error {
    int balance = 0;                                         // everything that a schedule touches is made in it
    weft::Group group(ctx);
    for (int i = 0; i < 2; ++i) {
      group.Go([&](const weft::Context& c) -> weft::Error {
        const int read = balance;
        if (weft::Error failed = weft::Sleep(c, std::chrono::milliseconds(i))) return failed;
        balance = read + 1;
        return {};
      });
    }
    if (weft::Error failed = group.Wait()) return failed;
    return balance == 2 ? weft::Error() : weft::Error::New("an update was lost");
  });
  return err;                                                // names the seed: WEFT_SEED=<seed> runs that order again
}

weft::Error Traced(const weft::Context& ctx, const std::string& path) {
  if (weft::Error err = weft::StartTrace()) return err;
  weft::Yield();                                             // what is to be looked at
  weft::Result<weft::Trace> trace = weft::StopTrace();
  if (weft::Error err = trace.Err()) return err;
  return weft::Offload(ctx, [&] { return trace->WriteJson(path); });
}

std::string WhoIsThere() {
  std::string tree = weft::FormatFiberTree(weft::ListFibers());
  return tree;
}

std::string WhereTheyStand(const weft::Context& ctx) {
  weft::CancelScope scope = weft::WithTimeout(ctx, std::chrono::seconds(1));
  weft::Result<std::string> dump = weft::Offload(scope.ctx, [](const weft::Context& c) { return weft::DumpFibers(c); });
  return dump.Ok() ? *dump : std::string();
}

int main() {
  Check(!WaitsSevenSeconds());
  Check(LosesAnUpdate(20).Message().find("an update was lost") != std::string::npos);
  Check(!weft::Run(weft::Background(), {.loops = 1}, [](const weft::Context& ctx) {
    Check(*ReadIt(ctx, "a") == "what is in a");
    Library library;
    weft::Group feeder(ctx);
    feeder.Go([&](const weft::Context&) {
      for (int i = 0; i < 3; ++i) {
        library.Feed();
        weft::Yield();
      }
    });
    Check(!UseLibrary(ctx, library));
    Check(!feeder.Wait());
    Check(WhoIsThere().find("main  #") == 0);
    Check(!Traced(ctx, "/dev/null"));
    weft::Group group(ctx);
    group.Go("waits", [](const weft::Context& c) { return weft::Sleep(c, std::chrono::hours(1)); });
    weft::Yield();
    Check(WhereTheyStand(ctx).find("waits  #") != std::string::npos);
  }));
  return failures == 0 ? 0 : 1;
}
