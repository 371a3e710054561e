// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <weft/handlers/log_pattern.h>
#include <weft/server/observer.h>

namespace weft {
namespace {

using ::testing::ElementsAre;

// Takes the place of spdlog's default logger for a scope, and keeps what was logged.
class CapturedLog {
 public:
  CapturedLog() : before_(spdlog::default_logger()), sink_(std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(4096)) {
    auto logger = std::make_shared<spdlog::logger>("captured", sink_);
    logger->set_pattern("%l %v");
    logger->set_level(spdlog::level::debug);
    spdlog::set_default_logger(logger);
  }
  ~CapturedLog() { spdlog::set_default_logger(before_); }

  std::vector<std::string> Lines() const {
    std::vector<std::string> lines = sink_->last_formatted();
    for (std::string& line : lines) line.resize(line.find_last_not_of("\r\n") + 1);
    return lines;
  }

 private:
  std::shared_ptr<spdlog::logger> before_;
  std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt> sink_;
};

TEST(Observer, DoesNothingUnlessOverridden) {
  const CapturedLog log;
  Observer observer;

  observer.OnBadRequest({"127.0.0.1:1", 400, "bare LF"});
  observer.OnDrainProgress({DrainPhase::kDraining, 1, 1, Duration::zero()});

  EXPECT_TRUE(log.Lines().empty());
}

TEST(DefaultObserver, LogsEachEventAtTheLevelItDeserves) {
  const CapturedLog log;
  Observer& observer = DefaultObserver();
  const Error failed = Error::New("no database");

  observer.OnListening({"http://127.0.0.1:80"});
  observer.OnBadProxyHeader({"127.0.0.1:1", "no PROXY header"});
  observer.OnTlsFailed({"127.0.0.1:1", "no shared cipher"});
  observer.OnTlsFailed({.peer = "127.0.0.1:1", .reason = "the client tries to renegotiate", .established = true});
  observer.OnConnectionEvicted({"127.0.0.1:1", TimeoutKind::kHeader, std::chrono::milliseconds(1500)});
  observer.OnTimedOut({"127.0.0.1:1", TimeoutKind::kHeader, std::chrono::seconds(10)});
  observer.OnTimedOut({"127.0.0.1:1", TimeoutKind::kIdle, std::chrono::seconds(75)});
  observer.OnLimitReached({"127.0.0.1:1", LimitKind::kQueuedRequests, 64});
  observer.OnLimitReached({"", LimitKind::kConnections, 9});
  observer.OnOutOfMemory({"127.0.0.1:1", 503});
  observer.OnOutOfMemory({"127.0.0.1:1", 0});
  observer.OnTimedOut({"127.0.0.1:1", TimeoutKind::kRequest, std::chrono::seconds(60)});
  observer.OnLoopStalled({"request 7", std::chrono::milliseconds(1500)});
  observer.OnHandlerFailed({"127.0.0.1:1", "GET", "/x", 500, failed});
  observer.OnResponseAborted({"127.0.0.1:1", "GET", "/x", 17, kClientGone});
  observer.OnDrainProgress({DrainPhase::kDraining, 3, 2, std::chrono::milliseconds(5)});
  observer.OnDrainProgress({DrainPhase::kForceClose, 1, 1, std::chrono::seconds(21)});
  observer.OnHandlerStuck({"request 7", "127.0.0.1:1", "GET", "/x", std::chrono::seconds(5)});
  observer.OnAcceptFailed({failed, false});

  EXPECT_THAT(log.Lines(),
              ElementsAre("info listening on http://127.0.0.1:80",
                          "warning closed a connection from 127.0.0.1:1: no PROXY header",
                          "info TLS handshake with 127.0.0.1:1 failed: no shared cipher",
                          "info TLS connection of 127.0.0.1:1 ended: the client tries to renegotiate",
                          "info connection of 127.0.0.1:1 closed to make room, 1.5 s into its header timeout",
                          "info header timeout of 127.0.0.1:1 after 10 s",
                          "debug idle timeout of 127.0.0.1:1 after 75 s",
                          "warning limit of queued requests (64) reached by 127.0.0.1:1",
                          "warning limit of connections (9) reached", "error no memory for a request of 127.0.0.1:1: responded with 503",
                          "error no memory for a request of 127.0.0.1:1: its response was broken off",
                          "info request timeout of 127.0.0.1:1 after 60 s",
                          "warning request 7 has held its loop for 1.500 s without parking",
                          "error GET /x from 127.0.0.1:1: responded with 500: no database",
                          "info GET /x from 127.0.0.1:1: broken off after 17 bytes: client gone",
                          "info draining after 0.005 s: 3 connections, 2 requests",
                          "warning forced close after 21.000 s: 1 connection, 1 request",
                          "error handler does not end: request 7 (GET /x from 127.0.0.1:1), 5 s after its context was done",
                          "error accept: no database"));
}

TEST(DefaultObserver, WritesTheIdOfTheRequestThatAnEventIsAbout) {
  std::ostringstream log;  // the other sink forms its lines when they are looked at, and knows no ids then
  const auto logger = std::make_shared<spdlog::logger>("weft", std::make_shared<spdlog::sinks::ostream_sink_mt>(log));
  SetLogPattern(*logger, "%q %v");
  spdlog::register_logger(logger);
  Observer& observer = DefaultObserver();
  const Error failed = Error::New("no database");

  observer.OnBadRequest({"127.0.0.1:1", 400, "bad chunk size", "a-1"});
  observer.OnTimedOut({"127.0.0.1:1", TimeoutKind::kBodyStall, std::chrono::seconds(30), "a-2"});
  observer.OnLimitReached({"127.0.0.1:1", LimitKind::kBodyBytes, 9, "a-3"});
  observer.OnHandlerFailed({"127.0.0.1:1", "GET", "/x", 500, failed, "a-4"});
  observer.OnResponseAborted({"127.0.0.1:1", "GET", "/x", 17, kClientGone, "a-5"});
  observer.OnHandlerStuck({"request 7", "127.0.0.1:1", "GET", "/x", std::chrono::seconds(5), "a-6"});
  observer.OnHandlerFailed({"127.0.0.1:1", "GET", "/x", 500, failed});

  spdlog::drop("weft");

  EXPECT_EQ(log.str(),
            "a-1 bad request from 127.0.0.1:1: bad chunk size (400)\n"
            "a-2 body stall timeout of 127.0.0.1:1 after 30 s\n"
            "a-3 limit of body bytes (9) reached by 127.0.0.1:1\n"
            "a-4 GET /x from 127.0.0.1:1: responded with 500: no database\n"
            "a-5 GET /x from 127.0.0.1:1: broken off after 17 bytes: client gone\n"
            "a-6 handler does not end: request 7 (GET /x from 127.0.0.1:1), 5 s after its context was done\n"
            "- GET /x from 127.0.0.1:1: responded with 500: no database\n");
}

TEST(DefaultObserver, PrefersALoggerOfItsOwnName) {
  const CapturedLog log;
  const auto sink = std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(16);
  spdlog::register_logger(std::make_shared<spdlog::logger>("weft", sink));

  DefaultObserver().OnListening({"http://127.0.0.1:80"});
  spdlog::drop("weft");

  EXPECT_EQ(sink->last_formatted().size(), 1u);
  EXPECT_TRUE(log.Lines().empty());
}

TEST(DefaultObserver, LeavesStdoutToTheProgram) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();

  DefaultObserver().OnListening({"http://127.0.0.1:80"});

  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), ::testing::HasSubstr("listening on http://127.0.0.1:80"));
}

TEST(DefaultObserver, EachKindOfEventIsLimited) {
  const Error failed = Error::New("no database");
  const std::vector<std::function<void(Observer&)>> kinds = {
      [](Observer& o) { o.OnListening({"http://127.0.0.1:80"}); },
      [](Observer& o) { o.OnBadRequest({"127.0.0.1:1", 400, "bare LF"}); },
      [](Observer& o) { o.OnBadProxyHeader({"127.0.0.1:1", "no PROXY header"}); },
      [](Observer& o) { o.OnTlsFailed({"127.0.0.1:1", "no shared cipher"}); },
      [](Observer& o) { o.OnConnectionEvicted({"127.0.0.1:1", TimeoutKind::kIdle, std::chrono::seconds(2)}); },
      [](Observer& o) { o.OnTimedOut({"127.0.0.1:1", TimeoutKind::kHeader, std::chrono::seconds(10)}); },
      [](Observer& o) { o.OnTimedOut({"127.0.0.1:1", TimeoutKind::kIdle, std::chrono::seconds(75)}); },
      [](Observer& o) { o.OnLimitReached({"127.0.0.1:1", LimitKind::kRequests, 64}); },
      [](Observer& o) { o.OnOutOfMemory({"127.0.0.1:1", 503}); },
      [&](Observer& o) { o.OnHandlerFailed({"127.0.0.1:1", "GET", "/x", 500, failed}); },
      [&](Observer& o) { o.OnResponseAborted({"127.0.0.1:1", "GET", "/x", 17, failed}); },
      [](Observer& o) { o.OnDrainProgress({DrainPhase::kDraining, 3, 2, Duration::zero()}); },
      [](Observer& o) { o.OnHandlerStuck({"GET /x", "127.0.0.1:1", "GET", "/x", std::chrono::seconds(5)}); },
      [&](Observer& o) { o.OnAcceptFailed({failed, false}); },
      [](Observer& o) { o.OnLoopStalled({"GET /x", std::chrono::seconds(1)}); },
  };
  // In a process of its own: what is used up here is missing for other tests in the same second.
  const auto count_unlimited = [&kinds] {
    constexpr std::size_t kEvents = 1000;
    int unlimited = 0;
    for (const auto& tell : kinds) {
      const CapturedLog log;
      for (std::size_t event = 0; event < kEvents; ++event) tell(DefaultObserver());
      // 10 a second, and these take far less than 10 s.
      unlimited += log.Lines().empty() || log.Lines().size() >= kEvents / 10 ? 1 : 0;
    }
    return unlimited;
  };
  EXPECT_EXIT(std::_Exit(count_unlimited()), ::testing::ExitedWithCode(0), "");
}

TEST(DefaultObserver, AFloodOfOneKindLeavesRoomForTheOthers) {
  const CapturedLog log;
  Observer& observer = DefaultObserver();
  constexpr int kEvents = 2000;

  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&observer] {
      for (int event = 0; event < kEvents / 2; ++event) observer.OnBadRequest({"127.0.0.1:1", 400, "bare LF"});
    });
  }
  for (std::thread& thread : threads) thread.join();
  observer.OnLimitReached({"127.0.0.1:1", LimitKind::kConnections, 9});

  const std::vector<std::string> lines = log.Lines();
  EXPECT_GE(lines.size(), 2u);
  EXPECT_LT(lines.size(), kEvents / 10u);  // 10 a second; the flood takes far less than 20 s
  EXPECT_EQ(lines.back(), "warning limit of connections (9) reached by 127.0.0.1:1");
}

TEST(DefaultObserver, LinesBeginWithTheNameOfTheServer) {
  const CapturedLog log;
  DefaultObserver().OnListening({.bound = "http://127.0.0.1:80", .server = "api"});
  EXPECT_EQ(log.Lines().back(), "info api: listening on http://127.0.0.1:80");
}

TEST(Observer, HearsOfAbortedResponsesByTheOldNameToo) {
  struct Old final : Observer {
    void OnAnswerAborted(const ResponseAborted& event) override { bytes += event.body_bytes; }
    std::uint64_t bytes = 0;
  } old;
  Observer& observer = old;
  observer.OnResponseAborted({"peer", "GET", "/", 7, kClientGone});
  EXPECT_EQ(old.bytes, 7u);
}

}  // namespace
}  // namespace weft
