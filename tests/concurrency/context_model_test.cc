// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/debug.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

constexpr std::array<Key<int>, 4> kKeys{Key<int>("a"), Key<int>("b"), Key<int>("c"), Key<int>("d")};

enum class Kind { kCancel, kDeadline, kValue, kDetached };

// What a context should be, computed in the plainest way.
struct Model {
  Kind kind = Kind::kCancel;
  int parent = -1;  // -1: a root without end
  std::optional<Duration> deadline;  // its own, since the start
  Error cause;                       // of that deadline
  std::array<std::optional<int>, 4> values;
  std::optional<Error> err;  // what ended it, and why
  Error why;
};

struct Tree {
  std::vector<Model> models;
  std::vector<CancelScope> scopes;  // for values and detached ones the cancel function is empty
  TimePoint start = Now();

  bool Follows(int child) const { return models[static_cast<std::size_t>(child)].kind != Kind::kDetached; }

  // Ends a node and all below it that still live.
  void End(int node, const Error& err, const Error& why) {
    Model& m = models[static_cast<std::size_t>(node)];
    if (m.err) return;
    m.err = err;
    m.why = why;
    for (std::size_t i = 0; i < models.size(); ++i) {
      if (models[i].parent == node && Follows(static_cast<int>(i))) End(static_cast<int>(i), err, why);
    }
  }

  // Ends what is overdue, the earliest first.
  void PassDeadlines() {
    std::vector<std::pair<Duration, int>> due;
    for (std::size_t i = 0; i < models.size(); ++i) {
      if (models[i].deadline && start + *models[i].deadline <= Now()) due.emplace_back(*models[i].deadline, static_cast<int>(i));
    }
    std::sort(due.begin(), due.end());
    for (const auto& [when, node] : due) {
      const Error& cause = models[static_cast<std::size_t>(node)].cause;
      End(node, kDeadlineExceeded, cause ? cause : Error(kDeadlineExceeded));
    }
  }

  void Grow(std::minstd_rand& random, const Context& root) {
    Model m;
    const int size = static_cast<int>(models.size());
    m.parent = size == 0 ? -1 : static_cast<int>(random() % static_cast<unsigned>(size + 1)) - 1;
    const Context& above = m.parent < 0 ? root : scopes[static_cast<std::size_t>(m.parent)].ctx;
    if (m.parent >= 0) m.values = models[static_cast<std::size_t>(m.parent)].values;
    const unsigned dice = random() % 10;
    m.kind = dice < 4 ? Kind::kCancel : dice < 7 ? Kind::kDeadline : dice < 9 ? Kind::kValue : Kind::kDetached;
    switch (m.kind) {
      case Kind::kCancel: scopes.push_back(WithCancel(above)); break;
      case Kind::kDeadline:
        // Never at the moment of a cancel, nor at that of another deadline: who was first is not in doubt.
        m.deadline = std::chrono::milliseconds(random() % 100) + std::chrono::microseconds(size + 1);
        if (random() % 2 == 0) m.cause = Error::New("deadline of " + std::to_string(size));
        scopes.push_back(WithDeadline(above, start + *m.deadline, m.cause));
        break;
      case Kind::kValue: {
        const std::size_t key = random() % kKeys.size();
        m.values[key] = size;
        scopes.push_back({WithValue(above, kKeys[key], size), {}});
        break;
      }
      case Kind::kDetached: scopes.push_back({WithoutCancel(above), {}}); break;
    }
    models.push_back(m);
    if (m.parent >= 0 && Follows(size)) {
      const Model parent = models[static_cast<std::size_t>(m.parent)];
      if (parent.err) End(size, *parent.err, parent.why);
    }
    PassDeadlines();
  }

  void Check(std::size_t node) {
    const Model& m = models[node];
    const Context& ctx = scopes[node].ctx;
    const Error err = ctx.Err();
    ASSERT_EQ(static_cast<bool>(err), m.err.has_value()) << node << ": " << err.Message();
    for (std::size_t k = 0; k < kKeys.size(); ++k) {
      const int* value = ctx.Value(kKeys[k]);
      ASSERT_EQ(value != nullptr, m.values[k].has_value());
      if (value != nullptr) {
        ASSERT_EQ(*value, *m.values[k]);
      }
    }
    if (!m.err) {
      ASSERT_FALSE(ctx.Cause());
      return;
    }
    ASSERT_TRUE(err.Is(*m.err)) << node << ": " << err.Message();
    ASSERT_EQ(err.Is(kCanceled), m.err->Is(kCanceled)) << "one or the other";
    ASSERT_TRUE(ctx.Cause().Is(m.why)) << node << ": " << ctx.Cause().Message() << " is not " << m.why.Message();
  }
};

// Trees of all kinds of contexts that grow, are canceled and run out of time, against a model. Some are looked at on the way and some
// not, which must change nothing, though a deadline is seen only when somebody looks.
TEST(ContextModel, RandomTreesKeepValuesErrorsAndCauses) {
  for (int seed = 1; seed <= Rounds(300); ++seed) {
    Virtually([&](const Context& root) {
      std::minstd_rand random(static_cast<unsigned>(seed));
      Tree tree;
      for (int step = 0; step < 200; ++step) {
        const unsigned dice = random() % 10;
        if (dice < 5 || tree.models.empty()) {
          tree.Grow(random, root);
        } else if (dice < 7) {
          const std::size_t node = random() % tree.models.size();
          const Kind kind = tree.models[node].kind;
          if (kind == Kind::kValue || kind == Kind::kDetached) continue;
          const Error why = random() % 3 == 0 ? Error() : Error::New("cancel " + std::to_string(step));
          tree.PassDeadlines();
          tree.scopes[node].cancel(why);
          tree.End(static_cast<int>(node), kCanceled, why ? why : Error(kCanceled));
        } else if (dice < 8) {
          // A time that no deadline has.
          EXPECT_FALSE(Sleep(root, std::chrono::milliseconds(random() % 8) + 1ns));
          tree.PassDeadlines();
        } else {
          tree.Check(random() % tree.models.size());
        }
        if (::testing::Test::HasFatalFailure()) FAIL() << "seed " << seed << ", step " << step;
      }
      for (std::size_t i = 0; i < tree.models.size(); ++i) tree.Check(i);
      if (::testing::Test::HasFatalFailure()) FAIL() << "seed " << seed;
    });
  }
}

// A hundred contexts in a tree, each with somebody who waits, are canceled all at once in random order from two loops: all end, and
// the cause of each is that of its own cancel or of one above it.
TEST(ContextRace, SimultaneousCancelsInRandomOrderWakeAll) {
  constexpr std::size_t kNodes = 100;
  for (int round = 0; round < Rounds(50); ++round) {
    OnLoops(2, [&](const Context& ctx) {
      std::minstd_rand random(static_cast<unsigned>(round) + 1);
      std::vector<std::size_t> parents(kNodes);
      std::vector<CancelScope> scopes;
      std::vector<Error> causes;
      std::vector<std::size_t> order;
      for (std::size_t i = 0; i < kNodes; ++i) {
        parents[i] = i == 0 ? kNodes : random() % i;
        const Context above = i == 0 ? Background() : scopes[parents[i]].ctx;
        scopes.push_back(i % 5 == 4 ? WithTimeout(above, 1h) : WithCancel(above));
        causes.push_back(Error::New(std::to_string(i)));
        order.push_back(i);
      }
      std::shuffle(order.begin(), order.end(), random);
      Event go;
      Group group(ctx, {.spread = true});
      for (std::size_t i = 0; i < kNodes; ++i) {
        group.Go([&, i](const Context&) { EXPECT_TRUE(scopes[i].ctx.Wait().Is(kCanceled)); });
      }
      for (const std::size_t i : order) {
        group.Go([&, i](const Context& c) -> Error {
          if (Error err = go.Wait(c)) return err;
          scopes[i].cancel(causes[i]);
          return {};
        });
      }
      go.Set();
      EXPECT_FALSE(group.Wait());
      for (std::size_t i = 0; i < kNodes; ++i) {
        bool known = false;
        for (std::size_t at = i; at != kNodes; at = parents[at]) known |= scopes[i].ctx.Cause().Is(causes[at]);
        EXPECT_TRUE(known);
      }
    });
  }
}

// Whoever sees the parent's end cancels the child, while the parent's cancel is at the child itself.
TEST(ContextRace, AChildCanceledInReactionToItsParentDoesNotBlock) {
  OnLoops(2, [&](const Context& ctx) {
    for (int round = 0; round < Rounds(1000); ++round) {
      const CancelScope parent = WithCancel(Background());
      const CancelScope child = WithCancel(parent.ctx);
      const CancelScope grandchild = WithCancel(child.ctx);
      const CancelScope again = WithCancel(grandchild.ctx);
      {
        const StopFunc reaction = AfterFunc(parent.ctx, [&] { child.cancel(); });
        const StopFunc upwards = AfterFunc(again.ctx, [&] { parent.cancel(); });
        Group group(ctx, {.spread = true});
        group.Go([&](const Context&) {
          EXPECT_TRUE(parent.ctx.Wait());
          grandchild.cancel();
        });
        group.Go([&](const Context&) { (round % 2 == 0 ? parent : again).cancel(); });
        EXPECT_FALSE(group.Wait());
        EXPECT_TRUE(again.ctx.Wait());
      }
      EXPECT_TRUE(child.ctx.Err());
    }
  });
}

// Two trees that cancel each other.
TEST(ContextRace, TreesThatCancelEachOtherDoNotBlock) {
  OnLoops(2, [&](const Context& ctx) {
    for (int round = 0; round < Rounds(1000); ++round) {
      const CancelScope a = WithCancel(Background());
      const CancelScope b = WithCancel(Background());
      const CancelScope below_a = WithCancel(a.ctx);
      const CancelScope below_b = WithCancel(b.ctx);
      Group group(ctx, {.spread = true});
      group.Go([&](const Context&) {
        const StopFunc stop = AfterFunc(below_a.ctx, [&] { b.cancel(); });
        a.cancel();
        EXPECT_TRUE(below_b.ctx.Wait());
      });
      group.Go([&](const Context&) {
        const StopFunc stop = AfterFunc(below_b.ctx, [&] { a.cancel(); });
        b.cancel();
        EXPECT_TRUE(below_a.ctx.Wait());
      });
      EXPECT_FALSE(group.Wait());
    }
  });
}

// A deadline and a cancel that meet: one of them, whole, and the same for everybody who looks.
TEST(ContextRace, DeadlineAndCancelAreNeverMixed) {
  const Error timer = Error::New("timer");
  const Error caller = Error::New("caller");
  OnLoops(2, [&](const Context& ctx) {
    for (int round = 0; round < Rounds(2000); ++round) {
      const CancelScope scope = WithTimeout(Background(), std::chrono::microseconds(round % 20), timer);
      const CancelScope child = WithCancel(scope.ctx);
      std::array<Error, 3> seen;
      Group group(ctx, {.spread = true});
      group.Go([&](const Context&) { seen[0] = child.ctx.Wait(); });
      group.Go([&](const Context&) { seen[1] = scope.ctx.Wait(); });
      group.Go([&](const Context&) {
        if (round % 3 == 0) Yield();
        scope.cancel(caller);
        seen[2] = scope.ctx.Err();
      });
      EXPECT_FALSE(group.Wait());
      const bool by_timer = seen[2].Is(kDeadlineExceeded);
      for (const Error& err : seen) {
        EXPECT_EQ(err.Is(kDeadlineExceeded), by_timer);
        EXPECT_EQ(err.Is(kCanceled), !by_timer);
        EXPECT_EQ(err.Is(timer), by_timer);
        EXPECT_EQ(err.Is(caller), !by_timer);
      }
      EXPECT_TRUE(child.ctx.Cause().Is(by_timer ? timer : caller));
    }
  });
}

int Threads() {
  int count = 0;
  if (DIR* dir = opendir("/proc/self/task")) {
    while (const dirent* entry = readdir(dir)) count += entry->d_name[0] != '.';
    closedir(dir);
  }
  return count;
}

TEST(ContextCost, NothingWatchesForADerivedContext) {
  OnLoops(1, [](const Context& ctx) {
    const int threads = Threads();
    const CancelScope root = WithCancel(ctx);
    std::deque<CancelScope> scopes;
    Context values = root.ctx;
    for (int i = 0; i < 1000; ++i) {
      scopes.push_back(WithCancel(values));
      scopes.push_back(WithTimeout(scopes.back().ctx, 1h));
      values = WithValue(WithoutCancel(scopes.back().ctx), kKeys[0], i);
    }
    Settle(ctx);
    EXPECT_EQ(ListFibers().size(), 1U) << "no fiber, not even for a deadline";
    EXPECT_EQ(Threads(), threads);
  });
}

TEST(ContextDetached, IsNotReachedFromAboveInAnyWay) {
  Virtually([](const Context& ctx) {
    const CancelScope parent = WithTimeout(WithValue(ctx, kKeys[1], 5), 1s, Error::New("late"));
    const Context detached = WithoutCancel(parent.ctx);
    bool ran = false;
    {
      const StopFunc stop = AfterFunc(detached, [&] { ran = true; });
      const CancelScope child = WithTimeout(detached, 10s);
      EXPECT_FALSE(Sleep(ctx, 5s));
      EXPECT_TRUE(parent.ctx.Err());
      EXPECT_FALSE(child.ctx.Err()) << "its children have only their own end";
      EXPECT_EQ(*child.ctx.Value(kKeys[1]), 5);
      EXPECT_TRUE(child.ctx.Wait().Is(kDeadlineExceeded));
      EXPECT_FALSE(child.ctx.Err().Is(parent.ctx.Cause()));
    }
    EXPECT_FALSE(ran);
    EXPECT_FALSE(detached.Err());
    EXPECT_FALSE(WithoutCancel(detached).Err()) << "of an ended one, and twice";
  });
}

// A deadline that has passed, however it is given, and wherever the parent stands.
TEST(ContextDeadline, InThePastIsDoneAtOnceWithoutSuspending) {
  Virtually([](const Context& ctx) {
    TimePoint start = Now();
    const Error late = Error::New("late");
    const CancelScope live = WithTimeout(ctx, 1h);
    for (const Duration timeout : {Duration(0), Duration(-1), Duration(-1h), Duration::min()}) {
      for (const Context& parent : {Background(), ctx, live.ctx}) {
        const CancelScope scope = WithTimeout(parent, timeout, late);
        EXPECT_TRUE(scope.ctx.Err().Is(kDeadlineExceeded));
        EXPECT_TRUE(scope.ctx.Cause().Is(late));
        EXPECT_TRUE(scope.ctx.Deadline().has_value());
        EXPECT_TRUE(WithCancel(scope.ctx).ctx.Cause().Is(late));
        bool ran = false;
        const StopFunc stop = AfterFunc(scope.ctx, [&] { ran = true; });
        EXPECT_TRUE(scope.ctx.Wait().Is(late));
        EXPECT_EQ(Now(), start);
        Settle(ctx);
        start = Now();
        EXPECT_TRUE(ran);
        EXPECT_FALSE(parent.Err());
      }
    }
  });
}

}  // namespace
}  // namespace weft
