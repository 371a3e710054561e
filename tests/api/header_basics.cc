// SPDX-License-Identifier: Apache-2.0

// The examples in the headers of contexts, errors and time. tests/headers_test.sh compares them line by line.
#include <csignal>
#include <cstdio>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <weft/concurrency/chan.h>
#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/copy.h>
#include <weft/concurrency/crash_report.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/file_read.h>
#include <weft/concurrency/file_write.h>
#include <weft/concurrency/offload.h>
#include <weft/concurrency/rate_limiter.h>
#include <weft/concurrency/resource_pool.h>
#include <weft/concurrency/resources.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/scope.h>
#include <weft/concurrency/scoped_context.h>
#include <weft/concurrency/select.h>
#include <weft/concurrency/timer.h>
#include <weft/concurrency/unlimited.h>
#include <weft/concurrency/work_ids.h>
#include <weft/handlers/handler.h>

using weft::Context;

namespace error_h {

weft::Error Connect(const Context&) { return {}; }
weft::Error Work(const Context& ctx) { return Connect(ctx); }

weft::Error Load(const weft::Context& ctx) {
  if (weft::Error err = Connect(ctx)) return err.Wrap("load the profile");
  return {};                                     // success
}
bool TimedOut(const weft::Error& err) { return err.Is(weft::kDeadlineExceeded); }

int main() {
  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  return weft::IgnoreCanceled(weft::Run(ctx, Work)) ? 1 : 0;
}

}  // namespace error_h

namespace result_h {

weft::Result<int> ParsePort(std::string_view text) {
  if (text != "8080") return weft::Error::New("not a number");
  return 8080;
}
void Listen(int) {}

weft::Error Serve(std::string_view text) {
  weft::Result<int> port = ParsePort(text);
  if (weft::Error err = port.Err()) return err.Wrap("--address");
  Listen(*port);
  return {};
}

}  // namespace result_h

namespace clock_h {

weft::Error Connect(const Context& ctx) { return ctx.Err(); }

weft::Error Retry(const weft::Context& ctx) {
  const weft::TimePoint start = weft::Now();
  while (weft::Now() - start < std::chrono::minutes(1)) {
    if (!Connect(ctx)) return {};
    if (weft::Error err = weft::Sleep(ctx, std::chrono::seconds(1))) return err;
  }
  return weft::kTimeout;
}

}  // namespace clock_h

namespace unlimited_h {

struct Session {};

void Configure() {
  weft::ResourcePoolOptions<Session> options;
  options.lifetime_max = weft::kUnlimited;
  options.waiting_max = weft::kUnlimited;
}

}  // namespace unlimited_h

namespace resources_h {

std::uint64_t Configure() {
  weft::RunOptions options;
  options.loops = weft::UsableCpus() - 1;                      // leaves one CPU to others
  const std::uint64_t cache_bytes = weft::UsableMemory() / 4;
  return options.loops > 0 ? cache_bytes : 0;
}

}  // namespace resources_h

namespace context_h {

struct Event {};
void Show(const Event&) {}
struct Job {};
weft::Error Work(const Context& ctx, const Job&) { return ctx.Err(); }
weft::Error Serve(const Context& ctx) { return ctx.Wait(); }
struct User {
  std::string name;
};
struct ForeignConnection {
  void Shutdown() {}
  weft::Error Query() { return {}; }
};

weft::Error Report(const weft::Context& ctx) {
  weft::CancelScope scope = weft::WithTimeout(ctx, std::chrono::seconds(2));
  if (weft::Error err = weft::Sleep(scope.ctx, std::chrono::seconds(5))) {
    return err.Wrap("report");                  // after 2 s; err.Is(weft::kDeadlineExceeded)
  }
  return {};
}

void Cancel(const Context& parent) {
  auto [ctx, cancel] = weft::WithCancel(parent);
  if (!ctx.Err()) cancel();
}

weft::Error Stream(weft::Request& r, const weft::Chan<Event>& events) {
  // ends when the client disconnects, or when the server drains
  weft::CancelScope either = weft::WithEither(r.Ctx(), r.Draining());
  return events.ForEach(either.ctx, Show);
}

weft::Error AsTheWorker(weft::Request& r, const Context& worker_ctx) {
  weft::CancelScope scope = weft::WithEither(weft::WithoutCancel(r.Ctx()), worker_ctx);
  return scope.ctx.Wait();
}

weft::Error CleanUp(const Context& ctx) {
  weft::CancelScope cleanup =
      weft::WithTimeout(weft::WithoutCancel(ctx), std::chrono::seconds(5));
  return Work(cleanup.ctx, {});
}

weft::Error Worker(const weft::Context& ctx, const weft::Chan<Job>& jobs) {
  weft::CancelScope finish = weft::WithGrace(ctx, std::chrono::seconds(20));
  for (;;) {
    weft::Result<Job> job = jobs.Receive(ctx);                 // no more once ctx is done
    if (!job.Ok()) return job.Err();
    if (weft::Error err = Work(finish.ctx, *job)) return err;  // then has 20 s left
  }
}

weft::Error UntilASignal() {
  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  weft::Error err = weft::Run(ctx, Serve);
  return err;
}

inline constexpr weft::Key<User> kUser{"user"};

bool KnowsTheUser(const Context& parent) {
  const weft::Context ctx = weft::WithValue(parent, kUser, User{"anna"});
  const User* user = ctx.Value(kUser);           // in code that was only given the context
  return user != nullptr && user->name == "anna";
}

weft::Error Query(const weft::Context& ctx, ForeignConnection& connection) {
  weft::StopFunc stop = weft::AfterFunc(ctx, [&] { connection.Shutdown(); });
  return connection.Query();                    // returns early after Shutdown
}

}  // namespace context_h

namespace scope_h {

class Checked {
 public:
  void Touch() const {
    if (weft::CurrentScope() != owner_) std::abort();     // used from elsewhere
  }

 private:
  const weft::Scope owner_ = weft::CurrentScope();
};

}  // namespace scope_h

namespace scoped_context_h {

struct User {};
inline constexpr weft::Key<User> kUser{"user"};
void Foreign() {}

void Handle(const weft::Context& ctx, const User& user) {
  const weft::Context named = weft::WithValue(ctx, kUser, user);
  const weft::ScopedContext current(named);
  Foreign();                                   // finds the user by CurrentContext()
}

}  // namespace scoped_context_h

namespace work_ids_h {

struct Job {
  std::string id;
};
weft::Error Work(const Context& ctx, const Job&) { return ctx.Err(); }

weft::Error RunJob(const weft::Context& parent, const Job& job) {
  const weft::Context ctx = weft::WithRequestId(parent, job.id);
  return Work(ctx, job);                       // its log lines carry the id
}

}  // namespace work_ids_h

namespace copy_h {

void Report(const weft::Error&) {}

void Echo(weft::ResponseWriter& w, weft::Request& r) {
  weft::Result<std::uint64_t> bytes = weft::Copy(r.Ctx(), r.Body(), w);
  if (weft::Error err = bytes.Err()) Report(err);
}

}  // namespace copy_h

namespace file_read_h {

weft::Result<std::size_t> Head(const weft::Context& ctx, int fd, std::span<char> into) {
  return weft::ReadFileAt(ctx, fd, into, 0);
}

}  // namespace file_read_h

namespace file_write_h {

weft::Error PutRecord(const weft::Context& ctx, int fd, std::string_view record, int number) {
  return weft::WriteFileAt(ctx, fd, record, static_cast<std::uint64_t>(number) * 512);
}

void Upload(weft::ResponseWriter& w, weft::Request& r) {
  weft::Result<std::uint64_t> size =
      weft::SaveTo(r.Ctx(), r.Body(), "upload.bin", {.max = 100 << 20});
  if (!size.Ok()) w.WriteHeader(size.Err().Is(weft::kTooLarge) ? 413 : 500);
}

}  // namespace file_write_h

namespace offload_h {

std::string ReadWholeFile(const std::string& path) { return path; }

weft::Result<std::string> Load(const weft::Context& ctx, const std::string& path) {
  return weft::Offload(ctx, [&] { return ReadWholeFile(path); });
}

}  // namespace offload_h

namespace timer_h {

void Flush() {}
struct Job {};
weft::Error Work(const weft::Result<Job>& job) { return job.Err(); }

weft::Error FlushEveryTenSeconds(const weft::Context& ctx) {
  weft::Ticker ticker(std::chrono::seconds(10));
  while (ticker.Wait(ctx).Ok()) Flush();
  return ctx.Err();
}

weft::Error WorkAndFlush(const weft::Context& ctx, const weft::Chan<Job>& jobs,
                         weft::Ticker& ticker) {
  return weft::Select(ctx, weft::OnTick(ticker, [] { Flush(); }),
                      weft::OnReceive(jobs, [](weft::Result<Job> job) { return Work(job); }))
      .Err();
}

}  // namespace timer_h

namespace rate_limiter_h {

struct Mail {};
weft::Error Deliver(const Context& ctx, const Mail&) { return ctx.Err(); }

weft::RateLimiter mails(5, 10);             // 5 per second, and 10 at once after a pause

weft::Error Send(const weft::Context& ctx, const Mail& mail) {
  if (weft::Error err = mails.Wait(ctx)) return err;
  return Deliver(ctx, mail);
}

}  // namespace rate_limiter_h

namespace crash_report_h {

int RunTheProgram() { return 0; }

int main() {
  weft::InstallCrashReport();
  return RunTheProgram();
}

}  // namespace crash_report_h
