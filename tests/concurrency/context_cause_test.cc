// SPDX-License-Identifier: Apache-2.0
#include <cctype>
#include <functional>
#include <string>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// Who ended the context first decides what Err and Cause say, for ever. The order of events is that of each function below.
const Error kParentCause = Error::New("parent's cause");
const Error kChildCause = Error::New("child's cause");
const Error kTooSlow = Error::New("too slow");

struct CauseRow {
  const char* name;
  std::function<Context(const Context& root)> make;  // returns the context to look at
  Error err;
  Error cause;  // empty: the same as err
};

Context Keep(const CancelScope& scope) { return scope.ctx; }

const CauseRow kRows[] = {
    {"live", [](const Context& root) { return root; }, {}, {}},
    {"WithCancel, canceled", [](const Context& root) { return Keep(WithCancel(root)); }, kCanceled, {}},
    {"ended with its scope", [](const Context& root) { return Keep(WithCancel(root)); }, kCanceled, Error(internal::kScopeGoneRep)},
    {"ended with its scope after a parent",
     [](const Context& root) {
       const CancelScope parent = WithCancel(root);
       const CancelScope child = WithCancel(parent.ctx);
       parent.cancel(kParentCause);
       return child.ctx;
     },
     kCanceled, kParentCause},
    {"canceled with a cause",
     [](const Context& root) {
       const CancelScope scope = WithCancel(root);
       scope.cancel(kParentCause);
       return scope.ctx;
     },
     kCanceled, kParentCause},
    {"canceled with an empty cause",
     [](const Context& root) {
       const CancelScope scope = WithCancel(root);
       scope.cancel(Error());
       return scope.ctx;
     },
     kCanceled, kCanceled},
    {"the first of two causes stays",
     [](const Context& root) {
       const CancelScope scope = WithCancel(root);
       scope.cancel(kParentCause);
       scope.cancel(kChildCause);
       return scope.ctx;
     },
     kCanceled, kParentCause},
    {"a child has its parent's cause",
     [](const Context& root) {
       const CancelScope parent = WithCancel(root);
       const CancelScope child = WithCancel(parent.ctx);
       parent.cancel(kParentCause);
       return child.ctx;
     },
     kCanceled, kParentCause},
    {"a child that was first keeps its own",
     [](const Context& root) {
       const CancelScope parent = WithCancel(root);
       const CancelScope child = WithCancel(parent.ctx);
       child.cancel(kChildCause);
       parent.cancel(kParentCause);
       return child.ctx;
     },
     kCanceled, kChildCause},
    {"a child does not touch its parent",
     [](const Context& root) {
       const CancelScope parent = WithCancel(root);
       const CancelScope child = WithCancel(parent.ctx);
       child.cancel(kChildCause);
       EXPECT_FALSE(parent.ctx.Err());
       EXPECT_FALSE(parent.ctx.Cause());
       parent.cancel(kParentCause);
       return parent.ctx;
     },
     kCanceled, kParentCause},
    {"a parent's cause passes one that was made without",
     [](const Context& root) {
       const CancelScope parent = WithCancel(root);
       const CancelScope child = WithTimeout(parent.ctx, 1h, kTooSlow);
       const CancelScope grandchild = WithCancel(child.ctx);
       parent.cancel(kParentCause);
       return grandchild.ctx;
     },
     kCanceled, kParentCause},
    {"WithoutCancel stops it",
     [](const Context& root) {
       const CancelScope parent = WithCancel(root);
       parent.cancel(kParentCause);
       return WithoutCancel(parent.ctx);
     },
     {}, {}},
    {"WithoutCancel in between",
     [](const Context& root) {
       const CancelScope parent = WithCancel(root);
       const CancelScope child = WithCancel(WithoutCancel(parent.ctx));
       child.cancel(kChildCause);
       parent.cancel(kParentCause);
       return child.ctx;
     },
     kCanceled, kChildCause},
    {"a timeout", [](const Context& root) { return Keep(WithTimeout(root, -1ns)); }, kDeadlineExceeded, {}},
    {"a timeout with a cause", [](const Context& root) { return Keep(WithTimeout(root, -1ns, kTooSlow)); }, kDeadlineExceeded, kTooSlow},
    {"a canceled timeout has no cause of the timer",
     [](const Context& root) { return Keep(WithTimeout(root, 1h, kTooSlow)); }, kCanceled, kCanceled},
    {"a timeout that passed before the cancel",
     [](const Context& root) {
       const CancelScope scope = WithTimeout(root, 1s, kTooSlow);
       EXPECT_FALSE(Sleep(root, 2s));
       scope.cancel(kChildCause);
       return scope.ctx;
     },
     kDeadlineExceeded, kTooSlow},
    {"a parent's deadline with its cause, seen by the child first",
     [](const Context& root) {
       const CancelScope parent = WithTimeout(root, 1s, kParentCause);
       const CancelScope child = WithTimeout(parent.ctx, 1h, kTooSlow);
       EXPECT_FALSE(Sleep(root, 2s));
       return child.ctx;
     },
     kDeadlineExceeded, kParentCause},
    {"a child's earlier deadline, though the parent's was looked at first",
     [](const Context& root) {
       const CancelScope parent = WithTimeout(root, 2s, kParentCause);
       const CancelScope child = WithTimeout(parent.ctx, 1s, kChildCause);
       EXPECT_FALSE(Sleep(root, 3s));
       EXPECT_TRUE(parent.ctx.Cause().Is(kParentCause));
       return child.ctx;
     },
     kDeadlineExceeded, kChildCause},
    {"a child's deadline before the parent's cancel",
     [](const Context& root) {
       const CancelScope parent = WithCancel(root);
       const CancelScope child = WithTimeout(parent.ctx, 1s, kChildCause);
       EXPECT_FALSE(Sleep(root, 2s));
       parent.cancel(kParentCause);
       return child.ctx;
     },
     kDeadlineExceeded, kChildCause},
    {"the parent's cancel before the child's deadline",
     [](const Context& root) {
       const CancelScope parent = WithCancel(root);
       const CancelScope child = WithTimeout(parent.ctx, 1s, kChildCause);
       parent.cancel(kParentCause);
       EXPECT_FALSE(Sleep(root, 2s));
       return child.ctx;
     },
     kCanceled, kParentCause},
    {"a cancel without cause of a parent with a later cause",
     [](const Context& root) {
       const CancelScope parent = WithTimeout(root, 1h, kTooSlow);
       const CancelScope child = WithCancel(parent.ctx);
       parent.cancel();
       parent.cancel(kParentCause);
       return child.ctx;
     },
     kCanceled, kCanceled},
};

class ContextCause : public ::testing::TestWithParam<CauseRow> {};

TEST_P(ContextCause, IsDecidedByWhoWasFirst) {
  const CauseRow& row = GetParam();
  Virtually([&](const Context& root) {
    const CancelScope scope = WithCancel(root);

    const Context ctx = row.make(scope.ctx);

    const Error err = ctx.Err();
    const Error cause = ctx.Cause();
    EXPECT_EQ(static_cast<bool>(err), static_cast<bool>(row.err));
    if (!row.err) return;
    EXPECT_TRUE(err.Is(row.err)) << err.Message();
    EXPECT_TRUE(cause.Is(row.cause ? row.cause : row.err)) << cause.Message();
    EXPECT_TRUE(err.Is(cause)) << "an error wraps its cause: " << err.Message();
    EXPECT_NE(err.Is(kCanceled), err.Is(kDeadlineExceeded)) << err.Message();
    EXPECT_TRUE(Keep(WithCancel(ctx)).Cause().Is(cause));
  });
}

INSTANTIATE_TEST_SUITE_P(Table, ContextCause, ::testing::ValuesIn(kRows), [](const auto& row) {
  std::string name = row.param.name;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
});

}  // namespace
}  // namespace weft
