// SPDX-License-Identifier: Apache-2.0
//
// Store buffering: both sides write, act on the tool, then look at what the other has written, and at least one of them must see it.
// Each test follows from edges of docs/memory_model.md alone, for any way the sides can meet, and shares plain variables; a side to which
// nothing is promised does not look. Of the Mutex it is in litmus_test.cc.
//
// No such order follows, so there is no test: two sides that each act on a tool of their own (two contexts, events, channels) and look
// at the other's; sends that each find room in a buffer; two calls of Set of one Event; members of a Group that run at the same time.
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include <weft/concurrency/group.h>
#include <weft/concurrency/select.h>
#include <weft/concurrency/semaphore.h>
#include <weft/concurrency/sync.h>

#include "litmus_kit.h"

namespace weft {
namespace {

using namespace weft::testing;

class LitmusOrderTest : public LitmusTest {
 protected:
  using Act = std::function<void(const Context&, std::size_t round)>;
  struct Section {
    Act enter, leave;
  };

  // Each side writes in one section and looks in another. The sections have one order, so the later of the two that look sees all. The
  // count comes out short if two of them overlap.
  static void ExpectOneOrder(const Section& write, const Section& look) {
    struct Cell {
      int written[2] = {}, saw[2] = {};
    };
    std::vector<Cell> cells(Many() / 10);
    std::size_t sections = 0;
    StartLine line;
    const auto side = [&](int mine) {
      return [&, mine](const Context& ctx) {
        for (std::size_t i = 0; i < cells.size(); ++i) {
          line.Meet(mine, i);
          write.enter(ctx, i);
          const std::size_t before = sections;
          if (i % 2 == 0) Yield();
          cells[i].written[mine] = 1;
          sections = before + 1;
          write.leave(ctx, i);
          look.enter(ctx, i);
          cells[i].saw[mine] = cells[i].written[1 - mine];
          look.leave(ctx, i);
        }
      };
    };
    Both(side(0), side(1));
    for (const Cell& cell : cells) EXPECT_GE(cell.saw[0] + cell.saw[1], 1);
    EXPECT_EQ(sections, 2 * cells.size());
  }
};

void SendAnyhow(const Context& ctx, const Chan<int>& chan, std::size_t how) {
  switch (how % 3) {
    case 0: EXPECT_FALSE(chan.Send(ctx, 1)); return;
    case 1: EXPECT_TRUE(Select(ctx, OnSend(chan, 1), OnReceive(Chan<int>(), [](Result<int>) {})).Ok()); return;
    default:
      while (!chan.TrySend(1)) Yield();
  }
}

void ReceiveAnyhow(const Context& ctx, const Chan<int>& chan, std::size_t how) {
  switch (how % 3) {
    case 0: EXPECT_TRUE(chan.Receive(ctx).Ok()); return;
    case 1: EXPECT_TRUE(Select(ctx, OnReceive(chan, [](Result<int>) {}), OnSend(Chan<int>(), 1)).Ok()); return;
    default:
      while (!chan.TryReceive()) Yield();
  }
}

// Of the forms that never wait one side at a time, since two of them do not meet.
TEST_P(LitmusOrderTest, BothSidesOfARendezvousSeeTheOther) {
  struct Cell {
    int written[2] = {};
  };
  std::vector<Cell> cells(Many() / 2);
  const Chan<int> chans[2] = {Chan<int>(0), Chan<int>(0)};  // one in each direction
  const auto side = [&](int mine) {
    return [&, mine](const Context& ctx) {
      for (std::size_t i = 0; i < cells.size(); ++i) {
        const std::size_t form = i / 2 % 4;
        cells[i].written[mine] = 1;
        if (i % 2 == static_cast<std::size_t>(mine)) {
          SendAnyhow(ctx, chans[i % 2], form == 3 ? 0 : form);
        } else {
          ReceiveAnyhow(ctx, chans[i % 2], form == 2 ? 1 : form == 3 ? 2 : form);
        }
        EXPECT_EQ(cells[i].written[1 - mine], 1);
      }
    };
  };
  Both(side(0), side(1));
}

// A send locks, a receive unlocks: the k-th receive comes before the return of the send of value k + 1.
TEST_P(LitmusOrderTest, SectionsOfAFullChannelHaveOneOrder) {
  const Chan<int> lock(1);
  const Section section = {[&](const Context& ctx, std::size_t i) { SendAnyhow(ctx, lock, i); },
                           [&](const Context& ctx, std::size_t i) { ReceiveAnyhow(ctx, lock, i / 3); }};
  ExpectOneOrder(section, section);
}

// The other way round: whoever receives the only value has the lock, a send gives it back.
TEST_P(LitmusOrderTest, SectionsOfAChannelWithOneTokenHaveOneOrder) {
  const Chan<int> lock(1);
  EXPECT_TRUE(lock.TrySend(1));
  const Section section = {[&](const Context& ctx, std::size_t i) { ReceiveAnyhow(ctx, lock, i); },
                           [&](const Context& ctx, std::size_t i) { SendAnyhow(ctx, lock, i / 3); }};
  ExpectOneOrder(section, section);
}

TEST_P(LitmusOrderTest, SectionsOfASemaphoreOfOneHaveOneOrder) {
  Semaphore semaphore(1);
  const Section section = {[&](const Context& ctx, std::size_t) { EXPECT_FALSE(semaphore.Acquire(ctx)); },
                           [&](const Context&, std::size_t) { semaphore.Release(); }};
  ExpectOneOrder(section, section);
}

// Readers make no edges among each other, but the later of two writers comes after the earlier one, and before its own look.
TEST_P(LitmusOrderTest, AReaderSeesAllWritersBeforeItsOwnSideWrote) {
  RWMutex mutex;
  ExpectOneOrder({[&](const Context& ctx, std::size_t) { EXPECT_FALSE(mutex.Lock(ctx)); },
                  [&](const Context&, std::size_t) { mutex.unlock(); }},
                 {[&](const Context&, std::size_t) { mutex.lock_shared(); },
                  [&](const Context&, std::size_t) { mutex.unlock_shared(); }});
}

// A WaitGroup that both count down is a barrier: both see both.
TEST_P(LitmusOrderTest, BothSidesOfAWaitGroupSeeTheOther) {
  struct Cell {
    WaitGroup tool;
    int written[2] = {};
  };
  std::vector<Cell> cells(Many());
  for (Cell& cell : cells) cell.tool.Add(2);
  const auto side = [&](int mine) {
    return [&, mine](const Context& ctx) {
      for (Cell& cell : cells) {
        cell.written[mine] = 1;
        cell.tool.Done();
        EXPECT_FALSE(cell.tool.Wait(ctx));
        EXPECT_EQ(cell.written[1 - mine], 1);
      }
    };
  };
  Both(side(0), side(1));
}

// Who did not run the function sees what the other one did before it. Nothing is promised to the one who ran it: the other may not
// have come yet.
TEST_P(LitmusOrderTest, LaterCallersOfOnceSeeItsEffects) {
  struct Cell {
    Once tool;
    int written[2] = {}, ran[2] = {};
  };
  std::vector<Cell> cells(Many() / 10);
  StartLine line;
  const auto side = [&](int mine) {
    return [&, mine](const Context& ctx) {
      for (std::size_t i = 0; i < cells.size(); ++i) {
        Cell& cell = cells[i];
        const auto run = [&] {
          if (i % 4 < 2) Yield();
          cell.ran[mine] = 1;
        };
        line.Meet(mine, i);
        cell.written[mine] = 1;
        if (i % 2 == 0) {
          cell.tool.Do(run);
        } else {
          EXPECT_FALSE(cell.tool.Do(ctx, run));
        }
        if (cell.ran[mine] == 0) {
          EXPECT_EQ(cell.written[1 - mine], 1);
        }
      }
    };
  };
  Both(side(0), side(1));
  for (const Cell& cell : cells) EXPECT_EQ(cell.ran[0] + cell.ran[1], 1);
}

// Both cancel, one decides the cause: the other one, who sees that cause, sees what came before. The losing call makes no edge, so nothing
// is promised to the winner.
TEST_P(LitmusOrderTest, AThreadThatSeesTheCauseSeesWhatCameBeforeIt) {
  struct Cell {
    CancelScope tool = WithCancel(Background());
    CancelScope below = WithCancel(tool.ctx);
    int written[2] = {}, won[2] = {};
  };
  const Error causes[2] = {Error::New("left"), Error::New("right")};
  std::vector<Cell> cells(Many() / 10);
  StartLine line;
  const auto side = [&](int mine) {
    return [&, mine](const Context&) {
      for (std::size_t i = 0; i < cells.size(); ++i) {
        Cell& cell = cells[i];
        line.Meet(mine, i);
        cell.written[mine] = 1;
        cell.tool.cancel(causes[mine]);
        const Error cause = (i % 2 == 0 ? cell.tool : cell.below).ctx.Cause();
        cell.won[mine] = cause.Is(causes[mine]) ? 1 : 0;
        if (cell.won[mine] == 0) {
          EXPECT_TRUE(cause.Is(causes[1 - mine]));
          EXPECT_EQ(cell.written[1 - mine], 1);
        }
      }
    };
  };
  Both(side(0), side(1));
  for (const Cell& cell : cells) EXPECT_EQ(cell.won[0] + cell.won[1], 1);
}

WEFT_LITMUS_PLACES(LitmusOrderTest);

// Two callers fill the only place of one group. A side's first member ends before its second one starts.
void MembersOfOnePlace(const Context& ctx, int rounds) {
  struct Cell {
    int written[2] = {}, saw[2] = {};
  };
  std::vector<Cell> cells(static_cast<std::size_t>(rounds));
  int sections = 0;
  StartLine line;
  Group members(ctx, {.limit = 1, .spread = true});
  Group sides(ctx, {.spread = true});
  for (int mine = 0; mine < 2; ++mine) {
    sides.Go([&, mine](const Context&) {
      for (std::size_t i = 0; i < cells.size(); ++i) {
        Cell& cell = cells[i];
        line.Meet(mine, i);
        members.Go([&sections, &cell, mine](const Context&) {
          const int before = sections;
          Yield();
          cell.written[mine] = 1;
          sections = before + 1;
        });
        members.Go([&cell, mine](const Context&) { cell.saw[mine] = cell.written[1 - mine]; });
      }
    });
  }
  EXPECT_FALSE(sides.Wait());
  EXPECT_FALSE(members.Wait());
  for (const Cell& cell : cells) EXPECT_GE(cell.saw[0] + cell.saw[1], 1);
  EXPECT_EQ(sections, 2 * rounds);
}

TEST(LitmusOrder, MembersOfALimitOfOneHaveOneOrder) {
  OnLoops(2, [](const Context& ctx) { MembersOfOnePlace(ctx, Rounds(200)); });
  MembersOfOnePlace(Background(), Rounds(100));
}

}  // namespace
}  // namespace weft
