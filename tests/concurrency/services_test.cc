// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/services.h>

#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/debug.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/time.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// What happened, in order.
class Log {
 public:
  void Add(const std::string& what) {
    const std::lock_guard hold(lock_);
    text_ += (text_.empty() ? "" : " ") + what;
  }
  std::string Text() {
    const std::lock_guard hold(lock_);
    return text_;
  }

 private:
  std::mutex lock_;
  std::string text_;
};

// In fibers, and on threads.
class RunServicesIn : public ::testing::TestWithParam<bool> {
 protected:
  static void Check(const std::function<void(const Context&)>& body) {
    if (GetParam()) return Virtually(body);
    body(Background());
  }
  // A service that ends in good order when it is told to.
  static Service Obedient(std::string_view name, Log& log) {
    return {name, [name, &log](const Context& c) {
              (void)c.Wait();
              log.Add(std::string(name));
              return Error();
            }};
  }
};

TEST_P(RunServicesIn, EndsThemFromTheLastToTheFirst) {
  Check([](const Context& root) {
    const CancelScope scope = WithCancel(root);
    Log log;
    std::vector<Service> services = {Obedient("debug", log), Obedient("app", log), Obedient("worker", log)};
    services.push_back({"who ends it", [&](const Context& c) {
                          scope.cancel(Error::New("signal: terminated"));
                          (void)c.Wait();
                          log.Add(c.Cause().Message());
                          return Error();
                        }});

    EXPECT_FALSE(RunServices(scope.ctx, std::move(services)));

    EXPECT_EQ(log.Text(), "signal: terminated worker app debug");
  });
}

// None is canceled before those behind it have returned.
TEST_P(RunServicesIn, StopsAServiceOnceLaterOnesHaveEnded) {
  Check([](const Context& root) {
    const CancelScope scope = WithCancel(root);
    Context first;
    Event started;
    EXPECT_FALSE(RunServices(scope.ctx, {
        {"debug", [&](const Context& c) {
           first = c;
           started.Set();
           (void)c.Wait();
           return Error();
         }},
        {"app", [&](const Context& c) {
           (void)started.Wait(Background());
           scope.cancel();
           (void)c.Wait();
           (void)Sleep(Background(), 1ms);
           EXPECT_FALSE(first.Err()) << "the first outlives the others";
           return Error();
         }},
    }));
    EXPECT_TRUE(first.Err());
  });
}

TEST_P(RunServicesIn, AllAreStartedThoughTheContextIsDone) {
  Check([](const Context& root) {
    const CancelScope scope = WithCancel(root);
    scope.cancel(Error::New("signal: terminated"));
    Log log;
    std::vector<Service> services;
    for (const char* name : {"a", "b", "c"}) services.push_back(Obedient(name, log));

    EXPECT_FALSE(RunServices(scope.ctx, std::move(services)));

    EXPECT_EQ(log.Text(), "c b a");
  });
}

TEST_P(RunServicesIn, AFailureEndsTheOthersAndIsReturned) {
  Check([](const Context& root) {
    const Error broken = Error::New("the listener broke");
    Log log;

    const Error err = RunServices(root, {
        Obedient("debug", log),
        {"app", [&](const Context& c) { return (void)Sleep(c, 1ms), broken; }},
        {"worker", [&](const Context& c) {
           (void)c.Wait();
           log.Add(c.Cause().Message());
           return Error::New("and so did I");
         }},
    });

    EXPECT_TRUE(err.Is(broken)) << err.Message();
    EXPECT_EQ(log.Text(), "the listener broke debug");
  });
}

TEST_P(RunServicesIn, ReturnsAnImmediateFailureAndRunsTheOthersToTheirEnd) {
  Check([](const Context& root) {
    Log log;
    std::vector<Service> services = {{"first", [](const Context&) -> Error { throw std::runtime_error("address in use"); }}};
    services.push_back(Obedient("second", log));
    services.push_back(Obedient("third", log));

    EXPECT_EQ(RunServices(root, std::move(services)).Message(), "address in use");

    EXPECT_EQ(log.Text(), "third second");
  });
}

TEST_P(RunServicesIn, AFailureWhileItEndsIsOne) {
  Check([](const Context& root) {
    const CancelScope scope = WithCancel(root);
    scope.cancel();
    EXPECT_EQ(RunServices(scope.ctx, {{"app", [](const Context& c) { return (void)c.Wait(), Error::New("cut off two requests"); }}}).Message(),
              "cut off two requests");
  });
}

TEST_P(RunServicesIn, ReturningTheCancellationIsNoFailure) {
  Check([](const Context& root) {
    const CancelScope scope = WithCancel(root);
    scope.cancel(Error::New("signal: terminated"));
    EXPECT_FALSE(RunServices(scope.ctx, {
        {"a", [](const Context& c) { return c.Wait(); }},
        {"b", [](const Context& c) { return c.Wait().Wrap("receive"); }},
        {"c", [](const Context& c) { return (void)c.Wait(), c.Cause(); }},
    }));
    EXPECT_TRUE(RunServices(root, {{"a", [](const Context&) { return Error(kCanceled); }}}).Is(kCanceled)) << "nobody has told this one";
  });
}

TEST_P(RunServicesIn, AServiceMayEndWithoutErrorWhileOthersGoOn) {
  Check([](const Context& root) {
    const CancelScope scope = WithCancel(root);
    Event done;
    Log log;
    EXPECT_FALSE(RunServices(scope.ctx, {
        {"migration", [&](const Context&) { return done.Set(), Error(); }},
        {"app", [&](const Context& c) {
           EXPECT_FALSE(done.Wait(c));
           EXPECT_FALSE(c.Err());
           scope.cancel();
           (void)c.Wait();
           log.Add("app");
           return Error();
         }},
    }));
    EXPECT_EQ(log.Text(), "app");
  });
}

TEST_P(RunServicesIn, ReturnsWhenAllAreDone) {
  Check([](const Context& root) {
    EXPECT_FALSE(RunServices(root, {}));
    EXPECT_FALSE(RunServices(root, {{"a", [](const Context&) { return Error(); }}, {"b", [](const Context&) { return Error(); }}}));
  });
}

TEST_P(RunServicesIn, GivesTheValuesOfItsContext) {
  static constexpr Key<int> kKey{"key"};
  Check([](const Context& root) {
    EXPECT_FALSE(RunServices(WithValue(root, kKey, 5), {{"a", [](const Context& c) {
                                                           EXPECT_EQ(*c.Value(kKey), 5);
                                                           EXPECT_EQ(*CurrentContext().Value(kKey), 5);
                                                           return Error();
                                                         }}}));
  });
}

TEST_P(RunServicesIn, ADeadlineEndsThemToo) {
  Check([](const Context& root) {
    const CancelScope scope = WithTimeout(root, 1ms);
    Log log;
    EXPECT_FALSE(RunServices(scope.ctx, {Obedient("a", log), Obedient("b", log)}));
    EXPECT_EQ(log.Text(), "b a");
  });
}

INSTANTIATE_TEST_SUITE_P(Places, RunServicesIn, ::testing::Bool(),
                         [](const auto& row) { return row.param ? "Fibers" : "Threads"; });

TEST(RunServices, IsAThreadForEachOnAPlainThreadAndAFiberForEachInAFiber) {
  std::atomic<int> here{0};
  const std::thread::id caller = std::this_thread::get_id();
  const std::vector<Service> services(3, Service{"one", [&](const Context&) {
                                                   here += std::this_thread::get_id() == caller;
                                                   return Error();
                                                 }});
  EXPECT_FALSE(RunServices(Background(), services));
  EXPECT_EQ(here.load(), 0);
  OnLoops(1, [&](const Context& ctx) { EXPECT_FALSE(RunServices(ctx, services)); });
  EXPECT_EQ(here.load(), 3);
}

TEST(RunServices, FibersHaveTheNamesOfTheirServices) {
  Virtually([](const Context& ctx) {
    EXPECT_FALSE(RunServices(ctx, {{"migration", [](const Context&) {
                                      const std::vector<FiberInfo> fibers = ListFibers();
                                      EXPECT_EQ(fibers.back().name, "migration");
                                      return Error();
                                    }}}));
  });
}

// Leaves address space for the stack of one thread more, and none for a second. In a process of its own.
void LeaveRoomForOneThread() {
  constexpr std::size_t kStack = std::size_t{1} << 30;
  unsigned long pages = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr || std::fscanf(file, "%lu", &pages) != 1) std::abort();
  std::fclose(file);
  const rlim_t space = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + kStack + kStack / 2;
  const rlimit limit{space, space};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStack);
  if (pthread_setattr_default_np(&attributes) != 0 || setrlimit(RLIMIT_AS, &limit) != 0) std::abort();
}

TEST(RunServices, AFailedStartEndsTheServicesBeforeIt) {
  if (kSanitized) GTEST_SKIP() << "sanitizers need all the address space";
  const pid_t child = fork();
  if (child == 0) {
    LeaveRoomForOneThread();
    std::atomic<bool> ended{false};
    std::atomic<bool> ran{false};
    const Error err = RunServices(Background(), {{"first", [&](const Context& c) {
                                                    (void)c.Wait();
                                                    ended = true;
                                                    return Error();
                                                  }},
                                                 {"second", [&](const Context&) { return ran = true, Error(); }},
                                                 {"third", [&](const Context&) { return ran = true, Error(); }}});
    _exit(err.Message().starts_with("second: start a thread: ") && ended && !ran ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

}  // namespace
}  // namespace weft
