// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/response_writer.h>

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include <weft/handlers/testing.h>

namespace weft {
namespace {

TEST(ResponseWriter, AHandlerThatDoesNothingSends200WithoutBody) {
  Recorder recorder;

  recorder.Serve([](ResponseWriter&, Request&) {}, RequestBuilder());

  EXPECT_EQ(recorder.Status(), 200);
  EXPECT_EQ(recorder.Header().Get("Content-Length"), "0");
  EXPECT_EQ(recorder.Body(), "");
  EXPECT_FALSE(recorder.Err());
}

TEST(ResponseWriter, TheFirstStatusCounts) {
  Recorder recorder;

  recorder.Serve(
      [](ResponseWriter& w, Request&) {
        EXPECT_EQ(w.Status(), 200);
        w.WriteHeader(404);
        w.WriteHeader(500);
        EXPECT_EQ(w.Status(), 404);
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Status(), 404);
}

TEST(ResponseWriter, WritingChooses200) {
  Recorder recorder;

  recorder.Serve(
      [](ResponseWriter& w, Request&) -> Error {
        if (Error err = w.Write("x")) return err;
        w.WriteHeader(404);
        return {};
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Status(), 200);
}

TEST(ResponseWriter, AStatusWithoutABodyRefusesOne) {
  for (const int status : {204, 304}) {
    Recorder recorder;
    Error refused;

    recorder.Serve(
        [&](ResponseWriter& w, Request&) {
          w.WriteHeader(status);
          EXPECT_FALSE(w.Write(""));
          refused = w.Write("x");
        },
        RequestBuilder());

    EXPECT_TRUE(refused) << status;
    EXPECT_EQ(recorder.Status(), status);
    EXPECT_EQ(recorder.Body(), "") << status;
    EXPECT_FALSE(recorder.Header().Has("Content-Length")) << status;
    EXPECT_FALSE(recorder.Aborted()) << status;
  }
}

TEST(ResponseWriter, InterimResponsesAreSentAtOnceWithTheFieldsSoFar) {
  Recorder recorder;

  recorder.Serve(
      [&](ResponseWriter& w, Request&) -> Error {
        w.Header().Set("Link", "</a.css>");
        w.WriteHeader(103);
        EXPECT_EQ(recorder.Interim().size(), 1u);
        w.WriteHeader(102);
        EXPECT_EQ(w.Status(), 200);
        return w.Write("x");
      },
      RequestBuilder());

  ASSERT_EQ(recorder.Interim().size(), 2u);
  EXPECT_EQ(recorder.Interim()[0].status, 103);
  EXPECT_EQ(recorder.Interim()[0].header[0].first, "Link");
  EXPECT_EQ(recorder.Status(), 200);
  EXPECT_EQ(recorder.Header().Get("Link"), "</a.css>");
}

TEST(ResponseWriter, FlushSendsWhatThereIs) {
  Recorder recorder;

  recorder.Serve(
      [&](ResponseWriter& w, Request&) -> Error {
        w.WriteHeader(202);
        if (Error err = w.Flush()) return err;
        EXPECT_TRUE(w.HeadSent());
        EXPECT_EQ(recorder.Status(), 202);
        if (Error err = w.Write("one")) return err;
        EXPECT_EQ(recorder.Body(), "");
        if (Error err = w.Flush()) return err;
        EXPECT_EQ(recorder.Body(), "one");
        w.Header().Set("Too", "late");
        return w.Write("two");
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Body(), "onetwo");
  EXPECT_EQ(recorder.Flushes(), 2);
  EXPECT_FALSE(recorder.Header().Has("Content-Length"));
  EXPECT_FALSE(recorder.Header().Has("Too"));
}

TEST(ResponseWriter, TrailersFollowABodyOfUnknownLength) {
  Recorder recorder;

  recorder.Serve(
      [](ResponseWriter& w, Request&) {
        w.Trailer().Set("Checksum", "17");
        return w.Write("x");
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Body(), "x");
  EXPECT_EQ(recorder.Trailer().Get("Checksum"), "17");
  EXPECT_FALSE(recorder.Header().Has("Content-Length"));
}

TEST(ResponseWriter, RestartTakesEverythingBackUntilTheHeadIsOut) {
  Recorder recorder;

  recorder.Serve(
      [](ResponseWriter& w, Request&) -> Error {
        w.WriteHeader(201);
        if (Error err = w.Write("wrong")) return err;
        EXPECT_TRUE(w.Restart());
        EXPECT_EQ(w.BytesWritten(), 0u);
        w.WriteHeader(202);
        if (Error err = w.Write("right")) return err;
        if (Error err = w.Flush()) return err;
        EXPECT_FALSE(w.Restart());
        return {};
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Status(), 202);
  EXPECT_EQ(recorder.Body(), "right");
}

TEST(ResponseWriter, AnErrorsResponseHasNoFieldThatDescribesAnotherBody) {
  Recorder recorder;

  recorder.Serve(
      [](ResponseWriter& w, Request&) {
        for (const char* field : {"Content-Encoding", "Content-Digest", "Repr-Digest", "Digest", "Content-MD5", "ETag", "Cache-Control", "Expires"}) {
          w.Header().Set(field, "of the body");
        }
        w.Header().Set("Vary", "Accept");
        return HttpError(404);
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Status(), 404);
  for (const auto& [field, value] : recorder.Header()) EXPECT_NE(value, "of the body") << field;
  EXPECT_EQ(recorder.Header().Get("Vary"), "Accept");
}

TEST(ResponseWriter, AfterAFailureInSendingEveryCallFailsWithIt) {
  Recorder recorder;
  recorder.FailAfter(10, kClientGone);

  recorder.Serve(
      [](ResponseWriter& w, Request&) -> Error {
        EXPECT_TRUE(w.Write(std::string(10000, 'x')).Is(kClientGone));
        EXPECT_TRUE(w.Write("y").Is(kClientGone));
        EXPECT_TRUE(w.Flush().Is(kClientGone));
        EXPECT_TRUE(w.Err().Is(kClientGone));
        return {};
      },
      RequestBuilder());

  EXPECT_TRUE(recorder.Aborted());
  EXPECT_TRUE(recorder.Err().Is(kClientGone));
  EXPECT_EQ(recorder.Body(), std::string(10, 'x'));
}

TEST(ResponseWriter, AFailureInSendingTheRestIsReportedToo) {
  Recorder recorder;
  recorder.FailAfter(2, kTimeout);

  recorder.Serve([](ResponseWriter& w, Request&) { return w.Write("four"); }, RequestBuilder());

  EXPECT_TRUE(recorder.Aborted());
  EXPECT_TRUE(recorder.Err().Is(kTimeout));
}

TEST(ResponseWriter, AbortCutsTheResponseShort) {
  Recorder recorder;

  recorder.Serve(
      [](ResponseWriter& w, Request&) {
        EXPECT_FALSE(w.Write("x"));
        w.Abort();
        EXPECT_TRUE(w.Write("y").Is(kClosed));
        EXPECT_TRUE(w.Flush().Is(kClosed));
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Status(), 0);
  EXPECT_TRUE(recorder.Aborted());
  EXPECT_TRUE(recorder.Err().Is(kClosed));
}

TEST(ResponseWriter, AnExceptionAfterTheHeadAbortsTheResponse) {
  Recorder recorder;

  recorder.Serve(
      [](ResponseWriter& w, Request&) {
        EXPECT_FALSE(w.Flush());
        throw std::runtime_error("late");
      },
      RequestBuilder());

  EXPECT_TRUE(recorder.Aborted());
  EXPECT_EQ(recorder.Err().Message(), "late");
}

}  // namespace
}  // namespace weft
