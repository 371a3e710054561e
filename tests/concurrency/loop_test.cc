// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/loop.h>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <deque>
#include <vector>

#include <weft/concurrency/group.h>
#include <weft/concurrency/offload.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

struct Note : LoopTask {
  Note(std::vector<int>& o, int n) : LoopTask(&Write), out(o), number(n) {}
  static void Write(LoopTask* task) {
    auto* note = static_cast<Note*>(task);
    note->out.push_back(note->number);
  }
  std::vector<int>& out;
  int number;
};

TEST(Loop, TasksRunInTheOrderInWhichTheyWerePosted) {
  Virtually([](const Context& ctx) {
    std::vector<int> out;
    Note a(out, 1), b(out, 2), c(out, 3);
    for (Note* note : {&a, &b, &c}) Loop::Current()->Post(*note);
    EXPECT_TRUE(out.empty());
    Settle(ctx);
    EXPECT_EQ(out, (std::vector<int>{1, 2, 3}));
    Loop::Current()->Post(a);
    Settle(ctx);
    EXPECT_EQ(out.back(), 1) << "it may be posted again";
  });
}

TEST(Loop, PostFromOtherThreadsAndLoops) {
  OnLoops(2, [](const Context& ctx) {
    struct Ran {
      int left = 100;
      LoopSignal all;
    } ran;
    struct Count : LoopTask {
      explicit Count(Ran& r) : LoopTask([](LoopTask* t) { static_cast<Count*>(t)->Run(); }), ran(r) {}
      void Run() {
        ++runs;
        if (--ran.left == 0) ran.all.Notify();
      }
      Ran& ran;
      int runs = 0;
    };
    Loop& home = *Loop::Current();
    std::deque<Count> tasks;
    for (int i = 0; i < 100; ++i) tasks.emplace_back(ran);
    Group group(ctx, {.spread = true});
    for (std::size_t i = 0; i < 50; ++i) group.Go([&, i](const Context&) { home.Post(tasks[i]); });
    group.Go([&](const Context& c) {
      return Offload(c, [&] {
        for (std::size_t i = 50; i < 100; ++i) home.Post(tasks[i]);
      });
    });
    EXPECT_FALSE(group.Wait());
    // The last ones may lie in the loop's inbox still.
    while (ran.left > 0) EXPECT_EQ(ran.all.Wait(ctx, "tasks"), LoopSignal::Outcome::kNotified);
    for (const Count& task : tasks) EXPECT_EQ(task.runs, 1);
  });
}

TEST(Loop, TimersFireInOrderAndCanBeMovedAndDisarmed) {
  struct Timer : LoopTimer {
    Timer(std::vector<int>& o, int n)
        : LoopTimer([](LoopTimer* t) { static_cast<Timer*>(t)->out->push_back(static_cast<Timer*>(t)->number); }), out(&o), number(n) {}
    std::vector<int>* out;
    int number;
  };
  Virtually([](const Context& ctx) {
    std::vector<int> out;
    Timer a(out, 1), b(out, 2), c(out, 3), d(out, 4);
    Loop& loop = *Loop::Current();
    loop.Arm(a, Now() + 3s);
    loop.Arm(b, Now() + 1s);
    loop.Arm(c, Now() + 1s);
    loop.Arm(d, Now() + 2s);
    loop.Disarm(d);
    loop.Disarm(d);
    loop.Arm(a, Now() + 500ms);
    EXPECT_TRUE(a.Armed());

    EXPECT_FALSE(Sleep(ctx, 10s));

    EXPECT_EQ(out, (std::vector<int>{1, 2, 3}));
    EXPECT_FALSE(a.Armed());
  });
}

// Two descriptors are ready at once; whoever is called first removes the other.
TEST(Loop, ARemovedWatchIsNotCalledForEventsThatCameBefore) {
  struct Rival : FdWatch {
    Rival() : fd(eventfd(1, EFD_NONBLOCK)) {}
    ~Rival() { close(fd); }
    void OnFdEvents(std::uint32_t) override {
      ++calls;
      Loop::Current()->Remove(*other, other->fd);
    }
    int calls = 0;
    const int fd;
    Rival* other = nullptr;
  };
  Virtually([](const Context& ctx) {
    Rival a, b;
    a.other = &b;
    b.other = &a;
    for (Rival* each : {&a, &b}) EXPECT_FALSE(Loop::Current()->Add(*each, each->fd, EPOLLIN | EPOLLET));

    Settle(ctx);

    EXPECT_EQ(a.calls + b.calls, 1);
    Rival& left = a.calls == 1 ? a : b;
    Loop::Current()->Remove(left, left.fd);
  });
}

// Two descriptors are ready at once; each asks for a task when both have been seen to, and the first task for one more.
TEST(Loop, RunsTasksAfterTheEventsThatCameTogether) {
  struct Later : LoopTask {
    Later(std::vector<int>& o, int n, Later* next = nullptr) : LoopTask(&Go), out(o), number(n), then(next) {}
    static void Go(LoopTask* task) {
      auto* self = static_cast<Later*>(task);
      self->out.push_back(self->number);
      if (self->then == nullptr) return;
      EXPECT_TRUE(Loop::Current()->RunAfterEvents(*self->then));
    }
    std::vector<int>& out;
    const int number;
    Later* const then;
  };
  struct Ready : FdWatch {
    explicit Ready(Later& t) : fd(eventfd(1, EFD_NONBLOCK)), task(t) {}
    ~Ready() { close(fd); }
    void OnFdEvents(std::uint32_t) override {
      task.out.push_back(0);
      EXPECT_TRUE(Loop::Current()->RunAfterEvents(task));
    }
    const int fd;
    Later& task;
  };
  Virtually([](const Context& ctx) {
    std::vector<int> out;
    Later third(out, 3), first(out, 1, &third), second(out, 2);
    Ready a(first), b(second);
    for (Ready* each : {&a, &b}) EXPECT_FALSE(Loop::Current()->Add(*each, each->fd, EPOLLIN | EPOLLET));
    EXPECT_FALSE(Loop::Current()->RunAfterEvents(third)) << "in a fiber that no event has started";
    struct Timer : LoopTimer {
      Timer() : LoopTimer([](LoopTimer* t) { static_cast<Timer*>(t)->taken = Loop::Current()->RunAfterEvents(static_cast<Timer*>(t)->task); }) {}
      LoopTask task{[](LoopTask*) {}};
      bool taken = true;
    } timer;
    Loop::Current()->Arm(timer, Now());

    Settle(ctx);

    EXPECT_EQ(out, (std::vector<int>{0, 0, 1, 2, 3}));
    EXPECT_FALSE(timer.taken) << "a timer fires before events are handed out";
    for (Ready* each : {&a, &b}) Loop::Current()->Remove(*each, each->fd);
  });
}

TEST(Loop, StartsAJobAtOnceOnItsOwnStackAndLaterFromAFiber) {
  struct Job : FiberJob {
    void Run() override { ran_in = CurrentFiberId(); }
    void Ended() noexcept override { ended = true; }
    std::uint64_t ran_in = 0;
    bool ended = false;
  };
  struct StartTask : LoopTask {
    StartTask() : LoopTask([](LoopTask* t) { static_cast<StartTask*>(t)->Start(); }) {}
    void Start() {
      EXPECT_FALSE(Loop::Current()->Start(job, {}));
      ran_at_once = job.ended;
    }
    Job job;
    bool ran_at_once = false;
  };
  Virtually([](const Context& ctx) {
    Job job;
    FiberOptions options;
    options.name = "job";
    EXPECT_FALSE(Loop::Current()->Start(job, options));
    EXPECT_EQ(job.ran_in, 0U);
    StartTask task;
    Loop::Current()->Post(task);
    Settle(ctx);
    EXPECT_NE(job.ran_in, 0U);
    EXPECT_TRUE(job.ended);
    EXPECT_TRUE(task.ran_at_once);
  });
}

TEST(Loop, BeforeParkRunsOnceBeforeEachWait) {
  struct Job : FiberJob {
    void Run() override {
      Yield();
      EXPECT_EQ(hooks, 0) << "a fiber that stays ready does not wait";
      EXPECT_FALSE(Sleep(Background(), 1s));
      EXPECT_EQ(hooks, 1);
      EXPECT_FALSE(Sleep(Background(), 1s));
      EXPECT_EQ(hooks, 2);
    }
    void Ended() noexcept override {}
    void BeforePark() noexcept override { ++hooks; }
    int hooks = 0;
  };
  Virtually([](const Context& ctx) {
    Job job;
    EXPECT_FALSE(Loop::Current()->Start(job, {}));
    EXPECT_FALSE(Sleep(ctx, 5s));
    EXPECT_EQ(job.hooks, 2);
  });
}

TEST(LoopSignal, ReportsHowTheWaitEnded) {
  Virtually([](const Context& ctx) {
    LoopSignal signal;
    signal.Notify();  // nobody waits: nothing is kept
    EXPECT_EQ(signal.Wait(ctx, "test", Now() + 1s), LoopSignal::Outcome::kTimedOut);
    const CancelScope scope = WithTimeout(ctx, 1s);
    EXPECT_EQ(signal.Wait(scope.ctx, "test", Now() + 2s), LoopSignal::Outcome::kContextDone);
    EXPECT_EQ(signal.Wait(scope.ctx, "test"), LoopSignal::Outcome::kContextDone);
    Group group(ctx);
    group.Go([&](const Context&) {
      EXPECT_TRUE(signal.Waiting());
      signal.Notify();
      signal.Notify();
    });
    EXPECT_EQ(signal.Wait(ctx, "test", Now() + 2s), LoopSignal::Outcome::kNotified);
    EXPECT_FALSE(signal.Waiting());
    EXPECT_FALSE(group.Wait());
  });
}

TEST(LoopSignalDeathTest, AbortsOnASecondWaiter) {
  WEFT_EXPECT_DEATH(Virtually([](const Context& ctx) {
                      LoopSignal signal;
                      Group group(ctx);
                      for (int i = 0; i < 2; ++i) group.Go([&](const Context& c) { (void)signal.Wait(c, "test"); });
                      (void)group.Wait();
                    }),
                    "LoopSignal::Wait: only one fiber may wait for it at a time");
}

}  // namespace
}  // namespace weft
