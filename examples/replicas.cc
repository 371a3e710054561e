// SPDX-License-Identifier: Apache-2.0

// One request to several replicas at once: the first reply wins, and slow replicas delay no caller. What it shows:
//
// - First cancels the losers and joins them before it returns: no request is left on its way, and nothing writes a reply into a variable
//   that is gone.
// - An attempt has a time limit of its own, below that of the whole: a replica that hangs counts as one that failed.
// - When all fail, the error names all of them, and AllFailed has each.
//
//   build/release/examples/replicas
//
// Exit code: 0 if it went as it should, 1 otherwise, 2 for flags that it does not understand.

#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/time.h>

#include "flags.h"

namespace {

using std::chrono::milliseconds;

// Stands for a backend in another place.
struct Replica {
  std::string name;
  weft::Duration delay;
  bool broken = false;
};

weft::Result<std::string> Ask(const weft::Context& ctx, const Replica& replica) {
  if (weft::Error err = weft::Sleep(ctx, replica.delay)) return err.Wrap(replica.name);
  if (replica.broken) return weft::Error::New("out of order").Wrap(replica.name);
  return "42, says " + replica.name;
}

weft::Result<std::string> AskFirst(const weft::Context& ctx, const std::vector<Replica>& replicas, weft::Duration attempt_limit) {
  std::vector<std::function<weft::Result<std::string>(const weft::Context&)>> attempts;
  for (const Replica& replica : replicas) {
    // Capturing the replica by reference is right: First has joined all attempts when it returns.
    attempts.push_back([&replica, attempt_limit](const weft::Context& c) {
      const weft::CancelScope scope = weft::WithTimeout(c, attempt_limit, weft::Error::New("this attempt took too long"));
      weft::Result<std::string> answer = Ask(scope.ctx, replica);
      const std::string end = answer.Ok() ? "answered" : answer.Err().Message();
      std::printf("  %s: %s\n", replica.name.c_str(), end.c_str());
      return answer;
    });
  }
  return weft::First<std::string>(ctx, std::move(attempts));
}

weft::Error Main(const weft::Context& ctx) {
  const weft::CancelScope scope = weft::WithTimeout(ctx, std::chrono::seconds(10));

  std::printf("three replicas of different speed:\n");
  weft::Result<std::string> answer =
      AskFirst(scope.ctx, {{"near", milliseconds(20)}, {"far", std::chrono::hours(1)}, {"broken", milliseconds(0), true}},
               std::chrono::hours(2));
  if (weft::Error err = answer.Err()) return err;
  std::printf("the answer is %s\n", answer->c_str());

  std::printf("and when all fail:\n");
  answer = AskFirst(scope.ctx, {{"hangs", std::chrono::hours(1)}, {"broken", milliseconds(0), true}}, milliseconds(50));
  if (answer.Ok()) return weft::Error::New("an answer from nowhere");
  std::printf("no answer: %s\n", answer.Err().Message().c_str());
  if (const weft::AllFailed* all = answer.Err().As<weft::AllFailed>()) {
    for (const weft::Error& err : all->errors) {
      std::printf("  %s%s\n", err.Message().c_str(), err.Is(weft::kDeadlineExceeded) ? " (worth another try)" : "");
    }
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags(argc, argv, "usage: replicas");
  while (flags.Next()) flags.Unknown();
  if (weft::Error err = weft::Run(weft::Background(), {.loops = 1}, Main)) {
    std::fprintf(stderr, "replicas: %s\n", err.Message().c_str());
    return 1;
  }
}
