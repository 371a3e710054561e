// SPDX-License-Identifier: Apache-2.0
//
// The edges of docs/memory_model.md, each as two sides that share plain variables: without the edge the value is wrong now and then,
// and ThreadSanitizer reports a race every time.
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/memory_stream.h>
#include <weft/concurrency/sync.h>

#include "litmus_kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST_P(LitmusTest, MutexPassesAMessage) {
  Mutex mutex;
  std::size_t ready = 0;
  std::vector<int> data(Many());
  Both(
      [&](const Context&) {
        for (std::size_t i = 0; i < Many(); ++i) {
          data[i] = 1;
          const std::lock_guard hold(mutex);
          ready = i + 1;
        }
      },
      [&](const Context& ctx) {
        for (std::size_t seen = 0; seen < Many();) {
          EXPECT_FALSE(mutex.Lock(ctx));
          const std::size_t now = ready;
          mutex.unlock();
          for (; seen < now; ++seen) EXPECT_EQ(data[seen], 1);
          Yield();
        }
      });
}

// Neither of two sides that write one thing and then read the other may miss both.
TEST_P(LitmusTest, MutexSectionsHaveOneOrder) {
  struct Cell {
    int x = 0, y = 0, saw_y = 0, saw_x = 0;
  };
  Mutex mutex;
  StartLine line;
  std::vector<Cell> cells(Many() / 10);
  const auto side = [&](int which, int Cell::* mine, int Cell::* others, int Cell::* saw) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      line.Meet(which, i);
      mutex.lock();
      cells[i].*mine = 1;
      mutex.unlock();
      mutex.lock();
      cells[i].*saw = cells[i].*others;
      mutex.unlock();
    }
  };
  Both([&](const Context&) { side(0, &Cell::x, &Cell::y, &Cell::saw_y); },
       [&](const Context&) { side(1, &Cell::y, &Cell::x, &Cell::saw_x); });
  for (const Cell& cell : cells) EXPECT_EQ(cell.saw_x + cell.saw_y > 0, true);
}

TEST_P(LitmusTest, TryLockThatSucceedsIsALock) {
  Mutex mutex;
  int shared = 0;
  const auto side = [&](const Context&) {
    for (std::size_t done = 0; done < Many();) {
      if (!mutex.try_lock()) {
        Yield();
        continue;
      }
      ++shared;
      ++done;
      mutex.unlock();
    }
  };
  Both(side, side);
  EXPECT_EQ(shared, 2 * static_cast<int>(Many()));
}

TEST_P(LitmusTest, EventSetComesBeforeWaitAndIsSet) {
  std::vector<Round<Event>> rounds(Many());
  Both(
      [&](const Context&) {
        for (auto& round : rounds) {
          round.data = 1;
          round.tool.Set();
        }
      },
      [&](const Context& ctx) {
        for (std::size_t i = 0; i < rounds.size(); ++i) {
          if (i % 2 == 0) {
            EXPECT_FALSE(rounds[i].tool.Wait(ctx));
          } else {
            while (!rounds[i].tool.IsSet()) Yield();
          }
          EXPECT_EQ(rounds[i].data, 1);
        }
      });
}

TEST_P(LitmusTest, WaitGroupDoneComesBeforeWait) {
  std::vector<Round<WaitGroup>> rounds(Many());
  for (auto& round : rounds) round.tool.Add(1);
  Both(
      [&](const Context&) {
        for (auto& round : rounds) {
          round.data = 1;
          round.tool.Done();
        }
      },
      [&](const Context& ctx) {
        for (auto& round : rounds) {
          EXPECT_FALSE(round.tool.Wait(ctx));
          EXPECT_EQ(round.data, 1);
        }
      });
}

TEST_P(LitmusTest, CancelComesBeforeWhatSeesIt) {
  std::vector<CancelRound> rounds(Many());
  Both(
      [&](const Context&) {
        for (auto& round : rounds) {
          round.data = 1;
          round.tool.cancel();
        }
      },
      [&](const Context&) {
        for (std::size_t i = 0; i < rounds.size(); ++i) {
          const Context& ctx = rounds[i].tool.ctx;
          switch (i % 4) {
            case 0: EXPECT_TRUE(ctx.Wait()); break;
            case 1: EXPECT_TRUE(Sleep(ctx, 1h)); break;
            case 2:
              while (!ctx.Err()) Yield();
              break;
            default: {
              const CancelScope below = WithTimeout(ctx, 1h);
              EXPECT_TRUE(below.ctx.Wait());
            }
          }
          EXPECT_EQ(rounds[i].data, 1);
        }
      });
}

// The side that has lost its race for the wait sees the cancel, and what came before the cancel.
TEST_P(LitmusTest, CancelOfALockComesBeforeItsReturn) {
  std::vector<CancelRound> rounds(Many());
  Mutex held;
  held.lock();
  Both(
      [&](const Context&) {
        for (auto& round : rounds) {
          round.data = 1;
          round.tool.cancel();
        }
      },
      [&](const Context&) {
        for (auto& round : rounds) {
          EXPECT_TRUE(held.Lock(round.tool.ctx).Is(kCanceled));
          EXPECT_EQ(round.data, 1);
        }
      });
  held.unlock();
}

TEST_P(LitmusTest, CancelComesBeforeAfterFuncAndItsFunctionBeforeTheEndOfStopFunc) {
  std::vector<CancelRound> rounds(Many() / 20);
  Both(
      [&](const Context&) {
        for (auto& round : rounds) {
          round.data = 1;
          round.tool.cancel();
        }
      },
      [&](const Context&) {
        for (auto& round : rounds) {
          int before = 1;
          bool stopped = false;
          {
            StopFunc stop = AfterFunc(round.tool.ctx, [&] { round.back = round.data + before; });
            EXPECT_TRUE(round.tool.ctx.Wait());
            stopped = stop();
          }
          EXPECT_EQ(round.back, stopped ? 0 : 2);
        }
      });
}

TEST_P(LitmusTest, BytesOfAStreamCarryWhatCameBefore) {
  auto [a, b] = MemoryStreamPair({.buffer_bytes = 1});
  std::vector<int> data(Many()), back(Many());
  Both(
      [&](const Context& ctx) {
        for (std::size_t i = 0; i < Many(); ++i) {
          data[i] = 1;
          EXPECT_FALSE(a.Write(ctx, "x"));
          // A buffer of one byte: this write had to wait until the byte before it was read.
          EXPECT_EQ(i == 0 ? 1 : back[i - 1], 1);
        }
      },
      [&](const Context& ctx) {
        char byte[1];
        for (std::size_t i = 0; i < Many(); ++i) {
          back[i] = 1;
          EXPECT_TRUE(b.Read(ctx, byte).Ok());
          EXPECT_EQ(data[i], 1);
        }
      });
}

WEFT_LITMUS_PLACES(LitmusTest);

// These make both sides themselves.

void StartAndJoin(const Context& ctx, GroupOptions options, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    int before = i;
    int after[2] = {};
    Group group(ctx, options);
    for (int& result : after) group.Go([&](const Context&) { result = before + 1; });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(after[0] + after[1], 2 * (i + 1));
  }
}

TEST(Litmus, GoComesBeforeItsMemberAndTheMemberBeforeWait) {
  OnLoops(2, [](const Context& ctx) { StartAndJoin(ctx, {.spread = true}, Rounds(2000)); });
  StartAndJoin(Background(), {}, Rounds(200));
}

// A member that ends makes a place: whoever gets it comes after.
TEST(Litmus, AMemberComesBeforeTheOneThatGetsItsPlace) {
  OnLoops(2, [](const Context& ctx) {
    int shared = 0;
    Group group(ctx, {.limit = 1, .spread = true});
    const int rounds = Rounds(2000);
    for (int i = 0; i < rounds; ++i) group.Go([&](const Context&) { ++shared; });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(shared, rounds);
  });
}

TEST(Litmus, OffloadComesBetweenItsCallAndItsReturn) {
  OnLoops(2, [](const Context& ctx) {
    Group group(ctx, {.spread = true});
    for (int f = 0; f < 2; ++f) {
      group.Go([](const Context& c) {
        int value = 0;
        for (int i = 0; i < Rounds(1000); ++i) {
          ++value;
          EXPECT_FALSE(Offload(c, [&] { ++value; }));
          EXPECT_EQ(value, 2 * i + 2);
        }
      });
    }
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Litmus, RunComesBetweenItsCallAndItsReturn) {
  int value = 1;
  OnLoops(2, [&](const Context& ctx) {
    ++value;
    Group group(ctx, {.spread = true});
    group.Go([&](const Context&) { ++value; });
    EXPECT_FALSE(group.Wait());
  });
  EXPECT_EQ(value, 3);
}

// Fibers of one loop never run at the same time: what one did before it parked is there for the next.
TEST(Litmus, FibersOfOneLoopComeOneAfterTheOther) {
  OnLoops(1, [](const Context& ctx) {
    int shared = 0;
    Group group(ctx);
    for (int f = 0; f < 4; ++f) {
      group.Go([&](const Context&) {
        for (int i = 0; i < Rounds(1000); ++i) {
          ++shared;
          Yield();
        }
      });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(shared, 4 * Rounds(1000));
  });
}

}  // namespace
}  // namespace weft
