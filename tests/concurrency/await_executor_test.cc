// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <weft/concurrency/wait_group.h>

#include "await_kit.h"

// Objects that do not live on the fiber's loop: of another loop, on a strand, in an io_context of the user. A user's io_context
// is polled by a fiber of the test where the order matters: no thread is needed for that.
namespace weft {
namespace {

using namespace testing;
using OnCancel = ManualOp::OnCancel;
using std::chrono::hours;
using std::chrono::microseconds;

// Runs `use` in a fiber of each of two loops at once, with the executor of the other loop.
void OnTwoLoops(const Context& ctx, std::function<void(const Context&, asio::any_io_executor)> use) {
  asio::any_io_executor executors[2];
  WaitGroup made, used;
  made.Add(2);
  used.Add(2);
  GroupOptions spread;
  spread.spread = true;
  Group group(ctx, spread);
  for (int i = 0; i < 2; ++i) {
    group.Go("on a loop", [&, i](const Context& c) -> Error {
      executors[i] = CurrentExecutor();
      made.Done();
      if (Error err = made.Wait(c)) return err;
      use(c, executors[1 - i]);
      used.Done();
      return used.Wait(c);  // the other loop's objects are ours until then
    });
  }
  const Error err = group.Wait();
  EXPECT_FALSE(err) << err.Message();
}

TEST(AwaitElsewhere, StartsAndCompletesOnTheLoopOfTheObject) {
  RunLoops(2, [](const Context& ctx) {
    OnTwoLoops(ctx, [](const Context& c, const asio::any_io_executor& other) {
      const auto here = std::this_thread::get_id();
      ManualOp op(other);
      Group group(c);
      group.Go("finisher", [&](const Context&) {
        asio::post(other, [&] { op.Finish({}, 7); });
      });

      const Result<int> result = op.Async(Await(c));

      EXPECT_EQ(*result, 7);
      EXPECT_NE(op.start_thread, here);
      EXPECT_EQ(std::this_thread::get_id(), here);
    });
  });
}

TEST(AwaitElsewhere, CancelsOnTheLoopOfTheObject) {
  RunLoops(2, [](const Context& ctx) {
    OnTwoLoops(ctx, [](const Context& c, const asio::any_io_executor& other) {
      CancelScope scope = WithTimeout(c, microseconds(500));
      ManualOp op(other);

      // The deadline may come before the start.
      EXPECT_TRUE(op.Async(Await(scope.ctx)).Err().Is(kDeadlineExceeded));

      EXPECT_EQ(op.cancels, op.started ? 1 : 0);
      EXPECT_EQ(op.cancel_thread, op.started ? op.start_thread : std::thread::id());
    });
  });
}

TEST(AwaitElsewhere, ManyTimersOfAnotherLoopAreCanceledWhileTheyFire) {
  RunLoops(2, [](const Context& ctx) {
    OnTwoLoops(ctx, [](const Context& c, const asio::any_io_executor& other) {
      for (int i = 0; i < 300; ++i) {
        CancelScope scope = WithTimeout(c, microseconds(20 * (i % 10)));
        asio::steady_timer timer(other, microseconds(20 * (i % 7)));

        const Error err = timer.async_wait(Await(scope.ctx));

        EXPECT_TRUE(!err || err.Is(kDeadlineExceeded)) << err.Message();
      }
    });
  });
}

TEST(AwaitElsewhere, AnObjectOnAStrandIsTouchedOnlyThere) {
  RunLoop([](const Context& ctx) {
    auto strand = asio::make_strand(CurrentExecutor());
    CancelScope scope = WithCancel(ctx);
    ManualOp op(strand);
    bool on_strand = false;
    Group group(ctx);
    group.Go("cancels", [&](const Context& c) -> Error {
      while (!op.started) {
        if (Error err = asio::post(strand, Await(c))) return err;
      }
      asio::post(strand, [&] { on_strand = strand.running_in_this_thread() && op.cancels == 0; });
      scope.cancel();
      return {};
    });

    EXPECT_TRUE(op.Async(Await(scope.ctx)).Err().Is(kCanceled));

    EXPECT_EQ(op.cancels, 1);
    EXPECT_TRUE(on_strand);
  });
}

TEST(AwaitElsewhere, StrandsOfAThreadPoolAreServedWhileTheyAreCanceled) {
  asio::thread_pool pool(2);
  RunLoops(2, [&](const Context& ctx) {
    GroupOptions spread;
    spread.spread = true;
    Group group(ctx, spread);
    for (int fiber = 0; fiber < 8; ++fiber) {
      group.Go("fiber", [&](const Context& c) {
        auto strand = asio::make_strand(pool.get_executor());
        for (int i = 0; i < 50; ++i) {
          CancelScope scope = WithTimeout(c, microseconds(20 * (i % 10)));
          asio::steady_timer timer(strand, microseconds(20 * (i % 7)));
          const Error err = timer.async_wait(Await(scope.ctx));
          EXPECT_TRUE(!err || err.Is(kDeadlineExceeded)) << err.Message();
        }
      });
    }
    EXPECT_FALSE(group.Wait());
  });
  pool.join();
}

// A fiber awaits an operation of the user's io_context; `then` runs in another fiber when the first one has parked.
Result<int> AwaitAnd(const Context& ctx, ManualOp& op, std::function<void()> then) {
  Result<int> result(kLeaked);
  Group group(Background());
  group.Go("awaits", [&](const Context&) { result = op.Async(Await(ctx)); });
  group.Go("then", [&](const Context&) { then(); });
  EXPECT_FALSE(group.Wait());
  return result;
}

TEST(AwaitCancelElsewhere, BeforeThePostedStartHasRunStartsNothing) {
  RunLoop([](const Context& ctx) {
    asio::io_context io;
    CancelScope scope = WithCancel(ctx);
    ManualOp op(io.get_executor());

    const Result<int> result = AwaitAnd(scope.ctx, op, [&] {
      scope.cancel();
      Yield();
      io.poll();
    });

    EXPECT_TRUE(result.Err().Is(kCanceled));
    EXPECT_FALSE(op.started);
  });
}

TEST(AwaitCancelElsewhere, IsPostedAndEmittedOnce) {
  RunLoop([](const Context& ctx) {
    asio::io_context io;
    CancelScope scope = WithCancel(ctx);
    ManualOp op(io.get_executor());

    const Result<int> result = AwaitAnd(scope.ctx, op, [&] {
      io.poll();
      EXPECT_TRUE(op.started);
      scope.cancel();
      Yield();
      EXPECT_EQ(op.cancels, 0) << "it was emitted on the fiber's thread";
      io.restart();
      io.poll();
    });

    EXPECT_TRUE(result.Err().Is(kCanceled));
    EXPECT_EQ(op.cancels, 1);
  });
}

TEST(AwaitCancelElsewhere, ACancelAfterTheCompletionEmitsNothing) {
  RunLoop([](const Context& ctx) {
    asio::io_context io;
    CancelScope scope = WithCancel(ctx);
    ManualOp op(io.get_executor());

    const Result<int> result = AwaitAnd(scope.ctx, op, [&] {
      io.poll();
      op.Finish({}, 7);  // in the queue before the cancel
      scope.cancel();
      Yield();
      io.restart();
      EXPECT_EQ(io.run_one(), 1u);  // the completion; the posted cancel still points to the operation
      Yield();
      io.poll();
    });

    ASSERT_FALSE(result.Err()) << result.Err().Message();
    EXPECT_EQ(*result, 7);
    EXPECT_EQ(op.cancels, 0);
  });
}

TEST(AwaitCancelElsewhere, ACancelBeforeTheCompletionLetsTheSuccessWin) {
  RunLoop([](const Context& ctx) {
    asio::io_context io;
    CancelScope scope = WithCancel(ctx);
    ManualOp op(io.get_executor(), OnCancel::kIgnore);

    const Result<int> result = AwaitAnd(scope.ctx, op, [&] {
      io.poll();
      scope.cancel();
      Yield();
      op.Finish({}, 7);  // in the queue behind the cancel
      io.restart();
      io.poll();
    });

    EXPECT_EQ(*result, 7);
    EXPECT_EQ(op.cancels, 1);
  });
}

TEST(AwaitCancelElsewhere, ByAnIoContextThatEndsWithTheStartInItIsAnError) {
  RunLoop([](const Context& ctx) {
    std::optional<asio::io_context> io(std::in_place);
    std::optional<ManualOp> op(std::in_place, io->get_executor());

    const Result<int> result = AwaitAnd(ctx, *op, [&] { io.reset(); });

    EXPECT_TRUE(result.Err().Is(kClosed)) << result.Err().Message();
  });
}

TEST(AwaitCancelElsewhere, ByAnIoContextThatEndsWithTheCompletionInItIsAnError) {
  RunLoop([](const Context& ctx) {
    std::optional<asio::io_context> io(std::in_place);
    ManualOp op(io->get_executor());

    const Result<int> result = AwaitAnd(ctx, op, [&] {
      io->poll();
      op.Finish({}, 7);
      io.reset();
    });

    EXPECT_TRUE(result.Err().Is(kClosed)) << result.Err().Message();
  });
}

TEST(AwaitCancelElsewhere, ByAnIoContextThatEndsWithTheCancelInItIsTheContextsError) {
  RunLoop([](const Context& ctx) {
    std::optional<asio::io_context> io(std::in_place);
    CancelScope scope = WithCancel(ctx);
    ManualOp op(io->get_executor());

    const Result<int> result = AwaitAnd(scope.ctx, op, [&] {
      io->poll();
      scope.cancel();
      Yield();
      op.Drop();
      io.reset();
    });

    EXPECT_TRUE(result.Err().Is(kCanceled)) << result.Err().Message();
  });
}

// What Beast hands to its initiations; the operation must start only when the io_context of the object runs.
template <class Object>
bool StartsOnlyWhereItsArgumentLives(const Context& ctx, asio::io_context& io, Object object) {
  bool polling = false, started_there = false;
  Group group(ctx);
  group.Go("polls", [&](const Context&) {
    io.restart();
    polling = true;
    io.poll();
    polling = false;
  });
  auto token = Await(ctx);
  const Error err = asio::async_initiate<decltype(token), void()>(
      [&](auto handler, int, auto&&) {
        started_there = polling;
        handler();
      },
      token, 7, object);
  return !err && started_there;
}

TEST(AwaitElsewhere, TheObjectIsFoundByTheArgumentsOfTheInitiation) {
  RunLoop([](const Context& ctx) {
    asio::io_context io;
    asio::steady_timer timer(io);
    struct Inside {
      asio::steady_timer& stream() { return timer; }
      asio::steady_timer& timer;
    };

    EXPECT_TRUE(StartsOnlyWhereItsArgumentLives(ctx, io, &timer));
    EXPECT_TRUE(StartsOnlyWhereItsArgumentLives(ctx, io, std::ref(timer)));
    EXPECT_TRUE(StartsOnlyWhereItsArgumentLives(ctx, io, std::make_shared<Inside>(Inside{timer})));
  });
}

TEST(AwaitElsewhere, AUsersThreadMayRunTheIoContext) {
  asio::io_context io;
  auto work = asio::make_work_guard(io);
  std::thread runner([&] { io.run(); });
  RunLoops(2, [&](const Context& ctx) {
    GroupOptions spread;
    spread.spread = true;
    Group group(ctx, spread);
    for (int fiber = 0; fiber < 4; ++fiber) {
      group.Go("fiber", [&](const Context& c) {
        for (int i = 0; i < 100; ++i) {
          asio::steady_timer timer(io, microseconds(i % 3));
          EXPECT_FALSE(timer.async_wait(Await(c)));
        }
        asio::steady_timer timer(io, hours(1));
        CancelScope scope = WithTimeout(c, microseconds(100));
        EXPECT_TRUE(timer.async_wait(Await(scope.ctx)).Is(kDeadlineExceeded));
      });
    }
    EXPECT_FALSE(group.Wait());
  });
  work.reset();
  runner.join();
}

}  // namespace
}  // namespace weft
