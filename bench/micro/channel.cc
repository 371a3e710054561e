// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <thread>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/group.h>

#include "micro/harness.h"

namespace weft::bench {
namespace {

// Time for each round trip between two members over two channels without a buffer, under the group's context.
template <bool spread>
std::int64_t PingPong(const Context& parent, std::int64_t n, Meter&) {
  Chan<std::int64_t> there(0), back(0);
  Group group(parent, {.limit = 0, .spread = spread});
  group.Go([&](const Context& ctx) {
    for (std::int64_t i = 0; i < n; ++i) {
      Must(there.Send(ctx, i));
      Must(*back.Receive(ctx) == i);
    }
  });
  group.Go([&](const Context& ctx) {
    for (std::int64_t i = 0; i < n; ++i) {
      const Result<std::int64_t> ball = there.Receive(ctx);
      Must(back.Send(ctx, *ball));
    }
  });
  Must(group.Wait());
  return n;
}

// Time for each item from a producer to a consumer.
std::int64_t Buffered(const Context& parent, std::int64_t n, Meter&) {
  Chan<std::int64_t> items(128);
  Group group(parent);
  group.Go([&](const Context& ctx) {
    for (std::int64_t i = 0; i < n; ++i) Must(items.Send(ctx, i));
  });
  group.Go([&](const Context& ctx) {
    for (std::int64_t i = 0; i < n; ++i) Must(*items.Receive(ctx) == i);
  });
  Must(group.Wait());
  return n;
}

// Time for each round trip of a cache line between two cores that do nothing but wait for it: the least that two who stay on two
// cores can take, which differs with where the cores lie.
std::int64_t BareLine(const Context&, std::int64_t n, Meter& meter) {
  meter.Pause();
  struct alignas(64) {  // nothing else is on it
    std::atomic<std::int64_t> word = 0;
  } own;
  std::atomic<std::int64_t>& line = own.word;
  const auto wait_for = [&line](std::int64_t value) {
    while (line.load(std::memory_order_acquire) != value) {
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    }
  };
  std::thread other([&] {
    for (std::int64_t i = 0; i <= n; ++i) {
      wait_for(2 * i + 1);
      line.store(2 * i + 2, std::memory_order_release);
    }
  });
  // The first trip ends when the other one is there.
  for (std::int64_t i = 0; i <= n; ++i) {
    line.store(2 * i + 1, std::memory_order_release);
    wait_for(2 * i + 2);
    if (i == 0) meter.Resume();
  }
  meter.Pause();
  other.join();
  return n;
}

// ping-pong-done is the same here as ping-pong; in Go each step can be canceled there too, as weft's always can. ping-pong-stay is
// the same as ping-pong-loops; in Go both stay on their threads there too, as weft's always do.
const Announce kOperations{{"ping-pong", 1, PingPong<false>},
                           {"ping-pong-done", 1, PingPong<false>},
                           {"ping-pong-loops", 2, PingPong<true>},
                           {"ping-pong-stay", 2, PingPong<true>},
                           {"bare-line", 2, BareLine},
                           {"buffered-128", 1, Buffered},
                           {"buffered-128-done", 1, Buffered}};

}  // namespace
}  // namespace weft::bench
