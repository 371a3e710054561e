// SPDX-License-Identifier: Apache-2.0

// The examples in the headers for looking inside, for drivers, and for foreign libraries. tests/headers_test.sh compares them line by line.
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>
#include <weft/concurrency/backtrace.h>
#include <weft/concurrency/debug.h>
#include <weft/concurrency/fiber_owner.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/offload.h>
#include <weft/concurrency/reusable_context.h>
#include <weft/concurrency/runtime_stats.h>
#include <weft/concurrency/trace.h>
#include <weft/concurrency/wait_fd.h>

using weft::Context;

namespace backtrace_h {

weft::Error PrintStacks(const weft::Context& ctx) {
  for (const weft::FiberInfo& info : weft::ListFibers()) {
    weft::Result<std::vector<weft::Frame>> frames = weft::Backtrace(ctx, info.id);
    if (frames.Ok()) std::fputs(weft::FormatFrames(*frames).c_str(), stderr);
  }
  return ctx.Err();
}

weft::Result<std::string> Dump(const weft::Context& ctx) {
  const weft::CancelScope scope = weft::WithTimeout(ctx, std::chrono::seconds(1));
  return weft::Offload(scope.ctx, [](const weft::Context& c) { return weft::DumpFibers(c); });
}

}  // namespace backtrace_h

namespace debug_h {

void PrintFibers() {
  std::fputs(weft::FormatFiberTree(weft::ListFibers()).c_str(), stderr);
}

}  // namespace debug_h

namespace fiber_job_h {

class Greeting final : public weft::FiberJob {
 public:
  void Run() override { std::puts("hello from a fiber"); }
  void Ended() noexcept override { delete this; }
};

weft::Error Greet(weft::Loop& loop) {
  auto job = std::make_unique<Greeting>();
  if (weft::Error err = loop.Start(*job, {.name = "greeting"})) return err;
  job.release();                              // from here on it deletes itself
  return {};
}

}  // namespace fiber_job_h

namespace fiber_owner_h {

class Connection {
 public:
  explicit Connection(std::uint64_t parent_fiber) : owner_(parent_fiber, &NameOf, this) {}
  weft::FiberOptions Options() const { return {.name = "request", .parent = owner_.Id()}; }

 private:
  static std::string NameOf(const void* of) {
    return "connection of " + static_cast<const Connection*>(of)->peer_;
  }
  std::string peer_ = "10.0.0.7";
  weft::FiberOwner owner_;                 // last: NameOf may be called as soon as it exists
};

}  // namespace fiber_owner_h

namespace loop_h {

class Pulse final : public weft::LoopTimer {
 public:
  explicit Pulse(weft::Loop& loop) : LoopTimer(&Fire), loop_(loop) { Next(); }
  ~Pulse() { loop_.Disarm(*this); }

 private:
  static void Fire(weft::LoopTimer* timer) { static_cast<Pulse*>(timer)->Next(); }
  void Next() { loop_.Arm(*this, loop_.TurnTime() + std::chrono::seconds(1)); }
  weft::Loop& loop_;
};

}  // namespace loop_h

namespace loop_hooks_h {

struct Wakeup : weft::LoopTask {
  explicit Wakeup(weft::LoopSignal& to_notify)
      : LoopTask([](weft::LoopTask* task) { static_cast<Wakeup*>(task)->signal.Notify(); }),
        signal(to_notify) {}
  weft::LoopSignal& signal;
};

void WakeFromElsewhere(weft::Loop& loop, Wakeup& wakeup) { loop.Post(wakeup); }

}  // namespace loop_hooks_h

namespace loop_signal_h {

struct Input {
  weft::LoopSignal readable;
  bool has_bytes = false;

  void OnBytes() {                             // on the loop's stack
    has_bytes = true;
    readable.Notify();
  }
  weft::Error WaitForBytes(const weft::Context& ctx) {
    while (!has_bytes) {
      const auto outcome = readable.Wait(ctx, "bytes");
      if (outcome != weft::LoopSignal::Outcome::kNotified) return ctx.Err();
    }
    return {};
  }
};

}  // namespace loop_signal_h

namespace reusable_context_h {

weft::Error Serve(const Context& ctx) { return ctx.Err(); }
const weft::Error kTooSlow = weft::Error::New("too slow");
const weft::Error kRequestEnded = weft::Error::New("the request has ended");

weft::Error ServeOne(weft::ReusableContext& reusable) {
  const weft::Context& ctx = reusable.Begin(weft::Now() + std::chrono::seconds(30), kTooSlow);
  weft::Error err = Serve(ctx);
  reusable.End(kRequestEnded);
  return err;
}

}  // namespace reusable_context_h

namespace runtime_stats_h {

void PrintFigures() {
  for (const weft::SchedulerStats& scheduler : weft::ListSchedulers()) {
    for (const weft::LoopStats& loop : scheduler.loops) {
      std::printf("%s loop %d: %ju fibers\n", scheduler.name.c_str(), loop.loop,
                  static_cast<std::uintmax_t>(loop.fibers));
    }
  }
}

}  // namespace runtime_stats_h

namespace trace_h {

void Work(const Context&) {}

weft::Error Profile(const weft::Context& ctx) {
  if (weft::Error err = weft::StartTrace()) return err;
  Work(ctx);
  weft::Result<weft::Trace> trace = weft::StopTrace();
  if (weft::Error err = trace.Err()) return err;
  return weft::Offload(ctx, [&] { return trace->WriteJson("weft-trace.json"); });
}

}  // namespace trace_h

namespace wait_fd_h {

struct ForeignConnection {
  bool Busy() const { return false; }
  int Socket() const { return -1; }
  bool ConsumeInput() { return true; }
  const char* ErrorText() const { return ""; }
  void Close() {}
};

weft::Error Finish(const weft::Context& ctx, ForeignConnection& connection) {
  while (connection.Busy()) {
    auto ready = weft::WaitFd(ctx, connection.Socket(), weft::FdEvents::kRead);
    if (weft::Error err = ready.Err()) return err;
    if (!connection.ConsumeInput()) return weft::Error::New(connection.ErrorText());
  }
  return {};
}

class Client {
 public:
  ~Client() {
    waiter_.Forget();                         // before the descriptor is closed
    connection_.Close();
  }
  weft::Error WaitForInput(const weft::Context& ctx) {
    return waiter_.Wait(ctx, weft::FdEvents::kRead).Err();
  }

 private:
  ForeignConnection connection_;
  weft::FdWaiter waiter_{connection_.Socket()};
};

}  // namespace wait_fd_h
