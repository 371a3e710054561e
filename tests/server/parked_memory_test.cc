// SPDX-License-Identifier: Apache-2.0
//
// What a request takes of the heap while its handler waits, beside the pages of its fiber's stack.
#include <malloc.h>

#include <chrono>
#include <vector>

#include <gtest/gtest.h>

#include <weft/concurrency/event.h>

#include "server_kit.h"

namespace weft {
namespace {

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

TEST(ParkedRequest, TakesLittleOfTheHeap) {
  constexpr std::size_t kMany = 200;
  Virtually([](const Context& ctx) {
    std::size_t parked = 0;
    Event go_on;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
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

    RecordProperty("bytes", static_cast<int>(each));
    EXPECT_LT(each, 2400u);
    go_on.Set();
  });
}

// A stream of events that waits has no memory for the body that is to come.
TEST(ParkedRequest, ThatHasFlushedTakesLittleMore) {
  constexpr std::size_t kMany = 200;
  Virtually([](const Context& ctx) {
    std::size_t parked = 0;
    Event go_on;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      if (Error err = w.Write("first")) return err;
      if (Error err = w.Flush()) return err;
      ++parked;
      if (Error err = go_on.Wait(r.Ctx())) return err;
      return w.Write("last");
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

    RecordProperty("bytes", static_cast<int>(each));
    EXPECT_LT(each, 3200u);
    go_on.Set();
  });
}

#endif

}  // namespace
}  // namespace weft
