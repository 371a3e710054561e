// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/log.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/testing.h>
#include <weft/handlers/middleware/access_log.h>
#include <weft/handlers/middleware/recover.h>
#include <weft/handlers/testing.h>

#include "../kit/stalled_pipe.h"

namespace weft {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A sink that takes nothing while its gate is closed, as a full disk would.
class Gate final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  void Close() { Set(false); }
  void Open() { Set(true); }
  // Returns when somebody waits at the gate.
  void WaitForSomebody() {
    std::unique_lock hold(gate_lock_);
    changed_.wait(hold, [this] { return waiting_; });
  }
  std::vector<std::string> Lines() {
    std::lock_guard hold(gate_lock_);
    return lines_;
  }
  std::vector<spdlog::log_clock::time_point> Times() {
    std::lock_guard hold(gate_lock_);
    return times_;
  }
  std::thread::id Thread() {
    std::lock_guard hold(gate_lock_);
    return thread_;
  }
  void Forget() {
    std::lock_guard hold(gate_lock_);
    lines_.clear();
    times_.clear();
  }

 private:
  void Set(bool open) {
    std::lock_guard hold(gate_lock_);
    open_ = open;
    changed_.notify_all();
  }
  void sink_it_(const spdlog::details::log_msg& message) override {
    std::unique_lock hold(gate_lock_);
    waiting_ = true;
    changed_.notify_all();
    changed_.wait(hold, [this] { return open_; });
    waiting_ = false;
    lines_.emplace_back(message.payload.data(), message.payload.size());
    times_.push_back(message.time);
    thread_ = std::this_thread::get_id();
  }
  void flush_() override {}

  std::mutex gate_lock_;
  std::condition_variable changed_;
  bool open_ = true;
  bool waiting_ = false;
  std::vector<std::string> lines_;
  std::vector<spdlog::log_clock::time_point> times_;
  std::thread::id thread_;
};

// The logger "weft" of the program, for a scope.
class ProgramsLogger {
 public:
  ProgramsLogger() {
    spdlog::register_logger(std::make_shared<spdlog::logger>("weft", gate));
    // The first line tells what tests before this one have dropped.
    LogSession session;
    LogLine(LogLevel::kInfo, "begin");
    session.End(Background());
    gate->Forget();
  }
  ~ProgramsLogger() {
    gate->Open();
    spdlog::drop("weft");
  }
  const std::shared_ptr<Gate> gate = std::make_shared<Gate>();
};

int Threads() {
  int count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) ++count;
  return count;
}

// A thread that was joined is in the list of the kernel for some moments more. ThreadSanitizer has one of its own, which begins when it likes.
void ExpectThreads(int wanted) {
#if defined(__SANITIZE_THREAD__)
  return;
#endif
  while (Threads() > wanted) std::this_thread::yield();
  EXPECT_EQ(Threads(), wanted);
}

TEST(Log, WithoutASessionLinesAreWrittenInPlace) {
  ProgramsLogger logger;

  LogLine(LogLevel::kInfo, "one");

  EXPECT_THAT(logger.gate->Lines(), ElementsAre("one"));
  EXPECT_EQ(logger.gate->Thread(), std::this_thread::get_id());
}

TEST(Log, InASessionNoCallerWaitsForTheSinkAndLinesKeepTheirOrderAndTime) {
  ProgramsLogger logger;
  logger.gate->Close();
  LogSession session;
  const auto before = spdlog::log_clock::now();

  for (const char* line : {"one", "two", "three"}) LogLine(LogLevel::kInfo, line);
  const auto behind = spdlog::log_clock::now();
  logger.gate->WaitForSomebody();
  logger.gate->Open();
  session.End(Background());

  EXPECT_THAT(logger.gate->Lines(), ElementsAre("one", "two", "three"));
  for (const auto& time : logger.gate->Times()) {
    EXPECT_GE(time, before);
    EXPECT_LE(time, behind);
  }
  EXPECT_NE(logger.gate->Thread(), std::this_thread::get_id());
}

TEST(Log, TheEndOfASessionLosesNothing) {
  ProgramsLogger logger;
  const std::uint64_t dropped = DroppedLogLines();
  std::size_t written = 0;
  for (int round = 0; round < 50; ++round) {
    LogSession session;
    for (int i = 0; i < round; ++i) LogLine(LogLevel::kInfo, "line");
    written += static_cast<std::size_t>(round);
    session.End(Background());
    EXPECT_EQ(logger.gate->Lines().size(), written);
  }
  EXPECT_EQ(DroppedLogLines(), dropped);
}

TEST(Log, LinesOfManyThreadsAllArrive) {
  ProgramsLogger logger;
  LogSession session;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int line = 0; line < 500; ++line) LogLine(LogLevel::kInfo, "line");
    });
  }
  for (std::thread& thread : threads) thread.join();
  session.End(Background());

  EXPECT_EQ(logger.gate->Lines().size(), 2000u);
}

TEST(Log, AFullQueueDropsLinesAndSaysHowMany) {
  ProgramsLogger logger;
  logger.gate->Close();
  LogSession session;
  const std::uint64_t before = DroppedLogLines();
  std::size_t queued = 0;
  while (DroppedLogLines() < before + 3) {
    LogLine(LogLevel::kInfo, "line");
    ++queued;
    ASSERT_LT(queued, 100'000u) << "the queue has no end";
  }
  queued -= 3;
  logger.gate->Open();
  session.End(Background());

  std::vector<std::string> lines = logger.gate->Lines();
  ASSERT_EQ(lines.size(), queued + 1);
  EXPECT_EQ(lines.back(), "3 lines were dropped: the log's destination was too slow");
}

TEST(Log, TheNextLineThatGetsThroughIsPrecededByWhatWasDropped) {
  ProgramsLogger logger;
  logger.gate->Close();
  LogSession session;
  const std::uint64_t before = DroppedLogLines();
  const std::string large(300'000, 'x');
  LogLine(LogLevel::kInfo, "first");
  logger.gate->WaitForSomebody();  // it is out of the queue
  for (int i = 0; i < 5; ++i) LogLine(LogLevel::kInfo, large);  // three of them are 1 MiB, nearly
  EXPECT_EQ(DroppedLogLines(), before + 2);
  LogLine(LogLevel::kInfo, "small");
  logger.gate->Open();
  session.End(Background());

  EXPECT_THAT(logger.gate->Lines(),
              ElementsAre("first", large, large, large, "2 lines were dropped: the log's destination was too slow", "small"));
}

TEST(Log, WritesASingleLineOfAnySize) {
  ProgramsLogger logger;
  LogSession session;

  LogLine(LogLevel::kInfo, std::string(3 << 20, 'x'));
  session.End(Background());

  EXPECT_EQ(logger.gate->Lines().size(), 1u);
}

TEST(Log, LevelsThatAreNotWantedCostNoLine) {
  ProgramsLogger logger;
  spdlog::get("weft")->set_level(spdlog::level::warn);

  EXPECT_FALSE(LogEnabled(LogLevel::kInfo));
  EXPECT_TRUE(LogEnabled(LogLevel::kError));
  LogLine(LogLevel::kInfo, "one");
  LogLine(LogLevel::kWarning, "two");

  EXPECT_THAT(logger.gate->Lines(), ElementsAre("two"));
}

TEST(Log, TheThreadEndsWithTheLastSession) {
  ProgramsLogger logger;
  const int before = Threads();
  {
    LogSession first;
    LogSession second;
    LogLine(LogLevel::kInfo, "one");
    ExpectThreads(before + 1);
    first.End(Background());
    LogLine(LogLevel::kInfo, "two");
    ExpectThreads(before + 1);
  }
  ExpectThreads(before);
  EXPECT_THAT(logger.gate->Lines(), ElementsAre("one", "two"));
}

TEST(Log, TheEndParksAFiberAndNotItsLoop) {
  ProgramsLogger logger;
  const RunOptions options{.loops = 1};
  const Error err = weft::Run(Background(), options, [&](const Context& ctx) -> Error {
    logger.gate->Close();
    LogSession session;
    LogLine(LogLevel::kInfo, "one");
    Group group(ctx);
    group.Go("gate", [&](const Context& c) -> Error {
      if (Error slept = Sleep(c, std::chrono::milliseconds(1))) return slept;
      logger.gate->Open();  // only if the loop turns
      return {};
    });
    session.End(ctx);
    return group.Wait();
  });

  EXPECT_FALSE(err);
  EXPECT_THAT(logger.gate->Lines(), ElementsAre("one"));
}

TEST(Log, VirtualTimeStandsStillWhileItEnds) {
  ProgramsLogger logger;
  const Error err = RunTest([&](const Context& ctx) {
    LogSession session;
    const TimePoint begin = Now();
    for (int i = 0; i < 100; ++i) LogLine(LogLevel::kInfo, "line");
    session.End(ctx);
    EXPECT_EQ(Now(), begin);
  });
  EXPECT_FALSE(err);
  EXPECT_EQ(logger.gate->Lines().size(), 100u);
}

TEST(Log, AnUnreadStderrDelaysNothingAndStaysAsItIs) {
  const int threads = Threads();
  const std::uint64_t before = DroppedLogLines();
  StalledPipe pipe;
  const int flags = fcntl(pipe.Writer(), F_GETFL);
  {
    const StderrTo stderr_to(pipe.Writer());
    LogSession session;
    for (int i = 0; i < 10; ++i) LogLine(LogLevel::kInfo, "line");
    session.End(Background());
    EXPECT_EQ(fcntl(pipe.Writer(), F_GETFL), flags);
  }
  EXPECT_EQ(DroppedLogLines(), before + 10);
  ExpectThreads(threads);
}

TEST(Log, WritesToStderrOnceItIsReadAgain) {
  StalledPipe pipe;
  {
    const StderrTo stderr_to(pipe.Writer());
    LogSession session;
    for (int i = 0; i < 3; ++i) LogLine(LogLevel::kInfo, "line " + std::to_string(i));
    LogLine(LogLevel::kInfo, std::string(20'000, 'x'));  // in pieces
    std::string text;
    while (text.find(std::string(20'000, 'x') + "\n") == std::string::npos) text += pipe.ReadSome();
    EXPECT_THAT(text, HasSubstr("[weft] [info] line 0\n"));
    EXPECT_LT(text.find("line 0\n"), text.find("line 1\n"));
    EXPECT_LT(text.find("line 1\n"), text.find("line 2\n"));
    session.End(Background());
  }
}

TEST(Log, AbandonsAStuckSinkAndResumesWhenItReturns) {
  ProgramsLogger logger;
  const int threads = Threads();
  const std::uint64_t before = DroppedLogLines();
  logger.gate->Close();
  {
    LogSession session;
    LogLine(LogLevel::kInfo, "held");
    logger.gate->WaitForSomebody();
    LogLine(LogLevel::kInfo, "dropped");
  }
  ExpectThreads(threads + 1);
  LogLine(LogLevel::kInfo, "dropped as well");  // and nobody waits
  EXPECT_EQ(DroppedLogLines(), before + 2);

  LogSession again;
  LogLine(LogLevel::kInfo, "queued");
  ExpectThreads(threads + 1);
  logger.gate->Open();
  again.End(Background());

  ExpectThreads(threads);
  EXPECT_THAT(logger.gate->Lines(), ElementsAre("held", "2 lines were dropped: the log's destination was too slow", "queued"));
}

TEST(Log, AThrowingSinkLosesOnlyThatLine) {
  class Throws final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
    void sink_it_(const spdlog::details::log_msg&) override { throw std::runtime_error("full"); }
    void flush_() override {}
  };
  auto logger = std::make_shared<spdlog::logger>("weft", std::make_shared<Throws>());
  logger->set_error_handler([](const std::string& message) { throw std::runtime_error(message); });
  spdlog::register_logger(logger);
  const std::uint64_t before = DroppedLogLines();
  {
    LogSession session;
    LogLine(LogLevel::kInfo, "one");
  }
  LogLine(LogLevel::kInfo, "in place");
  spdlog::drop("weft");

  EXPECT_EQ(DroppedLogLines(), before + 2);
}

// What exit does behind main would wait for the lock that the sink has.
TEST(Log, AProcessEndsAlthoughItsSinkDoesNot) {
  const auto exit_with_a_stuck_sink = [](bool in_session) {
    StalledPipe pipe;
    dup2(pipe.Writer(), STDOUT_FILENO);
    spdlog::register_logger(std::make_shared<spdlog::logger>("weft", std::make_shared<spdlog::sinks::stdout_sink_mt>()));
    LogSession session;  // exit destroys no local objects
    LogLine(LogLevel::kInfo, "held");
    if (!in_session) session.End(Background());
    std::exit(3);
  };
  EXPECT_EXIT(exit_with_a_stuck_sink(false), ::testing::ExitedWithCode(3), "");
  EXPECT_EXIT(exit_with_a_stuck_sink(true), ::testing::ExitedWithCode(3), "");
}

TEST(Log, WritesAllLinesBeforeAnExit) {
  EXPECT_EXIT(
      {
        LogSession session;  // exit destroys no local objects
        LogLine(LogLevel::kInfo, "the last line");
        std::exit(3);
      },
      ::testing::ExitedWithCode(3), "the last line");
}

TEST(Log, AccessLogAndRecoverWriteToIt) {
  ProgramsLogger logger;
  logger.gate->Close();
  LogSession session;
  const Handler handler = Chain([](ResponseWriter&, Request&) { throw std::runtime_error("broken"); }, {AccessLog(), Recover()});
  Recorder recorder;

  recorder.Serve(handler, RequestBuilder("GET", "/x"));
  logger.gate->Open();
  session.End(Background());

  const std::vector<std::string> lines = logger.gate->Lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], "exception in the handler of GET /x: broken");
  EXPECT_THAT(lines[1], HasSubstr("\"GET /x HTTP/1.1\" 500 22 "));
}

}  // namespace
}  // namespace weft
