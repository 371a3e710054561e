// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <new>
#include <vector>

#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/internal/runtime/loop_core.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/scope.h>

#include "../kit/allocation_counter.h"
#include "kit.h"

// What goes on where no memory is left.
namespace weft {
namespace {

using namespace weft::testing;

TEST(NoMemory, DoesNotKeepACancelFromAnybody) {
  Virtually([](const Context& ctx) {
    const Error cause = Error::New("the user has left");
    const CancelScope scope = WithCancel(ctx);
    const CancelScope below = WithTimeout(scope.ctx, 1h);
    Group group(ctx);
    int told = 0;
    for (int i = 0; i < 10; ++i) {
      group.Go([&, own = i % 2 == 0 ? scope.ctx : below.ctx](const Context&) { told += Sleep(own, 1h).Is(kCanceled) ? 1 : 0; });
    }
    Settle(ctx);
    {
      const NoMemory none;
      scope.cancel(cause);
    }
    for (const Context& done : {scope.ctx, below.ctx}) {
      EXPECT_TRUE(done.Err().Is(kCanceled));
      EXPECT_TRUE(done.Cause().Is(cause));
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(told, 10);
  });
}

TEST(NoMemory, DoesNotKeepADeadlineFromAnybody) {
  Virtually([](const Context& ctx) {
    const Error cause = Error::New("too slow");
    const CancelScope scope = WithTimeout(ctx, 1s, cause);
    EXPECT_FALSE(Sleep(ctx, 2s));
    {
      const NoMemory none;
      EXPECT_TRUE(scope.ctx.Err().Is(kDeadlineExceeded));
    }
    EXPECT_TRUE(scope.ctx.Cause().Is(cause));
  });
}

// A cause of the same kind says more than the bare code.
TEST(NoMemory, LeavesACauseThatIsACancelItself) {
  const Error cause = kCanceled.Wrap("by the test");
  const CancelScope scope = WithCancel(Background());
  {
    const NoMemory none;
    scope.cancel(cause);
  }
  EXPECT_TRUE(scope.ctx.Err().Is(kCanceled));
  EXPECT_EQ(scope.ctx.Err().Message(), cause.Message());
}

struct Parked : FiberJob {
  explicit Parked(Event& e, const Context& c) : open(e), ctx(c) {}
  void Run() override { (void)open.Wait(ctx); }
  void Ended() noexcept override { ended = true; }
  Event& open;
  const Context& ctx;
  bool ended = false;
};

TEST(NoMemory, LosesNoValueWhoseContextCannotBeMade) {
  static constexpr Key<std::shared_ptr<int>> kKey{"value"};
  const auto value = std::make_shared<int>(1);
  {
    std::vector<Context> others;  // what contexts that are gone have left behind is used up
    others.reserve(1000);
    for (int i = 0; i < 1000; ++i) others.push_back(WithCancel(Background()).ctx);
    const NoMemory none;
    EXPECT_THROW((void)WithValue(Background(), kKey, value), std::bad_alloc);
  }
  EXPECT_EQ(value.use_count(), 1);
}

TEST(NoMemory, MakesAFiberThatCannotBeStartedAnError) {
  Virtually([](const Context& ctx) {
    Event open;
    std::vector<std::unique_ptr<Parked>> jobs;
    for (int i = 0; i < 200; ++i) jobs.push_back(std::make_unique<Parked>(open, ctx));
    std::size_t started = 0;
    Error failed;
    {
      const NoMemory none;
      while (started < jobs.size() && !(failed = Loop::Current()->Start(*jobs[started], {.name = "parked"}))) ++started;
    }
    EXPECT_TRUE(failed.Is(std::errc::not_enough_memory));
    EXPECT_LT(started, jobs.size()) << "a slab of stacks is not made without memory";
    open.Set();
    Settle(ctx);
    for (std::size_t i = 0; i < jobs.size(); ++i) EXPECT_EQ(jobs[i]->ended, i < started);
  });
}

TEST(NoMemory, MakesAMemberThatThrowsForItAnError) {
  Virtually([](const Context& ctx) {
    Group group(ctx);
    group.Go([](const Context&) {
      const NoMemory none;
      ::operator delete(::operator new(1));  // an expression with `new` may be left out
    });
    EXPECT_TRUE(group.Wait());
    EXPECT_TRUE(Error::FromException(std::make_exception_ptr(std::bad_alloc())).Exception());
    const std::exception_ptr thrown = std::make_exception_ptr(1);
    Error caught;
    {
      const NoMemory none;
      caught = Error::FromException(thrown);
    }
    EXPECT_TRUE(caught.Is(std::errc::not_enough_memory));
  });
}

// Its function runs when there is some again.
TEST(NoMemory, MakesAfterFuncLate) {
  Virtually([](const Context& ctx) {
    Event open;
    std::vector<std::unique_ptr<Parked>> jobs;
    for (int i = 0; i < 200; ++i) jobs.push_back(std::make_unique<Parked>(open, ctx));
    const CancelScope scope = WithCancel(ctx);
    bool ran = false;
    const StopFunc stop = AfterFunc(scope.ctx, [&] { ran = true; });
    {
      const NoMemory none;
      std::size_t started = 0;
      while (started < jobs.size() && !Loop::Current()->Start(*jobs[started], {.name = "parked"})) ++started;
      scope.cancel();
      Yield();  // the loop comes to the message
      Yield();
      EXPECT_FALSE(ran);
    }
    EXPECT_FALSE(Sleep(ctx, 1s));
    EXPECT_TRUE(ran);
    open.Set();
    Settle(ctx);
  });
}

}  // namespace
}  // namespace weft
