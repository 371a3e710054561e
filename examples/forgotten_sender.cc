// SPDX-License-Identifier: Apache-2.0

// A sender without a receiver: the leak that programs with channels have. Two replicas are asked over a channel without a buffer, the first
// reply is taken, and the other sender waits forever. The program runs into it in two ways, shows what weft reports, and mends it in four.
// The limits of the reports are seconds by default, and short here.
//
//   build/release/examples/forgotten_sender
//
// Exit code: 0 if weft has reported what it should and the mended ones end, 1 otherwise, 2 for flags that it does not understand.

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/time.h>

#include "flags.h"

namespace {

using std::chrono::milliseconds;
using Answers = weft::Chan<std::string>;

weft::Error Ask(const weft::Context& ctx, std::string who, milliseconds takes, const Answers& answers) {
  if (weft::Error err = weft::Sleep(ctx, takes)) return err;
  return answers.Send(ctx, "an answer of " + who);
}

void AskBoth(weft::Group& group, const Answers& answers) {
  group.Go("ask the fast one", [=](const weft::Context& ctx) { return Ask(ctx, "the fast one", milliseconds(1), answers); });
  group.Go("ask the slow one", [=](const weft::Context& ctx) { return Ask(ctx, "the slow one", milliseconds(2), answers); });
}

void Show(const std::vector<weft::FiberInfo>& fibers) {
  const std::string tree = weft::FormatFiberTree(fibers);
  std::printf("%s", tree.c_str());
}

// The group outlives the function that built it (here: a global cache, say), and so does the sender. Run does not return
// while fibers are left on its loops, and names them, after leak_limit.
bool LeftBehind() {
  std::unique_ptr<weft::Group> cache;
  int reports = 0;
  weft::RunOptions options{.loops = 1, .leak_limit = milliseconds(100)};
  options.on_leak = [&](const std::vector<weft::FiberInfo>& fibers, weft::Duration) {
    if (++reports == 1) Show(fibers);
    cache.reset();  // so that the example continues: cancels and joins
  };
  const weft::Error err = weft::Run(weft::Background(), options, [&](const weft::Context& ctx) -> weft::Error {
    const Answers answers(0);
    cache = std::make_unique<weft::Group>(weft::WithoutCancel(ctx));
    AskBoth(*cache, answers);
    return answers.Receive(ctx).Err();  // one is enough
  });
  return !err && reports == 1;
}

// The group is joined as it should be, but nothing ends the sender: Wait waits, too. All fibers wait and nothing can wake them, which
// is a deadlock, reported after deadlock_limit.
bool WaitedFor() {
  int reports = 0;
  auto [ctx, rescue] = weft::WithCancel(weft::Background());
  weft::RunOptions options{.loops = 1, .deadlock_limit = milliseconds(100)};
  options.on_deadlock = [&](const std::vector<weft::FiberInfo>& fibers, weft::Duration) {
    ++reports;
    Show(fibers);
    rescue();  // so that the example continues
  };
  (void)weft::Run(ctx, options, [](const weft::Context& c) -> weft::Error {
    const Answers answers(0);
    weft::Group group(c);
    AskBoth(group, answers);
    if (weft::Error err = answers.Receive(c).Err()) return err;
    return group.Wait();
  });
  return reports == 1;
}

// ---- Mended.

weft::Error MendedByTheScope(const weft::Context& ctx) {
  const Answers answers(0);
  weft::Group group(ctx);
  AskBoth(group, answers);
  return answers.Receive(ctx).Err();  // the group goes out of scope, cancels and joins
}

weft::Error MendedByCancel(const weft::Context& ctx) {
  const Answers answers(0);
  weft::Group group(ctx);
  AskBoth(group, answers);
  if (weft::Error err = answers.Receive(ctx).Err()) return err;
  group.Cancel();  // each Send has the group's context
  return group.Wait();
}

weft::Error MendedByCapacity(const weft::Context& ctx) {
  const Answers answers(2);  // room for all that send once: none waits
  weft::Group group(ctx);
  AskBoth(group, answers);
  if (weft::Error err = answers.Receive(ctx).Err()) return err;
  return group.Wait();
}

weft::Error MendedByClose(const weft::Context& ctx) {
  const Answers answers(0);
  weft::Group group(ctx);
  AskBoth(group, answers);
  if (weft::Error err = answers.Receive(ctx).Err()) return err;
  (void)answers.Close();  // the reader leaves: Send returns kClosed, where Go's would panic
  const weft::Error err = group.Wait();
  return err.Is(weft::kClosed) ? weft::Error() : err;
}

struct Mended {
  const char* how;
  weft::Error (*run)(const weft::Context&);
};

bool Main() {
  bool good = true;
  std::printf("left behind in a group that outlives its builder; Run reports a leak:\n");
  good = LeftBehind() && good;
  std::printf("waited for, but nobody receives; Run reports a deadlock:\n");
  good = WaitedFor() && good;
  std::printf("mended:\n");
  const Mended all[] = {{"the group in the scope of its reader", MendedByTheScope},
                        {"a cancel of the group", MendedByCancel},
                        {"a place in the channel for each answer", MendedByCapacity},
                        {"a close by the reader", MendedByClose}};
  for (const Mended& mended : all) {
    const weft::Error err = weft::Run(weft::Background(), {.loops = 1}, mended.run);
    std::printf("  %s: %s\n", mended.how, err ? err.Message().c_str() : "everybody has ended");
    good = good && !err;
  }
  std::printf("and for just this, weft::First: see the example replicas\n");
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags(argc, argv, "usage: forgotten_sender");
  while (flags.Next()) flags.Unknown();
  return Main() ? 0 : 1;
}
