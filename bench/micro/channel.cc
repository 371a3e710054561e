// SPDX-License-Identifier: Apache-2.0
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

// ping-pong-done is the same here as ping-pong; in Go each step can be canceled there too, as weft's always can.
const Announce kOperations{{"ping-pong", 1, PingPong<false>},
                           {"ping-pong-done", 1, PingPong<false>},
                           {"ping-pong-loops", 2, PingPong<true>},
                           {"buffered-128", 1, Buffered},
                           {"buffered-128-done", 1, Buffered}};

}  // namespace
}  // namespace weft::bench
