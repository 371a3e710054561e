// SPDX-License-Identifier: Apache-2.0
// gcc 12 takes parts of the state machine in <regex> for uninitialized when the code is instrumented.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include <exception>
#include <regex>
#include <stdexcept>
#include <string>

#include <weft/concurrency/debug.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/loop.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// Each fiber has its own stack of exceptions in flight.
TEST(Fiber, MayParkInsideACatchBlockWhileOthersThrow) {
  Virtually([](const Context& ctx) {
    Group group(ctx);
    for (int i = 0; i < 8; ++i) {
      group.Go([i](const Context& c) {
        for (int round = 0; round < 20; ++round) {
          const std::string mine = std::to_string(i) + "/" + std::to_string(round);
          try {
            throw std::runtime_error(mine);
          } catch (const std::runtime_error& outer) {
            (void)Sleep(c, std::chrono::milliseconds(1 + (i * 7 + round) % 5));
            EXPECT_EQ(outer.what(), mine);
            try {
              throw;  // the one of this fiber
            } catch (const std::exception& again) {
              Yield();
              EXPECT_EQ(again.what(), mine);
            }
          }
          EXPECT_EQ(std::uncaught_exceptions(), 0);
          EXPECT_EQ(std::current_exception(), nullptr);
        }
      });
    }
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Fiber, MayWaitWhileAnExceptionUnwindsItsStack) {
  Virtually([](const Context& ctx) {
    struct Waits {
      const Context& ctx;
      ~Waits() {
        (void)Sleep(ctx, 1s);
        EXPECT_EQ(std::uncaught_exceptions(), 1);
      }
    };
    Group group(ctx);
    group.Go([](const Context& c) {
      const Waits waits{c};
      throw std::runtime_error("a");
    });
    group.Go([](const Context& c) {
      (void)Sleep(c, 500ms);
      EXPECT_EQ(std::uncaught_exceptions(), 0);
    });
    EXPECT_EQ(group.Wait().Message(), "a");
  });
}

TEST(Fiber, RunsOrdinaryLibraryCodeOnItsDefaultStack) {
  Virtually([](const Context&) {
    // libstdc++'s matcher takes a frame for each character.
    const std::string text(kSanitized ? 200 : 1'000, 'a');
    EXPECT_TRUE(std::regex_match(text, std::regex("(a|b)*")));
  });
}

TEST(Fiber, ExceptionOfItsMainComesBackAsAnError) {
  RunOptions options;
  options.loops = 1;
  const Error err = weft::Run(Background(), options, [](const Context&) -> Error { throw std::out_of_range("index"); });

  EXPECT_EQ(err.Message(), "index");
  EXPECT_THROW(std::rethrow_exception(err.Exception()), std::out_of_range);
}

TEST(Fiber, LocalsOfTheThreadAreThoseOfItsLoop) {
  static thread_local int local = 0;
  OnLoops(2, [](const Context& ctx) {
    Group group(ctx, {.spread = true});
    for (int i = 0; i < 8; ++i) {
      group.Go([](const Context&) {
        const int* before = &local;
        for (int k = 0; k < 50; ++k) Yield();
        EXPECT_EQ(&local, before);
      });
    }
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Fiber, CanBeRenamedForTheList) {
  Virtually([](const Context&) {
    SetFiberName("a name that is far too long to be kept as a whole by anybody");

    const std::vector<FiberInfo> all = ListFibers();

    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].name, "a name that is far too long to be kept as a who");
    SetFiberName({});
    EXPECT_EQ(ListFibers()[0].name, "");
  });
}

TEST(Fiber, IdsAreNeverGivenTwice) {
  std::uint64_t last = 0;
  Virtually([&](const Context& ctx) {
    for (int i = 0; i < 3000; ++i) {
      Group group(ctx);
      group.Go([&](const Context&) {
        EXPECT_GT(CurrentFiberId(), last);
        last = CurrentFiberId();
      });
    }
  });
  EXPECT_EQ(CurrentFiberId(), 0U);
}

}  // namespace
}  // namespace weft
