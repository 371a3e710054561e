// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <chrono>
#include <tuple>
#include <vector>

#include <boost/asio/append.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/prepend.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include "await_kit.h"

// Adapters around Await, and operations that carry their errors among their values: whatever shape the outcome has, an operation that
// the context has cut off is told as that.
namespace weft {
namespace {

using namespace testing;
using OnCancel = ManualOp::OnCancel;
using std::chrono::hours;
using std::chrono::milliseconds;

constexpr milliseconds kLong = hours(1);
constexpr milliseconds kAtOnce = milliseconds(0);

// A timer that only the context ends. `wait` gets it and the context, and returns what the call gives as an Error.
struct Shape {
  const char* name;
  std::function<Error(asio::steady_timer&, const Context&)> wait;
};

Error GroupOfTwo(asio::steady_timer& timer, const Context& ctx, auto condition, milliseconds other_after) {
  asio::steady_timer other(timer.get_executor(), other_after);
  return asio::experimental::make_parallel_group(timer.async_wait(asio::deferred), other.async_wait(asio::deferred))
      .async_wait(condition, Await(ctx))
      .Err();
}

std::vector<Shape> Shapes() {
  static error_code code;
  return {
      {"redirect_error", [](auto& t, const Context& c) { return t.async_wait(asio::redirect_error(Await(c), code)); }},
      {"as_tuple", [](auto& t, const Context& c) { return t.async_wait(asio::as_tuple(Await(c))).Err(); }},
      {"as_tuple of redirect_error",
       [](auto& t, const Context& c) { return t.async_wait(asio::as_tuple(asio::redirect_error(Await(c), code))).Err(); }},
      {"redirect_error of as_tuple",
       [](auto& t, const Context& c) { return t.async_wait(asio::redirect_error(asio::as_tuple(Await(c)), code)).Err(); }},
      {"append", [](auto& t, const Context& c) { return t.async_wait(asio::append(Await(c), 1)).Err(); }},
      {"prepend", [](auto& t, const Context& c) { return t.async_wait(asio::prepend(Await(c), 1)).Err(); }},
      {"append to redirect_error",
       [](auto& t, const Context& c) { return t.async_wait(asio::redirect_error(asio::append(Await(c), 1), code)).Err(); }},
      {"bind_executor",
       [](auto& t, const Context& c) { return t.async_wait(asio::bind_executor(t.get_executor(), Await(c))); }},
      {"bind_executor of as_tuple",
       [](auto& t, const Context& c) { return t.async_wait(asio::bind_executor(t.get_executor(), asio::as_tuple(Await(c)))).Err(); }},
      {"bind_cancellation_slot",
       [](auto& t, const Context& c) {
         asio::cancellation_signal signal;
         return t.async_wait(asio::bind_cancellation_slot(signal.slot(), Await(c)));
       }},
      {"as_tuple of bind_cancellation_slot",
       [](auto& t, const Context& c) {
         asio::cancellation_signal signal;
         return t.async_wait(asio::as_tuple(asio::bind_cancellation_slot(signal.slot(), Await(c)))).Err();
       }},
      {"an empty slot",
       [](auto& t, const Context& c) { return t.async_wait(asio::bind_cancellation_slot(asio::cancellation_slot(), Await(c))); }},
      {"deferred", [](auto& t, const Context& c) { return t.async_wait(asio::deferred)(Await(c)); }},
      {"a deferred value",
       [](auto& t, const Context& c) {
         return t.async_wait(asio::deferred([](error_code) { return asio::deferred.values(7); }))(Await(c)).Err();
       }},
      {"wait_for_one", [](auto& t, const Context& c) { return GroupOfTwo(t, c, asio::experimental::wait_for_one(), kLong); }},
      {"wait_for_all", [](auto& t, const Context& c) { return GroupOfTwo(t, c, asio::experimental::wait_for_all(), kLong); }},
      {"wait_for_all, one has ended",
       [](auto& t, const Context& c) { return GroupOfTwo(t, c, asio::experimental::wait_for_all(), kAtOnce); }},
      {"wait_for_one_error, one has succeeded",
       [](auto& t, const Context& c) { return GroupOfTwo(t, c, asio::experimental::wait_for_one_error(), kAtOnce); }},
      {"as_tuple of a group",
       [](auto& t, const Context& c) {
         return asio::experimental::make_parallel_group(t.async_wait(asio::deferred), t.async_wait(asio::deferred))
             .async_wait(asio::experimental::wait_for_one(), asio::as_tuple(Await(c)))
             .Err();
       }},
      {"a group of as many as the vector has",
       [](auto& t, const Context& c) {
         using Op = decltype(t.async_wait(asio::deferred));
         std::vector<Op> ops(3, t.async_wait(asio::deferred));
         return asio::experimental::make_parallel_group(ops).async_wait(asio::experimental::wait_for_one(), Await(c)).Err();
       }},
  };
}

TEST(AwaitAdapters, ReportADeadlineThatEndsTheOperation) {
  for (const Shape& shape : Shapes()) {
    RunLoop([&](const Context& ctx) {
      CancelScope scope = WithTimeout(ctx, milliseconds(2));
      asio::steady_timer timer(CurrentExecutor(), hours(1));
      const Error err = shape.wait(timer, scope.ctx);
      EXPECT_TRUE(err.Is(kDeadlineExceeded)) << shape.name << ": " << err.Message();
    });
  }
}

TEST(AwaitAdapters, ReportACancelAndItsCause) {
  for (const Shape& shape : Shapes()) {
    RunLoop([&](const Context& ctx) {
      CancelScope scope = WithCancel(ctx);
      asio::steady_timer timer(CurrentExecutor(), hours(1));
      Group group(ctx);
      group.Go("cancels", [&](const Context&) { scope.cancel(Error(std::errc::host_unreachable)); });
      const Error err = shape.wait(timer, scope.ctx);
      EXPECT_TRUE(err.Is(kCanceled) && err.Is(std::errc::host_unreachable)) << shape.name << ": " << err.Message();
    });
  }
}

TEST(AwaitAdapters, ReportAContextThatWasDoneBefore) {
  for (const Shape& shape : Shapes()) {
    RunLoop([&](const Context& ctx) {
      CancelScope scope = WithCancel(ctx);
      scope.cancel();
      asio::steady_timer timer(CurrentExecutor(), hours(1));
      EXPECT_TRUE(shape.wait(timer, scope.ctx).Is(kCanceled)) << shape.name;
    });
  }
}

TEST(AwaitAdapters, LetASuccessBeASuccess) {
  for (const Shape& shape : Shapes()) {
    RunLoop([&](const Context& ctx) {
      CancelScope scope = WithTimeout(ctx, hours(1));
      asio::steady_timer timer(CurrentExecutor(), milliseconds(0));
      // The other one of this group would take its hour.
      if (std::string_view(shape.name) == "wait_for_all") return;
      const Error err = shape.wait(timer, scope.ctx);
      EXPECT_FALSE(err) << shape.name << ": " << err.Message();
    });
  }
}

TEST(AwaitAdapters, RedirectErrorLeavesTheCodeOfTheContextsError) {
  RunLoop([](const Context& ctx) {
    CancelScope scope = WithTimeout(ctx, milliseconds(2));
    asio::steady_timer timer(CurrentExecutor(), hours(1));
    for (const char* when : {"pending", "done before"}) {
      error_code code;
      EXPECT_TRUE(timer.async_wait(asio::redirect_error(Await(scope.ctx), code)).Is(kDeadlineExceeded)) << when;
      EXPECT_EQ(std::error_code(code), make_error_code(Errc::kDeadlineExceeded)) << when << ": " << code.message();
    }
  });
}

TEST(AwaitAdapters, RedirectErrorKeepsAFailureOfTheOperationInTheCodeAlone) {
  RunLoop([](const Context& ctx) {
    CancelScope scope = WithTimeout(ctx, hours(1));
    auto [client, server] = SocketPair(ctx, CurrentExecutor());
    server.write_some(asio::buffer("abc", 3));
    server.close();
    char text[8];
    error_code code;

    const Result<std::size_t> read = asio::async_read(client, asio::buffer(text), asio::redirect_error(Await(scope.ctx), code));

    EXPECT_EQ(code, asio::error::eof);
    ASSERT_TRUE(read.Ok()) << read.Err().Message();
    EXPECT_EQ(*read, 3U);
  });
}

TEST(AwaitAdapters, AsTupleKeepsAFailureOfTheOperationInTheTupleAlone) {
  RunLoop([](const Context& ctx) {
    CancelScope scope = WithTimeout(ctx, hours(1));
    auto [client, server] = SocketPair(ctx, CurrentExecutor());
    server.close();
    char text[8];

    const auto read = asio::async_read(client, asio::buffer(text), asio::as_tuple(Await(scope.ctx)));

    ASSERT_TRUE(read.Ok()) << read.Err().Message();
    EXPECT_EQ(std::get<0>(*read), asio::error::eof);
  });
}

TEST(AwaitAdapters, APartialReadKeepsItsBytesTogetherWithTheError) {
  RunLoop([](const Context& ctx) {
    CancelScope scope = WithTimeout(ctx, milliseconds(20));
    auto [client, server] = SocketPair(ctx, CurrentExecutor());
    server.write_some(asio::buffer("abc", 3));
    char text[8];

    auto [err, read] = asio::async_read(client, asio::buffer(text), asio::as_tuple(AwaitPartial(scope.ctx)));

    EXPECT_TRUE(err.Is(kDeadlineExceeded)) << err.Message();
    EXPECT_EQ(std::get<0>(read), asio::error::operation_aborted);
    EXPECT_EQ(std::get<1>(read), 3U);
  });
}

// Awaits the operation in a fiber, and calls `then` in another one when the first has parked.
template <class T>
T AwaitAnd(std::function<T()> await, std::function<void()> then) {
  std::optional<T> result;
  Group group(Background());
  group.Go("awaits", [&](const Context&) { result.emplace(await()); });
  group.Go("then", [&](const Context&) { then(); });
  EXPECT_FALSE(group.Wait());
  return std::move(*result);
}

TEST(AwaitAdapters, LetASuccessWinThatWasQueuedBeforeTheCancel) {
  RunLoop([](const Context& ctx) {
    CancelScope scope = WithCancel(ctx);
    ManualOp op(CurrentExecutor(), OnCancel::kIgnore);
    error_code code;

    const auto result = AwaitAnd<Result<int>>([&] { return op.Async(asio::redirect_error(Await(scope.ctx), code)); },
                                              [&] {
                                                op.Finish({}, 7);
                                                scope.cancel();
                                              });

    ASSERT_TRUE(result.Ok()) << result.Err().Message();
    EXPECT_EQ(*result, 7);
    EXPECT_FALSE(code);
  });
}

TEST(AwaitAdapters, AnOperationWithoutAnErrorIsCanceledOnlyIfItListened) {
  RunLoop([](const Context& ctx) {
    CancelScope scope = WithCancel(ctx);
    const Error posted =
        AwaitAnd<Error>([&] { return asio::post(CurrentExecutor(), Await(scope.ctx)); }, [&] { scope.cancel(); });
    EXPECT_FALSE(posted) << posted.Message();
  });
}

TEST(AwaitAdapters, AGroupWithAWinnerSucceedsUnderAContextThatEndsLater) {
  RunLoop([](const Context& ctx) {
    CancelScope scope = WithCancel(ctx);
    asio::steady_timer won(CurrentExecutor(), milliseconds(0)), lost(CurrentExecutor(), hours(1));

    auto group = asio::experimental::make_parallel_group(won.async_wait(asio::deferred), lost.async_wait(asio::deferred))
                     .async_wait(asio::experimental::wait_for_one(), Await(scope.ctx));
    scope.cancel();

    ASSERT_TRUE(group.Ok()) << group.Err().Message();
    EXPECT_FALSE(std::get<1>(*group));
    EXPECT_EQ(std::get<2>(*group), asio::error::operation_aborted);
  });
}

TEST(AwaitAdapters, ABoundSlotCancelsAsTheContextDoesAndIsEmptyAfterwards) {
  for (const bool never_done : {false, true}) {
    RunLoop([&](const Context& ctx) {
      CancelScope scope = WithCancel(ctx);
      const Context await_ctx = never_done ? Background() : scope.ctx;
      ManualOp op(CurrentExecutor());
      asio::cancellation_signal signal;

      const auto result = AwaitAnd<Result<int>>(
          [&] { return op.Async(asio::bind_cancellation_slot(signal.slot(), Await(await_ctx))); },
          [&] { signal.emit(asio::cancellation_type::partial); });

      EXPECT_TRUE(result.Err().Is(asio::error::operation_aborted)) << result.Err().Message();
      EXPECT_EQ(op.cancel_type, asio::cancellation_type::partial);
      EXPECT_FALSE(signal.slot().has_handler());
      signal.emit(asio::cancellation_type::terminal);
      EXPECT_EQ(op.cancels, 1);
    });
  }
}

TEST(AwaitAdapters, ABoundSlotIsEmptiedWhenTheOperationIsDropped) {
  RunLoop([](const Context& ctx) {
    ManualOp op(CurrentExecutor());
    asio::cancellation_signal signal;

    const auto result = AwaitAnd<Result<int>>([&] { return op.Async(asio::bind_cancellation_slot(signal.slot(), Await(ctx))); },
                                              [&] { op.Drop(); });

    EXPECT_TRUE(result.Err().Is(kClosed)) << result.Err().Message();
    EXPECT_FALSE(signal.slot().has_handler());
  });
}

// The executor of an object is found behind these two adapters.
TEST(AwaitAdapters, StartAndCancelWhereTheObjectLives) {
  asio::io_context io;
  auto guard = asio::make_work_guard(io);
  std::thread runner([&] { io.run(); });
  const std::thread::id there = runner.get_id();
  RunLoop([&](const Context& ctx) {
    error_code code;
    asio::cancellation_signal signal;
    for (const bool redirect : {true, false}) {
      CancelScope scope = WithTimeout(ctx, milliseconds(20));
      ManualOp op(io.get_executor());
      const Result<int> result = redirect ? op.Async(asio::redirect_error(Await(scope.ctx), code))
                                          : op.Async(asio::bind_cancellation_slot(signal.slot(), Await(scope.ctx)));
      EXPECT_TRUE(result.Err().Is(kDeadlineExceeded)) << result.Err().Message();
      if (op.started) {
        EXPECT_EQ(op.start_thread, there);
        EXPECT_EQ(op.cancel_thread, there);
      }
    }
  });
  guard.reset();
  runner.join();
}

}  // namespace
}  // namespace weft
