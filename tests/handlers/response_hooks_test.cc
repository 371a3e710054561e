// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/response_writer.h>

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include <weft/handlers/testing.h>

namespace weft {
namespace {

TEST(ResponseHooks, HooksRunOnceBeforeTheHeadTheLastAddedFirst) {
  for (const bool flush : {false, true}) {
    Recorder recorder;
    std::string order;

    recorder.Serve(
        [&](ResponseWriter& w, Request&) -> Error {
          w.OnHead([&] {
            order += "outer" + std::to_string(w.Status());
            w.Header().Set("X", "outer");
          });
          w.OnHead([&] {
            order += "inner";
            w.Header().Set("X", "inner");
          });
          if (Error err = w.Write("x")) return err;
          EXPECT_EQ(order, "");
          return flush ? w.Flush() : Error();
        },
        RequestBuilder());

    EXPECT_EQ(order, "innerouter200");
    EXPECT_EQ(recorder.Header().Get("X"), "outer");
  }
}

TEST(ResponseHooks, HooksRunForErrorResponsesToo) {
  Recorder recorder;

  recorder.Serve(
      [](ResponseWriter& w, Request&) {
        w.OnHead([&w] { w.Header().Set("Seen", std::to_string(w.Status())); });
        return HttpError(404);
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Header().Get("Seen"), "404");
}

TEST(ResponseHooks, AThrowingHookIsA500) {
  Recorder recorder;

  recorder.Serve(
      [](ResponseWriter& w, Request&) {
        w.OnHead([] { throw std::runtime_error("hook"); });
        return w.Write("x");
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Status(), 500);
  EXPECT_EQ(recorder.Err().Message(), "hook");
}

TEST(ResponseHooks, AHookMayDeclareTheLength) {
  Recorder recorder;

  recorder.Serve(
      [](ResponseWriter& w, Request&) {
        w.OnHead([&w] { w.Header().Set("Content-Length", "5000"); });
        return w.Write(std::string(5000, 'x'));
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Header().Get("Content-Length"), "5000");
  EXPECT_EQ(recorder.Body().size(), 5000u);
  EXPECT_FALSE(recorder.Aborted());
}

}  // namespace
}  // namespace weft
