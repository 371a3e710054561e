// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/request_id.h>

#include <mutex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <weft/concurrency/context.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/offload.h>
#include <weft/concurrency/testing.h>
#include <weft/handlers/log.h>
#include <weft/handlers/log_pattern.h>
#include <weft/handlers/middleware/trace_context.h>
#include <weft/handlers/testing.h>

namespace weft {
namespace {

using ::testing::ElementsAre;

// Keeps lines as they would be written.
class Lines final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::vector<std::string> lines;

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    lines.emplace_back(text.data(), text.size() - 1);
  }
  void flush_() override {}
};

// A logger of the program's for weft's log, with the ids in its pattern.
struct TestLog {
  TestLog() : sink(std::make_shared<Lines>()), logger(std::make_shared<spdlog::logger>("weft", sink)) {
    SetLogPattern(*logger, "%q %Q %v");
    spdlog::register_logger(logger);
  }
  ~TestLog() { spdlog::drop("weft"); }
  std::shared_ptr<Lines> sink;
  std::shared_ptr<spdlog::logger> logger;
};

TEST(RequestId, IsInRequestContextAndResponse) {
  std::string id, in_context;
  const Handler handler = RequestId()([&](ResponseWriter&, Request& r) {
    id = r.Id();
    in_context = RequestIdOf(r.Ctx());
    return HttpError(404);
  });
  Recorder recorder;

  recorder.Serve(handler, RequestBuilder());

  EXPECT_EQ(id.size(), 32u);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos) << id;
  EXPECT_EQ(in_context, id);
  EXPECT_EQ(recorder.Status(), 404);
  EXPECT_EQ(recorder.Header().Get("X-Request-Id"), id);
}

TEST(RequestId, IsAnotherOneEachTime) {
  std::set<std::string> ids;
  const Handler handler = RequestId()([&](ResponseWriter&, Request& r) { ids.insert(std::string(r.Id())); });
  Recorder recorder;
  for (int i = 0; i < 1000; ++i) recorder.Serve(handler, RequestBuilder());
  EXPECT_EQ(ids.size(), 1000u);
}

TEST(RequestId, TakesWhatCameOnlyIfAskedToAndIfItIsHarmless) {
  const std::string long_one(65, 'a');
  struct Row {
    bool accept;
    std::string came;
    bool taken;
  };
  const Row rows[] = {
      {false, "abc", false},      {true, "abc-1_2.3~4:5+6/7=8@9", true},  {true, std::string(64, 'a'), true},
      {true, long_one, false},    {true, "a b", false},                   {true, "a\tb", false},
      {true, "a\"b", false},      {true, "a\\b", false},                  {true, "a,b", false},
      {true, "\xC3\xA4", false},  {true, "a]b", false},                   {true, "", false},
      {true, "a%0d%0ab", false},
  };
  for (const Row& row : rows) {
    std::string id;
    const Handler handler = RequestId({.accept = row.accept})([&](ResponseWriter&, Request& r) { id = r.Id(); });
    Recorder recorder;
    recorder.Serve(handler, RequestBuilder().Header("x-request-id", row.came));
    EXPECT_EQ(id == row.came, row.taken) << row.came;
    EXPECT_EQ(recorder.Header().Get("X-Request-Id"), id);
  }
}

TEST(RequestId, ALineFeedInWhatCameIsNotTaken) {
  std::string id;
  const Handler handler = RequestId({.accept = true})([&](ResponseWriter&, Request& r) { id = r.Id(); });
  Recorder recorder;
  recorder.Serve(handler, RequestBuilder().Header("X-Request-Id", "a\r\nSet-Cookie: b"));
  EXPECT_EQ(id.size(), 32u);
  EXPECT_FALSE(recorder.Header().Has("Set-Cookie"));
}

TEST(RequestId, TheOutermostCountsAndTheFieldMayBeAnother) {
  const Handler handler = Chain([](ResponseWriter&, Request&) {}, {RequestId({.field = ""}), RequestId()});
  Recorder recorder;
  recorder.Serve(handler, RequestBuilder());
  EXPECT_FALSE(recorder.Header().Has("X-Request-Id"));

  recorder.Serve(RequestId({.field = "Request-Id"})([](ResponseWriter&, Request&) {}), RequestBuilder());
  EXPECT_TRUE(recorder.Header().Has("Request-Id"));
}

TEST(RequestId, ThrowsForWhatIsNoNameOfAField) {
  EXPECT_THROW(RequestId({.field = "X Id"}), std::invalid_argument);
  EXPECT_THROW(RequestId({.field = "X-Id:"}), std::invalid_argument);
}

TEST(RequestId, IsInEachLogLineOfTheRequest) {
  TestLog log;
  const Error err = RunTest([&](const Context&) {
    const LogSession session;  // lines are written by the thread of the log
    const Handler handler = Chain(
        [&](ResponseWriter&, Request& r) -> Error {
          LogLine(LogLevel::kInfo, "handler");
          if (Error failed = Offload(r.Ctx(), [] { LogLine(LogLevel::kInfo, "offload"); })) return failed;
          Group group(r.Ctx());
          group.Go([](const Context&) { LogLine(LogLevel::kInfo, "member"); });
          if (Error failed = group.Wait()) return failed;
          CancelScope scope = WithCancel(r.Ctx());
          StopFunc after = AfterFunc(scope.ctx, [] { LogLine(LogLevel::kInfo, "after"); });
          scope.cancel();
          return Sleep(r.Ctx(), std::chrono::milliseconds(1));
        },
        {RequestId({.accept = true}), TraceContext()});
    Recorder recorder;
    recorder.Serve(handler, RequestBuilder()
                                .Header("X-Request-Id", "r-17")
                                .Header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
    EXPECT_FALSE(recorder.Err()) << recorder.Err().Message();
    LogLine(LogLevel::kInfo, "outside");
  });
  EXPECT_FALSE(err) << err.Message();

  const std::string ids = "r-17 0af7651916cd43dd8448eb211c80319c ";
  EXPECT_THAT(log.sink->lines, ElementsAre(ids + "handler", ids + "offload", ids + "member", ids + "after", "- - outside"));
}

TEST(RequestId, IsInLinesThatAHandlerWritesToItsOwnLogger) {
  TestLog log;
  Recorder recorder;
  recorder.Serve(RequestId({.accept = true})([&](ResponseWriter&, Request&) { log.logger->info("order {}", 7); }),
                 RequestBuilder().Header("X-Request-Id", "r-18"));
  EXPECT_THAT(log.sink->lines, ElementsAre("r-18 - order 7"));
}

TEST(RequestId, OnStderrItIsBeforeTheText) {
  ::testing::internal::CaptureStderr();
  Recorder recorder;
  recorder.Serve(RequestId({.accept = true})([](ResponseWriter&, Request&) { LogLine(LogLevel::kInfo, "inside"); }),
                 RequestBuilder().Header("X-Request-Id", "r-19"));
  LogLine(LogLevel::kInfo, "outside");
  const std::string said = ::testing::internal::GetCapturedStderr();

  EXPECT_NE(said.find("[weft] [info] [r-19] inside\n"), std::string::npos) << said;
  EXPECT_NE(said.find("[weft] [info] outside\n"), std::string::npos) << said;
}

}  // namespace
}  // namespace weft
