// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

#include <boost/asio/compose.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <weft/concurrency/testing.h>

#include "await_kit.h"
#include "fragile.h"

namespace weft {
namespace {

using namespace testing;
using std::chrono::milliseconds;

// An operation of any signature that completes with the values given.
template <class Signature, class... Values>
auto Give(const Context& ctx, Values... values) {
  auto token = Await(ctx);
  return asio::async_initiate<decltype(token), Signature>(
      [](auto handler, auto... v) {
        asio::post(CurrentExecutor(), [handler = std::move(handler), ... v = std::move(v)]() mutable { std::move(handler)(std::move(v)...); });
      },
      token, std::move(values)...);
}

template <class Expected, class T>
T Typed(T value) {
  static_assert(std::is_same_v<Expected, T>);
  return value;
}

TEST(Await, ReturnsWhatTheHandlerIsGivenByItsSignature) {
  RunLoop([](const Context& ctx) {
    const error_code ok;

    EXPECT_FALSE(Typed<Error>(Give<void()>(ctx)));
    EXPECT_FALSE(Typed<Error>(Give<void(error_code)>(ctx, ok)));
    EXPECT_EQ(*Typed<Result<int>>(Give<void(error_code, int)>(ctx, ok, 7)), 7);
    EXPECT_EQ(*Typed<Result<int>>(Give<void(int)>(ctx, 7)), 7);
    EXPECT_EQ(*(Typed<Result<std::tuple<int, std::string>>>(Give<void(error_code, int, std::string)>(ctx, ok, 7, std::string("x")))),
              std::make_tuple(7, std::string("x")));
    EXPECT_EQ(*(Typed<Result<std::tuple<int, char>>>(Give<void(int, char)>(ctx, 7, 'x'))), std::make_tuple(7, 'x'));
    EXPECT_EQ(*Typed<Result<int>>(Give<void(std::exception_ptr, int)>(ctx, std::exception_ptr(), 7)), 7);
    EXPECT_FALSE(Typed<Error>(Give<void(std::error_code)>(ctx, std::error_code())));
    EXPECT_EQ(**Typed<Result<std::unique_ptr<int>>>(Give<void(error_code, std::unique_ptr<int>)>(ctx, ok, std::make_unique<int>(7))), 7);
  });
}

TEST(Await, ReturnsTheErrorThatTheHandlerIsGiven) {
  RunLoop([](const Context& ctx) {
    const error_code refused = asio::error::connection_refused;

    EXPECT_TRUE(Give<void(error_code)>(ctx, refused).Is(asio::error::connection_refused));
    EXPECT_TRUE((Give<void(error_code, int)>(ctx, refused, 7).Err().Is(asio::error::connection_refused)));
    EXPECT_TRUE(Give<void(std::error_code)>(ctx, std::make_error_code(std::errc::io_error)).Is(std::errc::io_error));
    EXPECT_TRUE(Give<void(Error)>(ctx, kTooLarge).Is(kTooLarge));
    const auto thrown = std::make_exception_ptr(std::runtime_error("broken"));
    EXPECT_EQ(Give<void(std::exception_ptr)>(ctx, thrown).Exception(), thrown);
  });
}

TEST(Await, PartialKeepsTheValueTogetherWithTheError) {
  RunLoop([](const Context& ctx) {
    auto [client, server] = SocketPair(ctx, CurrentExecutor());
    EXPECT_EQ(*asio::async_write(server, asio::buffer("abc", 3), Await(ctx)), 3u);
    server.close();
    char text[8];

    auto [err, size] = asio::async_read(client, asio::buffer(text), AwaitPartial(ctx));

    EXPECT_TRUE(err.Is(asio::error::eof));
    EXPECT_EQ(std::string(text, size), "abc");
  });
}

TEST(Await, WaitsForATimer) {
  RunLoop([](const Context& ctx) {
    asio::steady_timer timer(CurrentExecutor(), milliseconds(2));
    const auto until = timer.expiry();

    EXPECT_FALSE(timer.async_wait(Await(ctx)));

    EXPECT_GE(std::chrono::steady_clock::now(), until);
  });
}

TEST(Await, ConnectsToTheFirstReachableEndpoint) {
  RunLoop([](const Context& ctx) {
    const auto loopback = asio::ip::address_v4::loopback();
    tcp::acceptor closed(CurrentExecutor(), tcp::endpoint(loopback, 0));
    const tcp::endpoint refusing = closed.local_endpoint();
    closed.close();
    tcp::acceptor open(CurrentExecutor(), tcp::endpoint(loopback, 0));
    const std::vector<tcp::endpoint> endpoints{refusing, open.local_endpoint()};
    tcp::socket socket(CurrentExecutor());

    Result<tcp::endpoint> connected = asio::async_connect(socket, endpoints, Await(ctx));

    ASSERT_FALSE(connected.Err()) << connected.Err().Message();
    EXPECT_EQ(*connected, open.local_endpoint());
  });
}

TEST(Await, ReportsARefusedConnection) {
  RunLoop([](const Context& ctx) {
    tcp::acceptor closed(CurrentExecutor(), tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    const tcp::endpoint refusing = closed.local_endpoint();
    closed.close();
    tcp::socket socket(CurrentExecutor());

    EXPECT_TRUE(socket.async_connect(refusing, Await(ctx)).Is(asio::error::connection_refused));
  });
}

TEST(Await, GivesAnAcceptedSocketAsTheResult) {
  RunLoop([](const Context& ctx) {
    tcp::acceptor acceptor(CurrentExecutor(), tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    Group group(ctx);
    group.Go("client", [&](const Context& c) {
      tcp::socket socket(CurrentExecutor());
      return socket.async_connect(acceptor.local_endpoint(), Await(c));
    });

    Result<tcp::socket> accepted = acceptor.async_accept(Await(ctx));

    ASSERT_FALSE(accepted.Err());
    EXPECT_TRUE(accepted->is_open());
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Await, ReadsUntilADelimiter) {
  RunLoop([](const Context& ctx) {
    auto [client, server] = SocketPair(ctx, CurrentExecutor());
    Group group(ctx);
    group.Go("writer", [&](const Context& c) -> Error {
      for (const char* part : {"one ", "line\n", "more"}) {
        if (Error err = asio::async_write(server, asio::buffer(part, std::strlen(part)), Await(c)).Err()) return err;
        Yield();
      }
      return {};
    });
    std::string text;

    Result<std::size_t> size = asio::async_read_until(client, asio::dynamic_buffer(text), '\n', Await(ctx));

    ASSERT_FALSE(size.Err());
    EXPECT_EQ(text.substr(0, *size), "one line\n");
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Await, AnOperationWithoutAnObjectCompletesOnTheFibersLoop) {
  RunLoops(2, [](const Context& ctx) {
    const auto here = std::this_thread::get_id();
    std::thread::id completed;
    auto composed = [&, posted = false](auto& self) mutable {
      completed = std::this_thread::get_id();
      if (posted) return self.complete(5);
      posted = true;
      auto executor = asio::get_associated_executor(self);
      asio::post(executor, std::move(self));
    };

    auto token = Await(ctx);
    EXPECT_EQ((*asio::async_compose<decltype(token), void(int)>(std::move(composed), token)), 5);

    EXPECT_EQ(completed, here);
    EXPECT_FALSE(asio::post(Await(ctx)));
  });
}

TEST(Await, PassesOnWhatStartingTheOperationThrows) {
  RunLoop([](const Context& ctx) {
    auto token = Await(ctx);
    const auto start = [&] {
      return asio::async_initiate<decltype(token), void(error_code)>([](auto) { throw std::runtime_error("no"); }, token);
    };

    EXPECT_THROW((void)start(), std::runtime_error);
  });
}

TEST(Await, DestroyingAnUncalledHandlerEndsTheWait) {
  RunLoop([](const Context& ctx) {
    ManualOp op(CurrentExecutor());
    Group group(ctx);
    group.Go("dropper", [&](const Context&) { op.Drop(); });

    const Error err = op.Async(Await(ctx)).Err();

    EXPECT_TRUE(err.Is(kClosed)) << err.Message();
  });
}

TEST(Await, VirtualTimeStandsStillWhileAnOperationIsPending) {
  const Error err = RunTest([](const Context& ctx) {
    const TimePoint start = Now();
    Group group(ctx);
    group.Go("hour", [](const Context& c) { return Sleep(c, std::chrono::hours(1)); });
    asio::steady_timer timer(CurrentExecutor(), milliseconds(2));

    EXPECT_FALSE(timer.async_wait(Await(ctx)));

    EXPECT_EQ(Now(), start);
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(Now() - start, std::chrono::hours(1));
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(Await, ManyFibersTalkOverManySockets) {
  RunLoops(2, [](const Context& ctx) {
    constexpr int kPairs = 100, kRounds = 20;
    std::atomic<int> rounds{0};
    GroupOptions spread;
    spread.spread = true;
    Group group(ctx, spread);
    for (int i = 0; i < kPairs; ++i) {
      group.Go("pair", [&](const Context& c) -> Error {
        auto pair = SocketPair(c, CurrentExecutor());
        Group echo(c);
        echo.Go("echo", [&](const Context& e) -> Error {
          char byte = 0;
          for (;;) {
            if (pair.second.async_read_some(asio::buffer(&byte, 1), Await(e)).Err()) return {};
            if (Error err = asio::async_write(pair.second, asio::buffer(&byte, 1), Await(e)).Err()) return err;
          }
        });
        for (int round = 0; round < kRounds; ++round) {
          char byte = 'x';
          if (Error err = asio::async_write(pair.first, asio::buffer(&byte, 1), Await(c)).Err()) return err;
          if (Error err = asio::async_read(pair.first, asio::buffer(&byte, 1), Await(c)).Err()) return err;
          rounds.fetch_add(1);
        }
        pair.first.close();
        return echo.Wait();
      });
    }

    EXPECT_FALSE(group.Wait());

    EXPECT_EQ(rounds.load(), kPairs * kRounds);
  });
}

TEST(AwaitDeathTest, AbortsOnAPlainThreadWithTheAdviceToUseRun) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  asio::io_context io;
  asio::steady_timer timer(io);

  EXPECT_DEATH((void)timer.async_wait(Await(Background())), "Await.*weft::Run");
  EXPECT_DEATH((void)CurrentExecutor(), "CurrentExecutor.*weft::Run");
}

TEST(AwaitDeathTest, AbortsInARawHandler) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto await_in_handler = [] {
    RunLoop([](const Context& ctx) {
      asio::steady_timer timer(CurrentExecutor());
      asio::post(CurrentExecutor(), [&] { (void)timer.async_wait(Await(ctx)); });
      EXPECT_FALSE(asio::post(CurrentExecutor(), Await(ctx)));
    });
  };

  EXPECT_DEATH(await_in_handler(), "Await.*loop's own stack");
}

TEST(Await, RethrowsInTheCallerWhenMovingAValueThrows) {
  FragileMove::Reset();
  for (int copies = 0; copies < 3; ++copies) {
    RunLoop([&](const Context& ctx) {
      const auto executor = CurrentExecutor();
      const auto token = Await(ctx);
      const auto start = [&](auto handler) {
        asio::post(executor, [copies, handler = std::move(handler)]() mutable {
          FragileMove value(1);
          FragileMove::state.copies_left = copies;
          std::move(handler)(std::move(value));
        });
      };
      EXPECT_ANY_THROW(((void)asio::async_initiate<decltype(token), void(FragileMove)>(start, token))) << copies;
      FragileMove::state.copies_left = -1;
    });
  }
  EXPECT_EQ(FragileMove::state.alive, 0);
}

}  // namespace
}  // namespace weft
