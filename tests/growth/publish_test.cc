// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <string>
#include <vector>

#include <weft/concurrency/broadcast.h>
#include <weft/concurrency/group.h>
#include <weft/handlers/live/events.h>
#include <weft/handlers/testing.h>

#include "kit.h"

// Very many who have subscribed to one broadcast get a value.
namespace weft {
namespace {

using namespace weft::testing;

enum class Caches { kAsTheyAre, kOfOthers };

// What a server's kernel does between two events leaves nothing of most clients in a core's own cache.
void UseCachesForOthers() {
  std::vector<char> others(64 * 1024 * 1024);
  for (std::size_t i = 0; i < others.size(); i += 64) others[i] = 1;
}

// Publish itself wakes all in one piece; what each then sends is done some at a time.
Cost PublishToEventStreams(const Context& ctx, long n, Caches caches) {
  const Broadcast<int> all;
  Group group(ctx);
  long began = 0, sent = 0;
  for (long i = 0; i < n; ++i) {
    group.Go([&](const Context& c) {
      Recorder recorder;
      recorder.Serve(
          [&](ResponseWriter& w, Request& r) -> Error {
            Result<EventStream> events = StartEvents(w, r);
            if (Error err = events.Err()) return err;
            const Subscription<int> mine = all.Subscribe();
            ++began;
            return events->Forward(c, mine, [&](int value) {
              ++sent;
              return ServerSentEvent{.data = std::to_string(value)};
            });
          },
          RequestBuilder());
      return recorder.Err();
    });
  }
  // One that fails, as for lack of memory, ends the group.
  while (began < n && !group.Ctx().Err()) Yield();
  Yield();
  if (caches == Caches::kOfOthers) UseCachesForOthers();
  const Cost cost = Measure([&] {
    EXPECT_EQ(all.Publish(1), static_cast<std::size_t>(n));
    while (sent < n && !group.Ctx().Err()) Yield();
  });
  all.Close();
  const Error err = group.Wait();
  EXPECT_FALSE(err) << err.Message();
  return cost;
}

TEST(PublishGrowth, WakesEventStreams) {
  ExpectGrowth(2'500, [](const Context& ctx, long n) { return PublishToEventStreams(ctx, n, Caches::kAsTheyAre); });
}

TEST(PublishGrowth, WakesEventStreamsThatAreInNoCache) {
  ExpectGrowth(2'500, [](const Context& ctx, long n) { return PublishToEventStreams(ctx, n, Caches::kOfOthers); });
}

// Each buffer begins with room for a few values; here the buffers of all grow in one piece.
TEST(PublishGrowth, GrowsTheBuffersOfSubscribersThatFallBehind) {
  ExpectGrowth(2'500, [](const Context&, long n) {
    const Broadcast<int> all;
    std::vector<Subscription<int>> behind;
    for (long i = 0; i < n; ++i) behind.push_back(all.Subscribe());
    for (int i = 0; i < 4; ++i) all.Publish(i);
    UseCachesForOthers();
    const Cost cost = Measure([&] { EXPECT_EQ(all.Publish(4), static_cast<std::size_t>(n)); });
    for (int i = 0; i < 5; ++i) EXPECT_EQ(behind.back().Channel().TryReceive(), i);
    return cost;
  });
}

}  // namespace
}  // namespace weft
