// SPDX-License-Identifier: Apache-2.0
//
// The edges of channels, Select and the sync tools; see litmus_test.cc.
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <vector>

#include <weft/concurrency/await.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/memory_stream.h>
#include <weft/concurrency/free_list.h>
#include <weft/concurrency/pending_receive.h>
#include <weft/concurrency/select.h>
#include <weft/concurrency/semaphore.h>
#include <weft/concurrency/singleflight.h>
#include <weft/concurrency/sync.h>

#include <boost/asio/post.hpp>

#include "litmus_kit.h"

namespace weft {
namespace {

using namespace weft::testing;

class LitmusSyncTest : public LitmusTest {};

// Of capacity C: a send before its receive; the k-th receive before the send of value k + C returns.
void SendAndReceive(std::size_t capacity, std::size_t many, const std::function<void(const Side&, const Side&)>& both) {
  const Chan<std::size_t> chan(capacity);
  std::vector<int> data(many), back(many);
  both(
      [&](const Context& ctx) {
        for (std::size_t i = 0; i < many; ++i) {
          data[i] = 1;
          EXPECT_FALSE(chan.Send(ctx, i));
          EXPECT_EQ(i < capacity ? 1 : back[i - capacity], 1);
        }
      },
      [&](const Context& ctx) {
        for (std::size_t i = 0; i < many; ++i) {
          back[i] = 1;
          const Result<std::size_t> got = chan.Receive(ctx);
          EXPECT_EQ(data[*got], 1);
        }
      });
}

TEST_P(LitmusSyncTest, ARendezvousIsAnEdgeBothWays) { SendAndReceive(0, Many(), Both); }
TEST_P(LitmusSyncTest, ABufferedSendComesBeforeItsReceiveAndAReceiveBeforeTheSendThatGetsItsPlace) { SendAndReceive(3, Many(), Both); }

TEST_P(LitmusSyncTest, TrySendAndTryReceiveThatSucceedAreEdgesToo) {
  const Chan<std::size_t> chan(1);
  std::vector<int> data(Many()), back(Many());
  Both(
      [&](const Context&) {
        for (std::size_t i = 0; i < Many(); ++i) {
          data[i] = 1;
          while (!chan.TrySend(i)) LetOthersRun();
          EXPECT_EQ(i == 0 ? 1 : back[i - 1], 1);
        }
      },
      [&](const Context&) {
        for (std::size_t i = 0; i < Many();) {
          back[i] = 1;
          const auto got = chan.TryReceive();
          if (!got) {
            LetOthersRun();
            continue;
          }
          EXPECT_EQ(data[*got], 1);
          ++i;
        }
      });
}

TEST_P(LitmusSyncTest, CloseComesBeforeWhatSeesIt) {
  struct Cell {
    Chan<int> receive{0}, send{0};
    int data = 0;
  };
  std::vector<Cell> cells(Many());
  Both(
      [&](const Context&) {
        for (Cell& cell : cells) {
          cell.data = 1;
          cell.receive.Close();
          cell.send.Close();
        }
      },
      [&](const Context& ctx) {
        for (std::size_t i = 0; i < cells.size(); ++i) {
          EXPECT_TRUE((i % 2 == 0 ? cells[i].receive.Receive(ctx).Err() : cells[i].send.Send(ctx, 1)).Is(kClosed));
          EXPECT_EQ(cells[i].data, 1);
        }
      });
}

// Both sides choose from two cases: whichever it is, it is as the call alone.
TEST_P(LitmusSyncTest, TheChosenCaseOfASelectIsAnEdge) {
  const Chan<std::size_t> a(0), b(0);
  std::vector<int> data(Many()), back(Many());
  Both(
      [&](const Context& ctx) {
        for (std::size_t i = 0; i < Many(); ++i) {
          data[i] = 1;
          EXPECT_TRUE(Select(ctx, OnSend(a, i), OnSend(b, i)).Ok());
          EXPECT_EQ(back[i], 1);
        }
      },
      [&](const Context& ctx) {
        for (std::size_t i = 0; i < Many(); ++i) {
          back[i] = 1;
          const auto take = [&](Result<std::size_t> got) { EXPECT_EQ(data[*got], 1); };
          EXPECT_TRUE(Select(ctx, OnReceive(a, take), OnReceive(b, take)).Ok());
        }
      });
}

TEST_P(LitmusSyncTest, APendingReceiveIsAnEdge) {
  const Chan<std::size_t> chan(0);
  std::vector<int> data(Many()), back(Many());
  Both(
      [&](const Context& ctx) {
        for (std::size_t i = 0; i < Many(); ++i) {
          data[i] = 1;
          EXPECT_FALSE(chan.Send(ctx, i));
          EXPECT_EQ(back[i], 1);
        }
      },
      [&](const Context& ctx) {
        PendingReceive<std::size_t> next(chan);
        for (std::size_t i = 0; i < Many(); ++i) {
          back[i] = 1;
          CancelScope wait = WithCancel(ctx);
          next.WakeBy(std::move(wait.cancel));
          (void)wait.ctx.Wait();
          const std::optional<Result<std::size_t>> got = next.Take();
          ASSERT_TRUE(got && got->Ok());
          EXPECT_EQ(data[**got], 1);
        }
      });
}

TEST_P(LitmusSyncTest, ASetComesBeforeTheReadOfItsValueOrALaterOne) {
  const Watch<std::size_t> watch(0);
  std::vector<int> data(Many() + 1);
  Both(
      [&](const Context&) {
        for (std::size_t i = 1; i <= Many(); ++i) {
          data[i] = 1;
          watch.Set(i);
        }
      },
      [&](const Context& ctx) {
        auto reader = watch.Reader();
        for (std::size_t seen = 0; seen < Many();) {
          const std::size_t now = *reader.Next(ctx);
          for (; seen < now; ++seen) EXPECT_EQ(data[seen + 1], 1);
          EXPECT_GE(watch.Get(), now);
        }
      });
}

TEST_P(LitmusSyncTest, APublicationComesBeforeItsReceive) {
  const Broadcast<std::size_t> broadcast;
  std::vector<int> data(Many());
  auto sub = broadcast.Subscribe({.capacity = Many()});
  Both(
      [&](const Context&) {
        for (std::size_t i = 0; i < Many(); ++i) {
          data[i] = 1;
          broadcast.Publish(i);
        }
      },
      [&](const Context& ctx) {
        for (std::size_t i = 0; i < Many(); ++i) EXPECT_EQ(data[*sub.Receive(ctx)], 1);
      });
}

TEST_P(LitmusSyncTest, AWriterComesBeforeReadersAndReadersBeforeTheNextWriter) {
  RWMutex mutex;
  int shared = 0, read_by[2] = {};
  const auto side = [&](int which) {
    return [&, which](const Context& ctx) {
      for (std::size_t i = 0; i < Many(); ++i) {
        if (i % 4 == 0) {
          EXPECT_FALSE(mutex.Lock(ctx));
          ++shared;
          EXPECT_GE(read_by[0] + read_by[1], 0);
          mutex.unlock();
        } else {
          const std::shared_lock hold(mutex);
          read_by[which] = shared;  // only this side, and writers look at it
        }
      }
    };
  };
  Both(side(0), side(1));
  EXPECT_EQ(shared, 2 * static_cast<int>((Many() + 3) / 4));
}

TEST_P(LitmusSyncTest, ASignalUnderTheMutexFindsTheWaiter) {
  Mutex mutex;
  Cond cond;
  std::size_t ready = 0, taken = 0;
  std::vector<int> data(Many());
  Both(
      [&](const Context& ctx) {
        for (std::size_t i = 0; i < Many(); ++i) {
          data[i] = 1;
          std::unique_lock hold(mutex);
          ready = i + 1;
          cond.Signal();
          EXPECT_FALSE(cond.Wait(ctx, hold, [&] { return taken == ready; }));
        }
      },
      [&](const Context& ctx) {
        for (std::size_t i = 0; i < Many(); ++i) {
          std::unique_lock hold(mutex);
          EXPECT_FALSE(cond.Wait(ctx, hold, [&] { return ready > i; }));
          EXPECT_EQ(data[i], 1);
          taken = i + 1;
          cond.Signal();
        }
      });
}

TEST_P(LitmusSyncTest, TheFunctionOfOnceComesBeforeEachReturn) {
  std::vector<Round<Once>> rounds(Many());
  const auto side = [&](const Context& ctx) {
    for (std::size_t i = 0; i < rounds.size(); ++i) {
      if (i % 2 == 0) {
        rounds[i].tool.Do([&] { ++rounds[i].data; });
      } else {
        EXPECT_FALSE(rounds[i].tool.Do(ctx, [&] { ++rounds[i].data; }));
      }
      EXPECT_EQ(rounds[i].data, 1);
    }
  };
  Both(side, side);
}

TEST_P(LitmusSyncTest, AReleaseComesBeforeTheAcquireThatNeedsIt) {
  Semaphore semaphore(1);
  int shared = 0;
  const auto side = [&](const Context& ctx) {
    for (std::size_t i = 0; i < Many();) {
      if (i % 4 == 3) {
        if (!semaphore.TryAcquire()) {
          Yield();
          continue;
        }
      } else {
        EXPECT_FALSE(semaphore.Acquire(ctx));
      }
      ++shared;
      ++i;
      semaphore.Release();
    }
  };
  Both(side, side);
  EXPECT_EQ(shared, 2 * static_cast<int>(Many()));
}

TEST_P(LitmusSyncTest, TheFirstCallComesBeforeTheFlightAndTheFlightBeforeEachReturn) {
  const std::size_t many = Many() / 20;  // each begins a thread on plain threads
  Singleflight<std::size_t, const int*> flights;
  std::vector<int> made[2] = {std::vector<int>(many), std::vector<int>(many)};
  std::vector<int> before[2] = {std::vector<int>(many), std::vector<int>(many)};
  StartLine line;
  const auto side = [&](int which) {
    return [&, which](const Context& ctx) {
      for (std::size_t i = 0; i < many; ++i) {
        line.Meet(which, i);
        before[which][i] = 1;
        const auto got = flights.Do(ctx, i, [&, which, i](const Context&) -> Result<const int*> {
          made[which][i] = 1 + before[which][i];
          return &made[which][i];
        });
        EXPECT_EQ(*got->value, 2);
      }
    };
  };
  Both(side(0), side(1));
}

TEST_P(LitmusSyncTest, CloseWriteComesBeforeTheEndThatIsRead) {
  const std::size_t many = Many() / 10;
  std::vector<std::pair<MemoryStream, MemoryStream>> streams;
  for (std::size_t i = 0; i < many; ++i) streams.push_back(MemoryStreamPair({.buffer_bytes = 1}));
  std::vector<int> data(many);
  Both(
      [&](const Context&) {
        for (std::size_t i = 0; i < many; ++i) {
          data[i] = 1;
          i % 2 == 0 ? streams[i].first.CloseWrite() : streams[i].first.Close();
        }
      },
      [&](const Context& ctx) {
        char byte[1];
        for (std::size_t i = 0; i < many; ++i) {
          EXPECT_EQ(*streams[i].second.Read(ctx, byte), 0U);
          EXPECT_EQ(data[i], 1);
          if (i % 2 == 1) {
            while (!streams[i].second.Write(ctx, "x")) {
            }
          }
        }
      });
}

// The handing over is by an edge of its own.
TEST_P(LitmusSyncTest, AValueComesWithItsContext) {
  static constexpr Key<int> kNumber{"number"};
  const Chan<Context> chan(1);
  Both(
      [&](const Context& ctx) {
        for (int i = 0; i < static_cast<int>(Many()); ++i) EXPECT_FALSE(chan.Send(ctx, WithValue(Background(), kNumber, i)));
      },
      [&](const Context& ctx) {
        for (int i = 0; i < static_cast<int>(Many()); ++i) {
          const Result<Context> got = chan.Receive(ctx);
          EXPECT_EQ(*got->Value(kNumber), i);
        }
      });
}

WEFT_LITMUS_PLACES(LitmusSyncTest);

// What comes back to the FreeList of threads comes before whoever gets it next; on loops it stays on its loop.
TEST(LitmusFreeList, GivingBackHappensBeforeTheNextGet) {
  FreeList<int> pool;
  const auto side = [&] {
    for (int i = 0; i < Rounds(2000); ++i) ++*pool.Get();
  };
  std::thread other(side);
  side();
  other.join();
}

TEST(LitmusResourcePool, AReturnComesBeforeTheNextLease) {
  ResourcePool<int> pool({.max = 1, .make = [](const Context&) -> Result<int> { return 0; }});
  int same_room = 0;
  const auto side = [&] {
    for (int i = 0; i < Rounds(2000); ++i) {
      Result<ResourcePool<int>::Lease> mine = pool.Acquire(Background());
      ++**mine;
      ++same_room;
      if (i % 5 == 0) mine->Discard();
    }
  };
  std::thread other(side);
  side();
  other.join();
  EXPECT_EQ(same_room, 2 * Rounds(2000));
}

struct Task : LoopTask {
  Task() : LoopTask([](LoopTask* self) {
    auto* task = static_cast<Task*>(self);
    ++task->value;
    task->done.Set();
  }) {}
  int value = 1;
  Event done;
};

TEST(LitmusLoop, APostComesBeforeItsTask) {
  OnLoops(2, [](const Context& ctx) {
    Group group(ctx, {.spread = true});
    Loop* const home = Loop::Current();
    for (int f = 0; f < 2; ++f) {
      group.Go([&](const Context& c) {
        for (int i = 0; i < Rounds(1000); ++i) {
          Task task;
          home->Post(task);
          EXPECT_FALSE(task.done.Wait(c));
          EXPECT_EQ(task.value, 2);
        }
      });
    }
    EXPECT_FALSE(group.Wait());
  });
}

// The handler is called on the other loop.
TEST(LitmusAwait, TheOperationComesBetweenTheCallAndItsReturn) {
  OnLoops(2, [](const Context& ctx) {
    const auto home = CurrentExecutor();
    Group group(ctx, {.spread = true});
    for (int f = 0; f < 2; ++f) {
      group.Go([&](const Context& c) {
        for (int i = 0; i < Rounds(500); ++i) {
          int value = 1;
          auto token = Await(c);
          const Error err = boost::asio::async_initiate<decltype(token), void()>(
              [&](auto handler) {
                boost::asio::post(home, [&value, handler = std::move(handler)]() mutable {
                  ++value;
                  std::move(handler)();
                });
              },
              token);
          EXPECT_FALSE(err);
          EXPECT_EQ(value, 2);
        }
      });
    }
    EXPECT_FALSE(group.Wait());
  });
}

}  // namespace
}  // namespace weft
