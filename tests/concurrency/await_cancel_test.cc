// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include <boost/asio/compose.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>

#include "await_kit.h"

// A cancel in each state of an Await. On one loop the order is certain: a fiber that is woken by its context runs before Asio's
// queue is looked at.
namespace weft {
namespace {

using namespace testing;
using OnCancel = ManualOp::OnCancel;
using std::chrono::hours;
using std::chrono::milliseconds;

// Awaits the operation in a fiber, and calls `then` in another one when the first has parked.
Result<int> AwaitAnd(const Context& ctx, ManualOp& op, std::function<void()> then) {
  Result<int> result(kLeaked);
  Group group(Background());
  group.Go("awaits", [&](const Context&) { result = op.Async(Await(ctx)); });
  group.Go("then", [&](const Context&) { then(); });
  EXPECT_FALSE(group.Wait());
  return result;
}

TEST(AwaitCancel, BeforeTheStartMeansThatNothingIsStarted) {
  RunLoop([](const Context& ctx) {
    CancelScope scope = WithCancel(ctx);
    ManualOp op(CurrentExecutor());
    scope.cancel(Error(std::errc::host_unreachable));

    const Result<int> result = op.Async(Await(scope.ctx));

    EXPECT_TRUE(result.Err().Is(kCanceled));
    EXPECT_TRUE(result.Err().Is(std::errc::host_unreachable));
    EXPECT_FALSE(op.started);
  });
}

TEST(AwaitCancel, APendingOperationGetsATerminalCancelAndTheContextsError) {
  RunLoop([](const Context& ctx) {
    CancelScope scope = WithCancel(ctx);
    ManualOp op(CurrentExecutor());

    const Result<int> result = AwaitAnd(scope.ctx, op, [&] { scope.cancel(Error(std::errc::host_unreachable)); });

    EXPECT_TRUE(result.Err().Is(kCanceled));
    EXPECT_TRUE(result.Err().Is(std::errc::host_unreachable));
    EXPECT_FALSE(result.Err().Is(asio::error::operation_aborted));
    EXPECT_EQ(op.cancels, 1);
    EXPECT_EQ(op.cancel_type, asio::cancellation_type::terminal);
  });
}

TEST(AwaitCancel, AfterTheCompletionWasQueuedLetsTheSuccessWin) {
  RunLoop([](const Context& ctx) {
    CancelScope scope = WithCancel(ctx);
    ManualOp op(CurrentExecutor(), OnCancel::kIgnore);

    const Result<int> result = AwaitAnd(scope.ctx, op, [&] {
      op.Finish({}, 7);
      scope.cancel();
    });

    ASSERT_FALSE(result.Err()) << result.Err().Message();
    EXPECT_EQ(*result, 7);
  });
}

TEST(AwaitCancel, AfterAFailureWasQueuedGivesTheContextsError) {
  RunLoop([](const Context& ctx) {
    CancelScope scope = WithCancel(ctx);
    ManualOp op(CurrentExecutor(), OnCancel::kIgnore);

    const Result<int> result = AwaitAnd(scope.ctx, op, [&] {
      op.Finish(asio::error::operation_aborted, 0);
      scope.cancel();
    });

    EXPECT_TRUE(result.Err().Is(kCanceled));
  });
}

TEST(AwaitCancel, AfterTheCompletionRanEmitsNothing) {
  RunLoop([](const Context& ctx) {
    CancelScope scope = WithCancel(ctx);
    ManualOp op(CurrentExecutor());

    const Result<int> result = AwaitAnd(scope.ctx, op, [&] {
      op.Finish({}, 7);
      // Queued behind the completion: it runs when the waiting fiber is awake already, but has not run yet.
      asio::post(CurrentExecutor(), [&] { scope.cancel(); });
    });

    EXPECT_EQ(*result, 7);
    EXPECT_TRUE(scope.ctx.Err());
    EXPECT_EQ(op.cancels, 0);
  });
}

TEST(AwaitCancel, ACancelAfterAFailureReturnsTheFailure) {
  RunLoop([](const Context& ctx) {
    CancelScope scope = WithCancel(ctx);
    ManualOp op(CurrentExecutor());

    const Result<int> result = AwaitAnd(scope.ctx, op, [&] {
      op.Finish(asio::error::eof, 0);
      asio::post(CurrentExecutor(), [&] { scope.cancel(); });
    });

    EXPECT_TRUE(result.Err().Is(asio::error::eof)) << result.Err().Message();
  });
}

TEST(AwaitCancel, OfAnOperationThatIgnoresItWaitsForTheEnd) {
  for (const OnCancel on_cancel : {OnCancel::kIgnore, OnCancel::kNoSlot}) {
    RunLoop([&](const Context& ctx) {
      CancelScope scope = WithCancel(ctx);
      ManualOp op(CurrentExecutor(), on_cancel);
      bool finished = false;

      const Result<int> result = AwaitAnd(scope.ctx, op, [&] {
        scope.cancel();
        for (int i = 0; i < 10; ++i) Yield();
        finished = true;
        op.Finish({}, 7);
      });

      EXPECT_TRUE(finished);
      EXPECT_EQ(*result, 7);
    });
  }
}

TEST(AwaitCancel, AnOperationThatFailsAfterTheCancelHasTheContextsError) {
  RunLoop([](const Context& ctx) {
    CancelScope scope = WithCancel(ctx);
    ManualOp op(CurrentExecutor(), OnCancel::kIgnore);

    const Result<int> result = AwaitAnd(scope.ctx, op, [&] {
      scope.cancel();
      Yield();
      op.Finish(asio::error::connection_reset, 0);
    });

    EXPECT_TRUE(result.Err().Is(kCanceled)) << result.Err().Message();
  });
}

TEST(AwaitCancel, OfADroppedOperationGivesTheContextsError) {
  RunLoop([](const Context& ctx) {
    CancelScope scope = WithCancel(ctx);
    ManualOp op(CurrentExecutor(), OnCancel::kIgnore);

    const Result<int> result = AwaitAnd(scope.ctx, op, [&] {
      scope.cancel();
      Yield();
      op.Drop();
    });

    EXPECT_TRUE(result.Err().Is(kCanceled)) << result.Err().Message();
  });
}

TEST(AwaitCancel, CancelByOtherCodeIsOperationAbortedUnderALiveContext) {
  RunLoop([](const Context& ctx) {
    asio::steady_timer timer(CurrentExecutor(), hours(1));
    Group group(ctx);
    group.Go("else", [&](const Context&) { timer.cancel(); });

    EXPECT_TRUE(timer.async_wait(Await(ctx)).Is(asio::error::operation_aborted));
  });
}

TEST(AwaitCancel, ADeadlineEndsAPendingRead) {
  RunLoop([](const Context& ctx) {
    auto [client, server] = SocketPair(ctx, CurrentExecutor());
    CancelScope scope = WithTimeout(ctx, milliseconds(2));
    char byte = 0;

    const Result<std::size_t> read = client.async_read_some(asio::buffer(&byte, 1), Await(scope.ctx));

    EXPECT_TRUE(read.Err().Is(kDeadlineExceeded)) << read.Err().Message();
  });
}

TEST(AwaitCancel, APartialReadKeepsWhatCameBefore) {
  RunLoop([](const Context& ctx) {
    auto [client, server] = SocketPair(ctx, CurrentExecutor());
    CancelScope scope = WithCancel(ctx);
    server.write_some(asio::buffer("abc", 3));
    Group group(ctx);
    group.Go("cancels", [&](const Context& c) -> Error {
      // The reader comes first in Asio's queue: it has its three bytes and waits again.
      for (int i = 0; i < 3; ++i) {
        if (Error err = asio::post(CurrentExecutor(), Await(c))) return err;
      }
      scope.cancel();
      return {};
    });
    char text[8];

    auto [err, size] = asio::async_read(client, asio::buffer(text), AwaitPartial(scope.ctx));

    EXPECT_TRUE(err.Is(kCanceled)) << err.Message();
    EXPECT_EQ(std::string(text, size), "abc");
  });
}

TEST(AwaitCancel, ADeadlineEndsAConnectAndAnAccept) {
  RunLoop([](const Context& ctx) {
    tcp::acceptor acceptor(CurrentExecutor(), tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    CancelScope scope = WithTimeout(ctx, milliseconds(2));

    EXPECT_TRUE(acceptor.async_accept(Await(scope.ctx)).Err().Is(kDeadlineExceeded));
    tcp::socket socket(CurrentExecutor());
    EXPECT_TRUE(socket.async_connect(acceptor.local_endpoint(), Await(scope.ctx)).Is(kDeadlineExceeded));
  });
}

// Made of two waits; it does not look whether it was cancelled, and takes the first cancel for the end of its first wait.
TEST(AwaitCancel, IsRepeatedForAnOperationBetweenTwoSteps) {
  RunLoop([](const Context& ctx) {
    CancelScope scope = WithCancel(ctx);
    asio::steady_timer timer(CurrentExecutor(), hours(1));
    int steps = 0;
    auto composed = [&](auto& self, error_code code = {}) {
      if (++steps <= 2) return timer.async_wait(std::move(self));
      self.complete(code);
    };
    Group group(ctx);
    group.Go("cancels", [&](const Context&) { scope.cancel(); });

    auto token = Await(scope.ctx);
    const Error err = asio::async_compose<decltype(token), void(error_code)>(composed, token, timer);

    EXPECT_TRUE(err.Is(kCanceled)) << err.Message();
    EXPECT_EQ(steps, 3);
  });
}

TEST(AwaitCancel, FromAnotherThreadEndsAPendingOperation) {
  for (int i = 0; i < 200; ++i) {
    RunLoop([](const Context& ctx) {
      CancelScope scope = WithCancel(ctx);
      std::thread other([&] { scope.cancel(); });
      asio::steady_timer timer(CurrentExecutor(), hours(1));

      EXPECT_TRUE(timer.async_wait(Await(scope.ctx)).Is(kCanceled));

      other.join();
    });
  }
}

}  // namespace
}  // namespace weft
