// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/recover.h>

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include <weft/handlers/testing.h>

namespace weft {
namespace {

TEST(Recover, AnExceptionIsReportedAndBecomesA500) {
  std::string reported;
  const Handler handler = Recover([&](const Request& r, const Error& error) {
    reported = std::string(r.Path()) + ": " + error.Message() + (error.Exception() ? "!" : "");
  })([](ResponseWriter& w, Request&) -> Error {
    if (Error err = w.Write("half")) return err;
    throw std::runtime_error("broken");
  });
  Recorder recorder;

  recorder.Serve(handler, RequestBuilder("GET", "/x"));

  EXPECT_EQ(reported, "/x: broken!");
  EXPECT_EQ(recorder.Status(), 500);
  EXPECT_EQ(recorder.Body(), "Internal Server Error\n");
  EXPECT_FALSE(recorder.Err());
}

TEST(Recover, AnyThrownTypeIsCaught) {
  std::string reported;
  const Handler handler =
      Recover([&](const Request&, const Error& error) { reported = error.Message(); })([](ResponseWriter&, Request&) {
        throw 17;
      });
  Recorder recorder;

  recorder.Serve(handler, RequestBuilder());

  EXPECT_NE(reported, "");
  EXPECT_EQ(recorder.Status(), 500);
}

TEST(Recover, AfterTheHeadTheResponseIsAborted) {
  const Handler handler = Recover([](const Request&, const Error&) {})([](ResponseWriter& w, Request&) {
    static_cast<void>(w.Flush());
    throw std::runtime_error("late");
  });
  Recorder recorder;

  recorder.Serve(handler, RequestBuilder());

  EXPECT_TRUE(recorder.Aborted());
}

TEST(Recover, ErrorsPassThrough) {
  bool reported = false;
  const Handler handler =
      Recover([&](const Request&, const Error&) { reported = true; })([](ResponseWriter&, Request&) {
        return HttpError(404);
      });
  Recorder recorder;

  recorder.Serve(handler, RequestBuilder());

  EXPECT_FALSE(reported);
  EXPECT_EQ(recorder.Status(), 404);
}

}  // namespace
}  // namespace weft
