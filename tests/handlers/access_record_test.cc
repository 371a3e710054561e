// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/access_record.h>

#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <weft/handlers/handler.h>
#include <weft/handlers/middleware/access_log.h>
#include <weft/handlers/middleware/request_id.h>
#include <weft/handlers/testing.h>

#include "comma_locale.h"

namespace weft {
namespace {

// 29 November 2026, 10:23:11.042 UTC.
AccessRecord Sample() {
  AccessRecord record;
  record.time = std::chrono::system_clock::time_point(std::chrono::milliseconds(1795947791042));
  record.peer = "[2001:db8::1]:50123";
  record.id = "r-17";
  record.method = "GET";
  record.target = "/hello/anna?token=secret";
  record.host = "example.com";
  record.pattern = "GET /hello/{name}";
  record.referer = "https://a.test/page?q=private";
  record.user_agent = "curl/8";
  record.version = {1, 1};
  record.status = 200;
  record.bytes = 12;
  record.duration = std::chrono::microseconds(184);
  return record;
}

TEST(AccessFormat, EachHasItsLine) {
  EXPECT_EQ(FormatAccessRecord(Sample()), "[2001:db8::1]:50123 \"GET /hello/anna HTTP/1.1\" 200 12 0.184ms");
  EXPECT_EQ(FormatAccessRecord(Sample(), AccessFormat::kCommon),
            "2001:db8::1 - - [29/Nov/2026:10:23:11 +0000] \"GET /hello/anna HTTP/1.1\" 200 12");
  EXPECT_EQ(FormatAccessRecord(Sample(), AccessFormat::kCombined),
            "2001:db8::1 - - [29/Nov/2026:10:23:11 +0000] \"GET /hello/anna HTTP/1.1\" 200 12 \"https://a.test/page\" \"curl/8\"");
  EXPECT_EQ(FormatAccessRecord(Sample(), AccessFormat::kJson),
            R"({"time":"2026-11-29T10:23:11.042Z","id":"r-17","peer":"[2001:db8::1]:50123","method":"GET","target":"/hello/anna",)"
            R"("host":"example.com","route":"GET /hello/{name}","version":"1.1","status":200,"bytes":12,"ms":0.184,)"
            R"("referer":"https://a.test/page","user_agent":"curl/8"})");
}

TEST(AccessFormat, IsTheSameInALocaleWithADecimalComma) {
  const CommaLocale locale;
  if (!locale.Set()) GTEST_SKIP() << "this C library does not read the locale that the test writes";
  EXPECT_THAT(FormatAccessRecord(Sample(), AccessFormat::kJson), ::testing::HasSubstr("\"ms\":0.184,"));
  EXPECT_THAT(FormatAccessRecord(Sample()), ::testing::HasSubstr(" 0.184ms"));
}

TEST(AccessFormat, QueriesAreThereOnlyForWhoAsks) {
  for (const AccessFormat format : {AccessFormat::kText, AccessFormat::kCommon, AccessFormat::kCombined, AccessFormat::kJson}) {
    const std::string without = FormatAccessRecord(Sample(), format);
    EXPECT_EQ(without.find("secret"), std::string::npos) << without;
    EXPECT_EQ(without.find("private"), std::string::npos) << without;
    EXPECT_NE(FormatAccessRecord(Sample(), format, true).find("?token=secret"), std::string::npos);
  }
}

TEST(AccessFormat, LeavesOutEmptyValuesOrWritesADash) {
  AccessRecord record;
  record.version = {1, 0};
  EXPECT_EQ(FormatAccessRecord(record, AccessFormat::kCombined), "- - - [01/Jan/1970:00:00:00 +0000] \"  HTTP/1.0\" 0 0 \"-\" \"-\"");
  EXPECT_EQ(FormatAccessRecord(record, AccessFormat::kJson),
            R"({"time":"1970-01-01T00:00:00.000Z","version":"1.0","status":0,"bytes":0,"ms":0.000})");
}

TEST(AccessFormat, AnErrorIsInTextAndJson) {
  AccessRecord record = Sample();
  record.aborted = true;
  record.error = Error::New("disk \"full\"\n");
  EXPECT_NE(FormatAccessRecord(record).find(" aborted: disk \\x22full\\x22\\x0a"), std::string::npos);
  EXPECT_NE(FormatAccessRecord(record, AccessFormat::kJson).find(R"(,"aborted":true,"error":"disk \"full\"\n"})"), std::string::npos);
}

TEST(AccessFormat, ClientDataStaysWithinItsField) {
  const std::string evil = "a\" 200 0\r\n10.0.0.1 - - [x] \"GET /\\\x01\x7f\xff{}";
  AccessRecord record = Sample();
  record.method = record.target = record.host = record.referer = record.user_agent = record.id = evil;
  record.peer = evil;
  for (const AccessFormat format : {AccessFormat::kText, AccessFormat::kCommon, AccessFormat::kCombined, AccessFormat::kJson}) {
    const std::string line = FormatAccessRecord(record, format, true);
    for (const char c : line) EXPECT_TRUE(c >= 0x20 || static_cast<unsigned char>(c) >= 0x80) << static_cast<int>(c);
    if (format == AccessFormat::kJson) {
      EXPECT_NE(line.find(R"("target":"a\" 200 0\r\n10.0.0.1)"), std::string::npos) << line;
    } else {
      EXPECT_NE(line.find("a\\x22 200 0\\x0d\\x0a10.0.0.1"), std::string::npos) << line;
    }
  }
}

class Lines final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::vector<std::string> lines;

 private:
  void sink_it_(const spdlog::details::log_msg& message) override { lines.emplace_back(message.payload.data(), message.payload.size()); }
  void flush_() override {}
};

TEST(AccessFormat, TheUserIsOneWord) {
  AccessRecord record = Sample();
  record.user = "anna";
  EXPECT_THAT(FormatAccessRecord(record, AccessFormat::kCommon), ::testing::StartsWith("2001:db8::1 - anna [29/Nov/2026:"));
  EXPECT_THAT(FormatAccessRecord(record, AccessFormat::kJson), ::testing::HasSubstr(R"(,"user":"anna",)"));
  record.user = "anna [x] \"GET\\\n\xc3\xa4 ";
  EXPECT_THAT(FormatAccessRecord(record, AccessFormat::kCombined),
              ::testing::StartsWith("2001:db8::1 - anna\\x20[x]\\x20\\x22GET\\x5c\\x0a\\xc3\\xa4\\x20 [29/Nov/2026:"));
}

TEST(AccessLog, FormatsForProgramsGoToALoggerOfTheirOwn) {
  const auto sink = std::make_shared<Lines>();
  spdlog::register_logger(std::make_shared<spdlog::logger>("weft.access", sink));
  Recorder recorder;
  recorder.Serve(AccessLog({.format = AccessFormat::kJson})([](ResponseWriter&, Request&) {}), RequestBuilder("GET", "/a?b"));
  spdlog::drop("weft.access");

  ASSERT_EQ(sink->lines.size(), 1u);
  EXPECT_NE(sink->lines[0].find(R"("method":"GET","target":"/a","host":"example.com","version":"1.1","status":200)"), std::string::npos)
      << sink->lines[0];
}

TEST(AccessLog, WithoutThatLoggerALineOfStderrIsNothingButTheRecord) {
  ::testing::internal::CaptureStderr();
  Recorder recorder;
  recorder.Serve(AccessLog({.format = AccessFormat::kJson})([](ResponseWriter&, Request&) {}), RequestBuilder("GET", "/a"));
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(said.find("{\"time\":\""), 0u) << said;
  EXPECT_EQ(said.back(), '\n');
}

TEST(AccessLog, TheRecordHasTheIdAlsoFromOutside) {
  std::string id;
  const Handler handler = Chain([](ResponseWriter&, Request&) {},
                                {AccessLog([&](const AccessRecord& record) { id = record.id; }), RequestId({.accept = true})});
  Recorder recorder;
  recorder.Serve(handler, RequestBuilder().Header("X-Request-Id", "r-20"));
  EXPECT_EQ(id, "r-20");
}

}  // namespace
}  // namespace weft
