// SPDX-License-Identifier: Apache-2.0

// A pipeline of stages with channels in between: one generates numbers, several workers factorise them, their results are merged into
// one channel. The consumer stops early, and nothing is left running. What it shows:
//
// - The sender closes. A stage with several senders closes when the last of them has ended, which the stage knows because it
//   joins them: a Group inside the stage.
// - No stage has to drain anything. Every send takes the context of the group, and one Cancel ends all stages wherever they wait.
// - A slow stage slows those before it: the channels are short, so the generator is never far ahead.
//
//   build/release/examples/pipeline --workers 3 --stop-after 5
//   build/release/examples/pipeline --numbers 20 --stop-after 1000      # to the end: the closes ripple through
//
// Exit code: 0 if all went well, 1 otherwise, 2 for flags that it does not understand.

#include <cstdint>
#include <cstdio>
#include <string>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/debug.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>

#include "flags.h"

namespace {

struct Settings {
  int workers = 3;
  int stop_after = 5;
  std::uint64_t numbers = 1'000'000;
};

struct Factors {
  std::uint64_t number = 0;
  std::string text;
};

// Stage 1: sends the numbers and closes.
weft::Error Generate(const weft::Context& ctx, std::uint64_t count, const weft::Chan<std::uint64_t>& out) {
  for (std::uint64_t i = 0; i < count; ++i) {
    if (weft::Error err = out.Send(ctx, 1'000'000 + i)) return err;
  }
  (void)out.Close();
  return {};
}

Factors Factorise(std::uint64_t number) {
  Factors factors{number, {}};
  std::uint64_t rest = number;
  for (std::uint64_t p = 2; rest > 1; ++p) {
    if (p * p > rest) p = rest;
    for (; rest % p == 0; rest /= p) factors.text += (factors.text.empty() ? "" : " * ") + std::to_string(p);
  }
  return factors;
}

// Stage 2: n workers with one channel before and one after them, which is the merge. It closes when the last worker has ended;
// if one failed, or the stage was canceled, the channel stays open: a close says that everything has come.
weft::Error Work(const weft::Context& ctx, int workers, const weft::Chan<std::uint64_t>& in, const weft::Chan<Factors>& out) {
  weft::Group group(ctx, {.spread = true});  // on all loops
  for (int i = 0; i < workers; ++i) {
    group.Go("worker " + std::to_string(i), [&](const weft::Context& c) {
      return in.ForEach(c, [&](std::uint64_t number) { return out.Send(c, Factorise(number)); });
    });
  }
  if (weft::Error err = group.Wait()) return err;
  if (weft::Error err = ctx.Err()) return err;
  (void)out.Close();
  return {};
}

weft::Error Consume(const weft::Context& ctx, const Settings& settings) {
  const weft::Chan<std::uint64_t> generated(4);
  const weft::Chan<Factors> factorised(4);
  weft::Group group(ctx);
  group.Go("generate", [&](const weft::Context& c) { return Generate(c, settings.numbers, generated); });
  group.Go("work", [&](const weft::Context& c) { return Work(c, settings.workers, generated, factorised); });

  int got = 0;
  while (got < settings.stop_after) {
    weft::Result<Factors> factors = factorised.Receive(ctx);
    if (factors.Err().Is(weft::kClosed)) break;
    if (weft::Error err = factors.Err()) return err;  // the group cancels and joins by itself
    std::printf("%llu = %s\n", static_cast<unsigned long long>(factors->number), factors->text.c_str());
    ++got;
  }
  if (got == settings.stop_after) {
    std::printf("stopped early after %d results; fibers before the cancel: %zu\n", got, weft::ListFibers().size());
    group.Cancel();
  } else {
    std::printf("all %d results came\n", got);
  }
  return group.Wait();
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  Flags flags(argc, argv, "usage: pipeline [--workers N] [--stop-after N] [--numbers N]");
  while (flags.Next()) {
    if (flags.Is("--workers")) {
      settings.workers = flags.Number(1, 1000);
    } else if (flags.Is("--stop-after")) {
      settings.stop_after = flags.Number(1, 1'000'000);
    } else if (flags.Is("--numbers")) {
      settings.numbers = flags.Number<std::uint64_t>(0, 1'000'000);
    } else {
      flags.Unknown();
    }
  }
  const weft::Error err = weft::Run(weft::Background(), [&](const weft::Context& ctx) -> weft::Error {
    if (weft::Error failed = Consume(ctx, settings)) return failed;
    std::printf("fibers left: %zu (this one)\n", weft::ListFibers().size());
    return {};
  });
  if (err) {
    std::fprintf(stderr, "pipeline: %s\n", err.Message().c_str());
    return 1;
  }
}
