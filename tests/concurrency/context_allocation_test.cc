// SPDX-License-Identifier: Apache-2.0
//
// What contexts cost in allocations, as Go's TestAllocs: each layer is one, to end it and to ask it is none.
#include <weft/concurrency/context.h>

#include <functional>
#include <vector>

#include <weft/concurrency/run.h>

#include "../kit/allocation_counter.h"
#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

constexpr Key<int> kNumber{"number"};

struct Case {
  const char* what;
  std::size_t allocations;
  std::function<void(const Context& parent)> run;
};

// Under a parent that can be canceled, has a deadline and a value.
std::vector<Case> Cases() {
  static const Error cause = Error::New("enough");
  return {
      {"Background", 0, [](const Context&) { EXPECT_FALSE(Background().Err()); }},
      {"a copy", 0,
       [](const Context& parent) {
         const Context copy = parent;
         EXPECT_FALSE(copy.Err());
       }},
      {"to ask a live one", 0,
       [](const Context& parent) {
         EXPECT_FALSE(parent.Err());
         EXPECT_FALSE(parent.Cause());
         EXPECT_TRUE(parent.Deadline().has_value());
         EXPECT_EQ(*parent.Value(kNumber), 7);
       }},
      {"WithCancel of Background and cancel", 1,
       [](const Context&) {
         const CancelScope scope = WithCancel(Background());
         scope.cancel();
         EXPECT_TRUE(scope.ctx.Err().Is(kCanceled));
         EXPECT_TRUE(scope.ctx.Wait());
       }},
      {"WithCancel and cancel", 1,
       [](const Context& parent) {
         const CancelScope scope = WithCancel(parent);
         scope.cancel();
         EXPECT_TRUE(scope.ctx.Err().Is(kCanceled));
         EXPECT_TRUE(scope.ctx.Cause().Is(kCanceled));
       }},
      {"WithCancel and the end of its scope", 1,
       [](const Context& parent) {
         Context kept;
         {
           const CancelScope scope = WithCancel(parent);
           kept = scope.ctx;
         }
         EXPECT_TRUE(kept.Err().Is(kCanceled));
         EXPECT_TRUE(kept.Cause().Is(kCanceled));
       }},
      {"WithCancel and cancel with a cause: the error that wraps it, and its text", 3,
       [](const Context& parent) {
         const CancelScope scope = WithCancel(parent);
         scope.cancel(cause);
         EXPECT_TRUE(scope.ctx.Err().Is(cause));
       }},
      {"WithTimeout and cancel", 1,
       [](const Context& parent) {
         const CancelScope scope = WithTimeout(parent, 1h);
         scope.cancel();
         EXPECT_TRUE(scope.ctx.Err().Is(kCanceled));
       }},
      {"WithTimeout that has passed", 1,
       [](const Context& parent) {
         const CancelScope scope = WithTimeout(parent, -1ns);
         EXPECT_TRUE(scope.ctx.Err().Is(kDeadlineExceeded));
         EXPECT_TRUE(scope.ctx.Cause().Is(kDeadlineExceeded));
       }},
      {"WithValue", 1,
       [](const Context& parent) {
         const Context ctx = WithValue(parent, kNumber, 8);
         EXPECT_EQ(*ctx.Value(kNumber), 8);
         EXPECT_FALSE(ctx.Err());
       }},
      {"WithoutCancel", 1, [](const Context& parent) { EXPECT_FALSE(WithoutCancel(parent).Err()); }},
      {"WithEither and cancel: itself, and what stands for it below the other one; and the other one", 3,
       [](const Context& parent) {
         const CancelScope other = WithCancel(Background());
         const CancelScope either = WithEither(parent, other.ctx);
         other.cancel();
         EXPECT_TRUE(either.ctx.Err().Is(kCanceled));
       }},
      {"a child that ends with its parent: one each", 2,
       [](const Context& parent) {
         const CancelScope above = WithCancel(parent);
         const CancelScope child = WithTimeout(above.ctx, 1h);
         above.cancel();
         EXPECT_TRUE(child.ctx.Err().Is(kCanceled));
         EXPECT_TRUE(Sleep(child.ctx, 1h).Is(kCanceled));
       }},
  };
}

void ExpectCosts() {
  constexpr std::size_t kRuns = 100;
  const CancelScope scope = WithTimeout(WithValue(Background(), kNumber, 7), 1h);
  for (const Case& tested : Cases()) {
    tested.run(scope.ctx);  // what is made once
    const std::size_t before = Allocations();
    for (std::size_t i = 0; i < kRuns; ++i) tested.run(scope.ctx);
    EXPECT_EQ(Allocations() - before, kRuns * tested.allocations) << tested.what;
  }
}

TEST(ContextCost, AllocatesOncePerLayerAndNeverForAQueryOnAThread) { ExpectCosts(); }
TEST(ContextCost, AllocatesOncePerLayerAndNeverForAQueryInAFiber) {
  OnLoops(1, [](const Context&) { ExpectCosts(); });
}

}  // namespace
}  // namespace weft
