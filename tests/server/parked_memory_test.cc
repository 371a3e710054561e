// SPDX-License-Identifier: Apache-2.0
//
// What a request takes of the heap while its handler waits, in addition to the pages of its fiber's stack.
#include <malloc.h>

#include <chrono>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

#include <weft/concurrency/event.h>

#include "server_kit.h"

namespace weft {
namespace {

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

// What each request takes of the heap whose handler has done `before_it_waits`, and waits.
std::size_t HeapOfAParkedRequest(const Context& ctx, const std::function<Error(ResponseWriter&)>& before_it_waits) {
  constexpr std::size_t kMany = 200;
  std::size_t parked = 0;
  Event go_on;
  Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
    if (Error err = before_it_waits(w)) return err;
    ++parked;
    if (Error err = go_on.Wait(r.Ctx())) return err;
    return w.Write("x");
  });
  std::vector<Client> clients;
  for (std::size_t i = 0; i < kMany; ++i) clients.push_back(site.Connect());
  const auto ask = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) clients[i].Send(kGet);
    while (parked < to) (void)Sleep(ctx, std::chrono::milliseconds(1));
  };
  ask(0, kMany / 2);
  const std::size_t before = mallinfo2().uordblks;
  ask(kMany / 2, kMany);
  const std::size_t each = (mallinfo2().uordblks - before) / (kMany / 2);
  ::testing::Test::RecordProperty("bytes", static_cast<int>(each));
  go_on.Set();
  return each;
}

TEST(ParkedRequest, TakesLittleOfTheHeap) {
  Virtually([](const Context& ctx) { EXPECT_LT(HeapOfAParkedRequest(ctx, [](ResponseWriter&) { return Error(); }), 2400u); });
}

// A stream of events that waits has no memory for the body that is to come.
TEST(ParkedRequest, TakesLittleMoreAfterAFlush) {
  Virtually([](const Context& ctx) {
    const std::size_t each = HeapOfAParkedRequest(ctx, [](ResponseWriter& w) -> Error {
      if (Error err = w.Write("first")) return err;
      return w.Flush();
    });
    EXPECT_LT(each, 3200u);
  });
}

#endif

}  // namespace
}  // namespace weft
