// SPDX-License-Identifier: Apache-2.0
#include <malloc.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <vector>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/debug.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/select.h>

#include "kit.h"

// Large numbers of things: the result is right, memory stays within a stated bound, and everything is given back.
namespace weft {
namespace {

using namespace weft::testing;

constexpr int kMany = kSanitized ? 20'000 : 1'000'000;

double ResidentMiB() {
  long pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1024.0 * 1024.0);
}

// What a test may add to the memory that is resident. Sanitizers keep memory of their own, so nothing is asked of them.
class Bound {
 public:
  void Check(const char* when, double mib) {
    const double more = ResidentMiB() - before_;
    std::printf("%s: %+.1f MiB of %.1f\n", when, more, mib);
    if (!kSanitized) {
      EXPECT_LE(more, mib) << when;
    }
  }

 private:
  const double before_ = ResidentMiB();
};

void ExpectOnlyMainIsLeft() {
  const std::vector<FiberInfo> fibers = ListFibers();
  EXPECT_EQ(fibers.size(), 1U) << FormatFiberTree(fibers);
}

// A chain that grows by a fiber and a channel for each prime that is found.
void Sieve(const Context& ctx, int primes, int last) {
  Bound bound;
  Chan<int> numbers(0);
  Group group(ctx);
  group.Go([out = numbers](const Context& c) -> Error {
    for (int i = 2;; ++i) {
      if (Error err = out.Send(c, i)) return err;
    }
  });
  int prime = 0;
  for (int found = 0; found < primes; ++found) {
    const Result<int> next = numbers.Receive(ctx);
    if (!next.Ok()) return;
    prime = *next;
    const Chan<int> rest(0);
    group.Go([in = numbers, out = rest, prime](const Context& c) {
      return in.ForEach(c, [&](int n) -> Error { return n % prime == 0 ? Error() : out.Send(c, n); });
    });
    numbers = rest;
  }
  EXPECT_EQ(prime, last);
  bound.Check("sieve", 16);
  group.Cancel();
  EXPECT_FALSE(group.Wait());
  ExpectOnlyMainIsLeft();
}

TEST(Scale, APrimeSieveOfChannels) {
  OnLoops(1, [](const Context& ctx) {
    if (kSanitized) {
      Sieve(ctx, 80, 409);
    } else {
      Sieve(ctx, 500, 3571);
    }
  });
}

// Everybody waits for the one before and hands on to the one behind.
TEST(Scale, PassesATokenRoundARingSeveralTimes) {
  const std::size_t count = kSanitized ? 4'000 : 100'000;
  constexpr long kRounds = 5;
  Bound bound;
  OnLoops(1, [&](const Context& ctx) {
    std::vector<Chan<long>> ring;
    ring.reserve(count);
    for (std::size_t i = 0; i < count; ++i) ring.emplace_back(0);
    Group group(ctx);
    for (std::size_t i = 1; i < count; ++i) {
      group.Go([in = ring[i], out = ring[(i + 1) % count]](const Context& c) {
        return in.ForEach(c, [&](long token) { return out.Send(c, token + 1); });
      });
      if (i % 1000 == 0) Yield();
    }
    long token = 0;
    for (long round = 0; round < kRounds; ++round) {
      EXPECT_FALSE(ring[1].Send(ctx, token));
      token = *ring[0].Receive(ctx) + 1;
    }
    EXPECT_EQ(token, kRounds * static_cast<long>(count));
    // For each a fiber with one touched stack of two pages, and a channel.
    bound.Check("ring", static_cast<double>(count) * 12.0 / 1024.0);
    group.Cancel();
    EXPECT_FALSE(group.Wait());
    ExpectOnlyMainIsLeft();
  });
  malloc_trim(0);  // what the allocator keeps of freed memory is not ours
  bound.Check("after the ring", 8);
}

void SpawnMany(const GroupOptions& options, int loops, int total, int batch) {
  OnLoops(loops, [&](const Context& ctx) {
    std::atomic<long> sum{0};
    for (int done = 0; done < total; done += batch) {
      Group group(ctx, options);
      for (int i = 0; i < batch; ++i) {
        group.Go([&sum, value = done + i](const Context&) { sum.fetch_add(value, std::memory_order_relaxed); });
      }
      EXPECT_FALSE(group.Wait());
    }
    EXPECT_EQ(sum.load(), static_cast<long>(total) * (total - 1) / 2);
    ExpectOnlyMainIsLeft();
  });
}

TEST(Scale, AMillionMembersInBatches) {
  Bound bound;
  SpawnMany({}, 1, kMany, 1000);
  bound.Check("a million members, 1,000 at a time", 24);
}

TEST(Scale, AMillionMembersOfOneGroupWithALimit) {
  Bound bound;
  SpawnMany({.limit = 64}, 1, kMany, kMany);
  bound.Check("a million members of one group, 64 at a time", 8);
}

TEST(Scale, AMillionMembersSpreadOverLoopsWithALimit) {
  Bound bound;
  SpawnMany({.limit = 64, .spread = true}, 2, kMany, kMany / 4);
  bound.Check("a million members on two loops", 16);
}

// What a parent that lives long remembers of children that have ended.
TEST(Scale, AMillionContextsUnderOneParentLeaveNothing) {
  static constexpr Key<int> kNumber{"number"};
  OnLoops(1, [&](const Context& ctx) {
    const CancelScope root = WithCancel(ctx);
    Bound bound;
    int ran = 0;
    for (int i = 0; i < kMany; ++i) {
      const CancelScope child = i % 2 == 0 ? WithCancel(root.ctx) : WithTimeout(WithValue(root.ctx, kNumber, i), 1h);
      if (i % 3 == 0) child.cancel();
      if (i % 4 == 0) {
        StopFunc stop = AfterFunc(root.ctx, [&] { ++ran; });
        EXPECT_TRUE(stop());
      }
    }
    EXPECT_EQ(ran, 0);
    bound.Check("a million contexts", 4);
    ExpectOnlyMainIsLeft();
  });
}

// A time-out of a Select that was not needed is not kept until its time has come.
TEST(Scale, AMillionTimeoutsThatAreNotNeededLeaveNothing) {
  OnLoops(1, [&](const Context& ctx) {
    const Chan<int> chan(0);
    Bound bound;
    Group group(ctx);
    group.Go([&](const Context& c) -> Error {
      for (int i = 0; i < kMany; ++i) {
        if (Error err = chan.Send(c, i)) return err;
      }
      return {};
    });
    long sum = 0;
    for (int i = 0; i < kMany; ++i) {
      const CancelScope scope = WithTimeout(ctx, 1h);
      EXPECT_TRUE(Select(scope.ctx, OnReceive(chan, [&](Result<int> v) { sum += *v; }), OnAfter(2h)).Ok());
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(sum, static_cast<long>(kMany) * (kMany - 1) / 2);
    bound.Check("a million timeouts", 4);
  });
}

}  // namespace
}  // namespace weft
