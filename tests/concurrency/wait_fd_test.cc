// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/wait_fd.h>

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/debug.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/offload.h>

#include "fd_kit.h"
#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// The rules that hold for both forms, in a fiber and on a plain thread.
using Wait = std::function<Result<FdEvents>(const Context&, int, FdEvents)>;

struct Form {
  const char* name;
  Wait wait;
  bool in_fiber;
};

const Form kForms[] = {
    {"WaitFd", [](const Context& ctx, int fd, FdEvents events) { return WaitFd(ctx, fd, events, kOwn); }, true},
    {"FdWaiter", [](const Context& ctx, int fd, FdEvents events) { return FdWaiter(fd, kOwn).Wait(ctx, events); }, true},
    {"WaitFdOnAThread", [](const Context& ctx, int fd, FdEvents events) { return WaitFd(ctx, fd, events); }, false},
    {"FdWaiterOnAThread", [](const Context& ctx, int fd, FdEvents events) { return FdWaiter(fd).Wait(ctx, events); }, false},
};

class WaitFdForm : public ::testing::TestWithParam<Form> {
 protected:
  // `body` as the form wants it: in a fiber on virtual time, or on a thread.
  void Play(std::function<void(const Context&)> body) {
    if (GetParam().in_fiber) {
      Virtually(std::move(body));
    } else {
      const CancelScope scope = WithCancel(Background());
      body(scope.ctx);
    }
  }
  // Beside what waits: in a fiber, which runs when nobody else can, or in a thread.
  void Beside(Group& group, std::function<void()> f) {
    group.Go([f = std::move(f)](const Context& ctx) {
      if (GetParam().in_fiber) Settle(ctx);
      f();
    });
  }
  Result<FdEvents> WaitFor(const Context& ctx, int fd, FdEvents events) { return GetParam().wait(ctx, fd, events); }
};

INSTANTIATE_TEST_SUITE_P(All, WaitFdForm, ::testing::ValuesIn(kForms), [](const auto& form) { return std::string(form.param.name); });

TEST_P(WaitFdForm, SaysForWhatItIsReady) {
  Play([this](const Context& ctx) {
    Pair pair;
    EXPECT_EQ(Ready(WaitFor(ctx, pair.first(), FdEvents::kReadWrite)), FdEvents::kWrite);
    Put(pair.second());
    EXPECT_EQ(Ready(WaitFor(ctx, pair.first(), FdEvents::kReadWrite)), FdEvents::kReadWrite);
    EXPECT_EQ(Ready(WaitFor(ctx, pair.first(), FdEvents::kRead)), FdEvents::kRead) << "bytes that nobody has taken";
    Fill(pair.first());
    EXPECT_EQ(Ready(WaitFor(ctx, pair.first(), FdEvents::kReadWrite)), FdEvents::kRead);
  });
}

TEST_P(WaitFdForm, WaitsForBytes) {
  Play([this](const Context& ctx) {
    for (const Pair::Kind kind : {Pair::kSockets, Pair::kPipe}) {
      Pair pair(kind);
      std::atomic<bool> written{false};
      Group group(ctx);
      Beside(group, [&] {
        written = true;
        Put(pair.second());
      });
      EXPECT_EQ(Ready(WaitFor(ctx, pair.first(), FdEvents::kRead)), FdEvents::kRead);
      EXPECT_TRUE(written);
      EXPECT_FALSE(group.Wait());
    }
  });
}

TEST_P(WaitFdForm, WaitsForRoom) {
  Play([this](const Context& ctx) {
    for (const Pair::Kind kind : {Pair::kSockets, Pair::kPipe}) {
      Pair pair(kind);
      Fill(pair.second());
      std::atomic<bool> read{false};
      Group group(ctx);
      Beside(group, [&] {
        read = true;
        Empty(pair.first());
      });
      EXPECT_EQ(Ready(WaitFor(ctx, pair.second(), FdEvents::kWrite)), FdEvents::kWrite);
      EXPECT_TRUE(read);
      EXPECT_FALSE(group.Wait());
    }
  });
}

TEST_P(WaitFdForm, AnEndIsReadyForWhateverWasAsked) {
  Play([this](const Context& ctx) {
    Pair pipe(Pair::kPipe);
    Group group(ctx);
    Beside(group, [&] { pipe.CloseSecond(); });
    EXPECT_EQ(Ready(WaitFor(ctx, pipe.first(), FdEvents::kRead)), FdEvents::kRead);
    EXPECT_FALSE(group.Wait());
    Pair full(Pair::kPipe);
    Fill(full.second());
    Group reader(ctx);
    Beside(reader, [&] { full.CloseFirst(); });
    EXPECT_EQ(Ready(WaitFor(ctx, full.second(), FdEvents::kWrite)), FdEvents::kWrite);
    EXPECT_FALSE(reader.Wait());
  });
}

TEST_P(WaitFdForm, ItsContextEndsIt) {
  Play([this](const Context& ctx) {
    Pair pair;
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    Beside(group, [&] { scope.cancel(); });
    EXPECT_TRUE(WaitFor(scope.ctx, pair.first(), FdEvents::kRead).Err().Is(kCanceled));
    EXPECT_FALSE(group.Wait());
    Put(pair.second());
    EXPECT_TRUE(WaitFor(scope.ctx, pair.first(), FdEvents::kRead).Err().Is(kCanceled)) << "nothing begins under a done context";
    const CancelScope timed = WithTimeout(ctx, 1ms);
    Empty(pair.first());
    EXPECT_TRUE(WaitFor(timed.ctx, pair.first(), FdEvents::kRead).Err().Is(kDeadlineExceeded));
  });
}

TEST_P(WaitFdForm, TwoMayWaitForADirectionEach) {
  Play([this](const Context& ctx) {
    Pair pair;
    Fill(pair.first());
    Group group(ctx);
    group.Go([&](const Context& c) { EXPECT_EQ(Ready(WaitFor(c, pair.first(), FdEvents::kRead)), FdEvents::kRead); });
    group.Go([&](const Context& c) { EXPECT_EQ(Ready(WaitFor(c, pair.first(), FdEvents::kWrite)), FdEvents::kWrite); });
    Beside(group, [&] {
      Put(pair.second());
      Empty(pair.second());
    });
    EXPECT_FALSE(group.Wait());
  });
}

TEST_P(WaitFdForm, SaysThatADescriptorIsNotOpen) {
  Play([this](const Context& ctx) {
    Pair pair;
    const int gone = pair.first();
    pair.CloseFirst();
    for (const int fd : {gone, -1}) {
      const Error err = WaitFor(ctx, fd, FdEvents::kRead).Err();
      EXPECT_TRUE(err.Is(std::errc::bad_file_descriptor)) << err.Message();
      EXPECT_EQ(err.Message().rfind("wait for descriptor " + std::to_string(fd), 0), 0U) << err.Message();
    }
  });
}

TEST_P(WaitFdForm, AFileIsAlwaysReady) {
  Play([this](const Context& ctx) {
    const int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(Ready(WaitFor(ctx, file, FdEvents::kReadWrite)), FdEvents::kReadWrite);
    close(file);
  });
}

TEST(WaitFd, AReadyDescriptorLetsOthersRun) {
  Virtually([](const Context& ctx) {
    Pair pair;
    Put(pair.second());
    bool other_ran = false;
    Group group(ctx);
    group.Go([&](const Context&) { other_ran = true; });
    while (!other_ran) EXPECT_TRUE(WaitFd(ctx, pair.first(), FdEvents::kRead).Ok());
    EXPECT_FALSE(group.Wait());
  });
}

TEST(WaitFd, LeavesNoEntryBehind) {
  OnLoops(1, [](const Context& ctx) {
    Pair pair;
    Group group(ctx);
    group.Go([&](const Context&) {
      EXPECT_EQ(Entries(pair.first()), 1);
      Put(pair.second());
    });
    EXPECT_TRUE(WaitFd(ctx, pair.first(), FdEvents::kRead).Ok());
    EXPECT_EQ(Entries(pair.first()), 0);
    EXPECT_FALSE(group.Wait());
  });
}

TEST(WaitFd, IsNamedInTheListOfFibers) {
  Virtually([](const Context& ctx) {
    Pair pair;
    Group group(ctx);
    group.Go("waits", [&](const Context& c) { return WaitFd(c, pair.first(), FdEvents::kRead, kOwn).Err(); });
    Settle(ctx);
    EXPECT_NE(FormatFiberTree(ListFibers()).find("bytes of the test"), std::string::npos);
    Put(pair.second());
    EXPECT_FALSE(group.Wait());
  });
}

// The other side is a thread that RunTest does not know.
TEST(WaitFd, VirtualTimeStandsStillMeanwhile) {
  Virtually([](const Context& ctx) {
    Pair pair;
    std::vector<std::string> order;
    Group group(ctx);
    group.Go([&](const Context& c) {
      (void)Sleep(c, 1h);
      order.push_back("an hour");
    });
    group.Go([&](const Context& c) {
      const CancelScope scope = WithTimeout(c, 1min);
      EXPECT_TRUE(WaitFd(scope.ctx, pair.first(), FdEvents::kRead).Ok());
      EXPECT_TRUE(FdWaiter(pair.first()).Wait(scope.ctx, FdEvents::kRead).Ok());
      order.push_back("bytes");
    });
    std::thread outside([&] {
      std::this_thread::sleep_for(3ms);  // real time, in which virtual time would have come to its end
      Put(pair.second());
    });
    EXPECT_FALSE(group.Wait());
    outside.join();
    EXPECT_EQ(order, (std::vector<std::string>{"bytes", "an hour"}));
  });
}

TEST(WaitFd, VirtualTimeGoesOnForBytesOfTheTestItself) {
  Virtually([](const Context& ctx) {
    Pair pair;
    const CancelScope scope = WithTimeout(ctx, 1h);
    EXPECT_TRUE(WaitFd(scope.ctx, pair.first(), FdEvents::kRead, kOwn).Err().Is(kDeadlineExceeded));
    EXPECT_TRUE(FdWaiter(pair.first(), kOwn).Wait(WithTimeout(ctx, 1h).ctx, FdEvents::kRead).Err().Is(kDeadlineExceeded));
  });
}

TEST(WaitFd, AWaitInOffloadHoldsNoLoop) {
  Virtually([](const Context& ctx) {
    Pair pair;
    Group group(ctx);
    group.Go([&](const Context& c) { return Offload(c, [&](const Context& d) { return WaitFd(d, pair.first(), FdEvents::kRead).Err(); }); });
    Yield();
    Put(pair.second());
    EXPECT_FALSE(group.Wait());
  });
}

TEST(WaitFdDeath, Misuse) {
  WEFT_EXPECT_DEATH(
      Virtually([](const Context& ctx) {
        Pair pair;
        (void)WaitFd(ctx, pair.first(), FdEvents());
      }),
      "WaitFd: it must wait for reading, for writing or for both");
  // Closed while somebody waits: nothing wakes that one any more, so it shows at its end.
  WEFT_EXPECT_DEATH(
      Virtually([](const Context& ctx) {
        Pair pair;
        Group group(ctx);
        group.Go([&](const Context& c) { return WaitFd(c, pair.first(), FdEvents::kRead, kOwn).Err(); });
        Settle(ctx);
        pair.CloseFirst();
        group.Cancel();
        (void)group.Wait();
      }),
      "the descriptor was closed while it was waited for");
}

}  // namespace
}  // namespace weft
