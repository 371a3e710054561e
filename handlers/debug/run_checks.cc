// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/debug/run_checks.h>

#include <exception>
#include <memory>
#include <utility>

#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>

namespace weft {
namespace {

// One check, and its results so far.
class Watch {
 public:
  Watch(Readiness& readiness, Check check, const CheckOptions& options)
      : readiness_(readiness), check_(std::move(check)), options_(options), hold_(readiness.Hold(check_.name + ": not checked yet")) {}

  // Until the context is done.
  void Run(const Context& ctx) {
    while (!ctx.Err()) {
      LookOnce(ctx);
      static_cast<void>(Sleep(ctx, options_.every));
    }
  }

 private:
  // The check runs in a fiber of its own, so that it is noticed if it does not return.
  void LookOnce(const Context& ctx) {
    const CancelScope limited = WithTimeout(ctx, options_.timeout);
    Event done;
    Error outcome;
    Group group(limited.ctx);
    const bool started = group.Go(check_.name, [&](const Context& c) {
      outcome = Call(c);
      done.Set();
    });
    if (!started) {
      if (!ctx.Err()) NoteFailure("no memory for a fiber");
      return;
    }
    if (done.Wait(limited.ctx) && !done.IsSet()) {
      WaitForOneThatIsLate(ctx, done);
      static_cast<void>(group.Wait());
      return;
    }
    static_cast<void>(group.Wait());
    if (ctx.Err()) return;
    if (outcome) {
      NoteFailure(outcome.Message());
    } else {
      NoteSuccess();
    }
  }

  Error Call(const Context& ctx) const {
    try {
      return check_.run(ctx);
    } catch (...) {
      return Error::FromException(std::current_exception());
    }
  }

  void WaitForOneThatIsLate(const Context& ctx, Event& done) {
    while (!done.IsSet() && !ctx.Err()) {
      NoteFailure("no result in time");
      const CancelScope pause = WithTimeout(ctx, options_.every);
      static_cast<void>(done.Wait(pause.ctx));
    }
  }

  void NoteSuccess() {
    failures_ = 0;
    passed_ = true;
    hold_.Release();
  }
  void NoteFailure(const std::string& why) {
    if (++failures_ < options_.failures_to_hold && passed_) return;
    hold_ = readiness_.Hold(check_.name + ": " + why);
  }

  Readiness& readiness_;
  const Check check_;
  const CheckOptions options_;
  ReadinessHold hold_;
  int failures_ = 0;  // in a row
  bool passed_ = false;
};

}  // namespace

Error RunChecks(const Context& ctx, Readiness& readiness, std::vector<Check> checks, CheckOptions options) {
  std::vector<std::unique_ptr<Watch>> watches;
  for (Check& check : checks) watches.push_back(std::make_unique<Watch>(readiness, std::move(check), options));
  Group group(ctx);
  for (const auto& watch : watches) {
    group.Go("checks", [&watch](const Context& c) { watch->Run(c); });
  }
  Error failed = group.Wait();
  return ctx.Err() ? Error() : failed;
}

}  // namespace weft
