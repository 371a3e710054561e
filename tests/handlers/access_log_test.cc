// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/access_log.h>

#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weft/concurrency/scoped_context.h>
#include <weft/concurrency/work_ids.h>
#include <weft/handlers/error_status.h>
#include <weft/handlers/middleware/request_id.h>
#include <weft/handlers/routing/mux.h>
#include <weft/handlers/testing.h>

namespace weft {
namespace {

// Serves the request inside an AccessLog and returns its line, with a duration of nothing.
std::string LineOf(const Handler& handler, const RequestBuilder& request) {
  std::vector<std::string> lines;
  const Handler logged = AccessLog([&lines](const AccessRecord& record) {
    AccessRecord fixed = record;
    fixed.duration = {};
    lines.push_back(FormatAccessRecord(fixed));
  })(handler);
  Recorder recorder;
  recorder.Serve(logged, request);
  EXPECT_EQ(lines.size(), 1u);
  return lines.empty() ? "" : lines[0];
}

TEST(AccessLog, LogsPeerRequestStatusBytesAndTimeInOneLine) {
  Mux mux;
  mux.Handle("GET /hello/{name}", [](ResponseWriter& w, Request&) { return w.Write("hello"); });

  EXPECT_EQ(LineOf(mux, RequestBuilder("GET", "/hello/anna?x=1").Peer("192.0.2.7:50123")),
            "192.0.2.7:50123 \"GET /hello/anna HTTP/1.1\" 200 5 0.000ms");
}

TEST(AccessLog, LogsAnErrorWithItsResponseStatus) {
  EXPECT_EQ(LineOf([](ResponseWriter&, Request&) { return HttpError(404); }, RequestBuilder()),
            "192.0.2.1:1234 \"GET / HTTP/1.1\" 404 10 0.000ms 404 Not Found");
  EXPECT_EQ(LineOf(
                [](ResponseWriter& w, Request&) -> Error {
                  if (Error err = w.Write("not sent")) return err;
                  return Error::New("disk full");
                },
                RequestBuilder()),
            "192.0.2.1:1234 \"GET / HTTP/1.1\" 500 22 0.000ms disk full");
}

TEST(AccessLog, LogsAnAbortedResponseAsSuch) {
  EXPECT_EQ(LineOf(
                [](ResponseWriter& w, Request&) -> Error {
                  if (Error err = w.Write("begun")) return err;
                  if (Error err = w.Flush()) return err;
                  return Error::New("disk full");
                },
                RequestBuilder()),
            "192.0.2.1:1234 \"GET / HTTP/1.1\" 200 5 0.000ms aborted: disk full");
  EXPECT_EQ(LineOf([](ResponseWriter& w, Request&) { w.Abort(); }, RequestBuilder()),
            "192.0.2.1:1234 \"GET / HTTP/1.1\" 200 0 0.000ms aborted: closed");
  EXPECT_EQ(LineOf([](ResponseWriter&, Request&) { return kClientGone; }, RequestBuilder()),
            "192.0.2.1:1234 \"GET / HTTP/1.1\" 499 0 0.000ms aborted: client gone");
}

TEST(AccessLog, AResponseToHeadHasNoBytes) {
  const Handler handler = [](ResponseWriter& w, Request&) { return w.Write(std::string(5000, 'x')); };

  EXPECT_EQ(LineOf(handler, RequestBuilder("HEAD", "/")), "192.0.2.1:1234 \"HEAD / HTTP/1.1\" 200 0 0.000ms");
  EXPECT_EQ(LineOf(handler, RequestBuilder("GET", "/")), "192.0.2.1:1234 \"GET / HTTP/1.1\" 200 5000 0.000ms");
}

TEST(AccessLog, LogsABodyShorterThanItsLengthAsAnError) {
  EXPECT_EQ(LineOf(
                [](ResponseWriter& w, Request&) -> Error {
                  w.Header().Set("Content-Length", "9");
                  return w.Write("12345");
                },
                RequestBuilder()),
            "192.0.2.1:1234 \"GET / HTTP/1.1\" 500 22 0.000ms the body is shorter than its Content-Length");
}

TEST(AccessLog, LogsResponsesOfOuterMiddlewareAsSent) {
  const Middleware teapot = [](Handler next) -> Handler {
    return [next](ResponseWriter& w, Request& r) -> Error {
      if (Error err = next(w, r)) FinishWithError(w, HttpError(418, "short and stout"));
      return {};
    };
  };
  std::string line;
  const auto log = [&line](const AccessRecord& record) {
    line = std::to_string(record.status) + ' ' + std::to_string(record.bytes) + ' ' + record.error.Message();
  };
  Recorder recorder;

  recorder.Serve(Chain([](ResponseWriter&, Request&) { return HttpError(404); }, {teapot, AccessLog(log)}), RequestBuilder());

  EXPECT_EQ(recorder.Body(), "short and stout\n");
  EXPECT_EQ(line, "418 16 404 Not Found");
}

TEST(AccessLog, RunsUnderTheContextThatItHad) {
  std::string id;
  const auto log = [&id](const AccessRecord&) { id = RequestIdOf(CurrentContext()); };
  Recorder recorder;

  recorder.Serve(Chain([](ResponseWriter&, Request&) {}, {RequestId({.accept = true}), AccessLog(log)}), RequestBuilder().Header("X-Request-Id", "r-1"));

  EXPECT_EQ(id, "r-1");
}

TEST(AccessLog, AnExceptionOfTheLogIsReportedAndTheOtherLogsAreCalled) {
  int calls = 0;
  const auto throws = [](const AccessRecord&) { throw std::runtime_error("log is full"); };
  Recorder recorder;

  recorder.Serve(Chain([](ResponseWriter& w, Request&) { return w.Write("hello"); },
                       {AccessLog([&](const AccessRecord&) { ++calls; }), AccessLog(throws)}),
                 RequestBuilder());

  EXPECT_EQ(recorder.Body(), "hello");
  EXPECT_EQ(recorder.Err().Message(), "log is full");
  EXPECT_EQ(calls, 1);
}

TEST(AccessLog, AnExceptionIsLoggedAndGoesOn) {
  const Handler throwing = [](ResponseWriter&, Request&) { throw std::runtime_error("broken"); };

  EXPECT_EQ(LineOf(throwing, RequestBuilder()), "192.0.2.1:1234 \"GET / HTTP/1.1\" 500 22 0.000ms broken");

  Recorder recorder;
  recorder.Serve(AccessLog([](const AccessRecord&) {})(throwing), RequestBuilder());
  EXPECT_EQ(recorder.Err().Message(), "broken");
}

TEST(AccessLog, TheRecordHasThePatternThatAMuxInsideMatched) {
  Mux mux;
  mux.Handle("/users/{id}", [](ResponseWriter&, Request&) {});
  std::string pattern;
  mux.Use(AccessLog([&](const AccessRecord& record) { pattern = record.pattern; }));
  Recorder recorder;

  recorder.Serve(mux, RequestBuilder("GET", "/users/7"));

  EXPECT_EQ(pattern, "/users/{id}");
}

TEST(AccessLog, ClientsCannotForgeALine) {
  AccessRecord record;
  record.method = "GET";
  record.target = "/\"\\\n\x1b[31m\xc3\xa9";
  record.version = {1, 1};
  record.status = 200;

  EXPECT_EQ(FormatAccessRecord(record),
            "- \"GET /\\x22\\x5c\\x0a\\x1b[31m\\xc3\\xa9 HTTP/1.1\" 200 0 0.000ms");
}

}  // namespace
}  // namespace weft
