// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/group.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <weft/concurrency/event.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(Group, WaitJoinsAllMembers) {
  Virtually([](const Context& ctx) {
    int ended = 0;
    Group group(ctx);
    for (int i = 1; i <= 10; ++i) {
      EXPECT_TRUE(group.Go([&, i](const Context& c) {
        (void)Sleep(c, std::chrono::seconds(i));
        ++ended;
      }));
    }

    EXPECT_FALSE(group.Wait());

    EXPECT_EQ(ended, 10);
    EXPECT_TRUE(group.Errors().empty());
  });
}

TEST(Group, AnEmptyOneDoesNotWait) {
  Virtually([](const Context& ctx) {
    Group group(ctx);
    EXPECT_FALSE(group.Wait());
    EXPECT_FALSE(group.Wait()) << "Wait may be called again";
  });
}

TEST(Group, TheFirstErrorCancelsTheOthers) {
  Virtually([](const Context& ctx) {
    const TimePoint start = Now();
    const Error broken = Error::New("broken");
    Error seen;
    Group group(ctx);
    group.Go([&](const Context& c) { return (void)Sleep(c, 1s), broken; });
    group.Go([&](const Context& c) {
      const Error err = Sleep(c, 1h);
      seen = c.Cause();
      return err;
    });

    const Error err = group.Wait();

    EXPECT_TRUE(err.Is(broken));
    EXPECT_TRUE(seen.Is(broken)) << "the cause is the first error";
    EXPECT_EQ(Now() - start, 1s);
  });
}

TEST(Group, ContextIsCanceledOnceWaitHasReturned) {
  Virtually([](const Context& ctx) {
    Group group(ctx);
    group.Go([](const Context&) {});
    EXPECT_FALSE(group.Wait());

    EXPECT_TRUE(group.Ctx().Err().Is(kCanceled));
    EXPECT_TRUE(group.Ctx().Cause().Is(kCanceled));
    EXPECT_FALSE(ctx.Err());
  });
}

TEST(Group, ExceptionOfAMemberIsItsError) {
  Virtually([](const Context& ctx) {
    Group group(ctx);
    group.Go([](const Context&) { throw std::runtime_error("thrown"); });

    const Error err = group.Wait();

    EXPECT_EQ(err.Message(), "thrown");
    EXPECT_THROW(std::rethrow_exception(err.Exception()), std::runtime_error);
  });
}

TEST(Group, DestructorCancelsAndWaits) {
  Virtually([](const Context& ctx) {
    const TimePoint start = Now();
    bool ended = false;
    {
      Group group(ctx);
      group.Go([&](const Context& c) {
        EXPECT_TRUE(Sleep(c, 1h).Is(kCanceled));
        EXPECT_FALSE(Sleep(Background(), 2s));
        ended = true;
      });
    }
    EXPECT_TRUE(ended);
    EXPECT_EQ(Now() - start, 2s);
  });
}

// Cancellation ends waiting, never joining: what members touch lies on the stack of who waits.
TEST(Group, WaitJoinsAlsoUnderADoneContext) {
  Virtually([](const Context& ctx) {
    const CancelScope scope = WithCancel(ctx);
    bool ended = false;
    Group group(scope.ctx);
    group.Go([&](const Context&) {
      EXPECT_FALSE(Sleep(Background(), 5s));
      ended = true;
    });
    Settle(ctx);

    scope.cancel();
    EXPECT_FALSE(group.Wait());

    EXPECT_TRUE(ended);
  });
}

TEST(Group, MembersCarryTheContextAndName) {
  static constexpr Key<int> kKey{"key"};
  Virtually([](const Context& ctx) {
    Group group(WithValue(ctx, kKey, 42));
    group.Go("named", [](const Context& c) {
      EXPECT_EQ(*c.Value(kKey), 42);
      EXPECT_EQ(*CurrentContext().Value(kKey), 42);
      EXPECT_FALSE(Sleep(CurrentContext(), 1s));
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(CurrentContext().Value(kKey), nullptr);
  });
}

TEST(Group, MembersMayStartMembers) {
  Virtually([](const Context& ctx) {
    int runs = 0;
    Group group(ctx);
    group.Go([&](const Context& c) {
      for (int i = 0; i < 5; ++i) {
        group.Go([&](const Context& d) {
          (void)Sleep(d, 1s);
          ++runs;
        });
      }
      return Sleep(c, 500ms);
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(runs, 5);
  });
}

TEST(Group, TakesFunctionsThatCannotBeCopied) {
  Virtually([](const Context& ctx) {
    int got = 0;
    Group group(ctx);
    group.Go([&got, value = std::make_unique<int>(9)](const Context&) mutable { got = *std::exchange(value, nullptr); });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(got, 9);
  });
}

// Its destructors may wait: they run in the member's fiber.
TEST(Group, AMembersFunctionDiesInItsFiber) {
  Virtually([](const Context& ctx) {
    struct SleepsAtItsEnd {
      const Context* ctx;
      ~SleepsAtItsEnd() {
        if (ctx != nullptr) (void)Sleep(*ctx, 3s);
      }
      explicit SleepsAtItsEnd(const Context* c) : ctx(c) {}
      SleepsAtItsEnd(SleepsAtItsEnd&& other) noexcept : ctx(std::exchange(other.ctx, nullptr)) {}
    };
    const TimePoint start = Now();
    Group group(ctx);
    group.Go([last = SleepsAtItsEnd(&ctx)](const Context&) {});
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(Now() - start, 3s);
  });
}

TEST(Group, CancelGivesTheCause) {
  Virtually([](const Context& ctx) {
    const Error why = Error::New("why");
    Group group(ctx);
    group.Go([&](const Context& c) {
      EXPECT_TRUE(c.Wait().Is(kCanceled));
      EXPECT_TRUE(c.Cause().Is(why));
    });
    Settle(ctx);

    group.Cancel(why);

    EXPECT_FALSE(group.Wait()) << "nobody has failed";
  });
}

}  // namespace
}  // namespace weft
