// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/response_writer.h>

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include <weft/handlers/testing.h>

namespace weft {
namespace {

constexpr std::size_t kBuffer = 4096;  // the recorder's, and the server's

TEST(ResponseWriter, AHandlerThatDoesNothingAnswers200AndNoBody) {
  Recorder recorder;

  recorder.Serve([](ResponseWriter&, Request&) {}, RequestBuilder());

  EXPECT_EQ(recorder.Status(), 200);
  EXPECT_EQ(recorder.Header().Get("Content-Length"), "0");
  EXPECT_EQ(recorder.Body(), "");
  EXPECT_FALSE(recorder.Err());
}

TEST(ResponseWriter, ABodyThatFitsTheBufferGetsItsLength) {
  Recorder recorder;

  recorder.Serve(
      [](ResponseWriter& w, Request&) -> Error {
        w.WriteHeader(201);
        if (Error err = w.Write("one")) return err;
        EXPECT_FALSE(w.HeadSent());
        return w.Write("two");
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Status(), 201);
  EXPECT_EQ(recorder.Header().Get("Content-Length"), "6");
  EXPECT_EQ(recorder.Body(), "onetwo");
}

struct SizeRow {
  std::size_t first;
  std::size_t second;
  bool fits;
};

TEST(ResponseWriter, ABodyBeyondTheBufferGoesOutWithoutALength) {
  const SizeRow rows[] = {{kBuffer, 0, true},   {kBuffer - 1, 1, true}, {kBuffer, 1, false},
                          {1, kBuffer, false},  {kBuffer + 1, 0, false}, {0, 1000000, false},
                          {100000, 10, false}};
  for (const SizeRow& row : rows) {
    Recorder recorder;

    recorder.Serve(
        [&](ResponseWriter& w, Request&) -> Error {
          if (Error err = w.Write(std::string(row.first, 'a'))) return err;
          if (Error err = w.Write(std::string(row.second, 'b'))) return err;
          EXPECT_EQ(w.HeadSent(), !row.fits);
          EXPECT_EQ(w.BytesWritten(), row.first + row.second);
          return {};
        },
        RequestBuilder());

    EXPECT_EQ(recorder.Body(), std::string(row.first, 'a') + std::string(row.second, 'b'));
    EXPECT_EQ(recorder.Header().Has("Content-Length"), row.fits) << row.first << " " << row.second;
    EXPECT_FALSE(recorder.Err());
  }
}

TEST(ResponseWriter, ADeclaredLengthIsSentAlsoBeyondTheBuffer) {
  Recorder recorder;

  recorder.Serve(
      [](ResponseWriter& w, Request&) -> Error {
        w.Header().Set("Content-Length", "10000");
        for (int i = 0; i < 10; ++i) {
          if (Error err = w.Write(std::string(1000, 'x'))) return err;
        }
        return {};
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Header().Get("Content-Length"), "10000");
  EXPECT_EQ(recorder.Body().size(), 10000u);
  EXPECT_FALSE(recorder.Aborted());
}

struct ExceedRow {
  const char* declared;
  std::size_t first;
  std::size_t second;
};

TEST(ResponseWriter, AWriteBeyondTheDeclaredLengthFailsAndSendsNothingOfIt) {
  const ExceedRow rows[] = {{"5", 3, 3}, {"5000", 4096, 905}, {"5000", 5000, 1}, {"3", 3, 100000}};
  for (const ExceedRow& row : rows) {
    Recorder recorder;
    Error second;

    recorder.Serve(
        [&](ResponseWriter& w, Request&) -> Error {
          w.Header().Set("Content-Length", row.declared);
          if (Error err = w.Write(std::string(row.first, 'a'))) return err;
          second = w.Write(std::string(row.second, 'b'));
          return w.Write(std::string(std::stoul(row.declared) - row.first, 'c'));
        },
        RequestBuilder());

    EXPECT_TRUE(second) << row.declared;
    EXPECT_EQ(recorder.Body().find('b'), std::string::npos);
    EXPECT_EQ(recorder.Body().size(), std::stoul(row.declared));
    EXPECT_FALSE(recorder.Aborted());
  }
}

TEST(ResponseWriter, AHandlerThatReturnsThatErrorHasFailedWith500) {
  Recorder recorder;

  recorder.Serve(
      [](ResponseWriter& w, Request&) {
        w.Header().Set("Content-Length", "3");
        return w.Write("four");
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Status(), 500);
  EXPECT_EQ(recorder.Err().Message(), "the body is longer than its Content-Length");
}

TEST(ResponseWriter, ABodyShorterThanDeclaredIs500WhileTheHeadIsNotOut) {
  Recorder recorder;

  recorder.Serve(
      [](ResponseWriter& w, Request&) {
        w.Header().Set("Content-Length", "5");
        return w.Write("four");
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Status(), 500);
  EXPECT_EQ(recorder.Err().Message(), "the body is shorter than its Content-Length");
}

TEST(ResponseWriter, ABodyShorterThanDeclaredIsBrokenOffOnceTheHeadIsOut) {
  Recorder recorder;

  recorder.Serve(
      [](ResponseWriter& w, Request&) -> Error {
        w.Header().Set("Content-Length", "5");
        if (Error err = w.Write("four")) return err;
        return w.Flush();
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Status(), 200);
  EXPECT_TRUE(recorder.Aborted());
  EXPECT_EQ(recorder.Err().Message(), "the body is shorter than its Content-Length");
}

TEST(ResponseWriter, ALengthThatIsNoNumberIsLeftOut) {
  for (const char* text : {"x", "-1", "1x", "", "99999999999999999999"}) {
    Recorder recorder;

    recorder.Serve(
        [&](ResponseWriter& w, Request&) {
          w.Header().Set("Content-Length", text);
          return w.Write("four");
        },
        RequestBuilder());

    EXPECT_EQ(recorder.Header().Values("Content-Length"), (std::vector<std::string_view>{"4"})) << text;
  }
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
  for (const int status : {101, 204, 304}) {
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

TEST(ResponseWriter, OnlyA304MayTellTheLengthOfWhatItDoesNotSend) {
  for (const int status : {101, 204, 304}) {
    Recorder recorder;

    recorder.Serve(
        [&](ResponseWriter& w, Request&) {
          w.Header().Set("Content-Length", "17");
          w.WriteHeader(status);
        },
        RequestBuilder());

    EXPECT_EQ(recorder.Header().Get("Content-Length"), status == 304 ? "17" : "") << status;
    EXPECT_FALSE(recorder.Err()) << status;
  }
}

TEST(ResponseWriter, InterimAnswersGoOutAtOnceWithTheFieldsSoFar) {
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

TEST(ResponseWriter, HeadCountsTheBodyAndSendsNoneOfIt) {
  struct Row {
    std::size_t size;
    const char* length;
  };
  for (const Row& row : {Row{0, "0"}, Row{5, "5"}, Row{kBuffer, "4096"}, Row{kBuffer + 1, ""}}) {
    Recorder recorder;

    recorder.Serve(
        [&](ResponseWriter& w, Request&) -> Error {
          if (Error err = w.Write(std::string(row.size, 'x'))) return err;
          EXPECT_EQ(w.BytesWritten(), row.size);
          return {};
        },
        RequestBuilder("HEAD"));

    EXPECT_EQ(recorder.Body(), "");
    EXPECT_EQ(recorder.Header().Get("Content-Length"), row.length);
    EXPECT_FALSE(recorder.Err());
  }
}

TEST(ResponseWriter, HeadMayDeclareALengthAndWriteNothing) {
  Recorder recorder;

  recorder.Serve([](ResponseWriter& w, Request&) { w.Header().Set("Content-Length", "123456"); },
                 RequestBuilder("HEAD"));

  EXPECT_EQ(recorder.Status(), 200);
  EXPECT_EQ(recorder.Header().Get("Content-Length"), "123456");
  EXPECT_FALSE(recorder.Err());
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

TEST(ResponseWriter, TrailersComeBehindABodyOfUnknownLength) {
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

TEST(ResponseWriter, HooksRunOnceBeforeTheHeadTheLastAddedFirst) {
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

TEST(ResponseWriter, HooksRunForTheAnswerToAnErrorToo) {
  Recorder recorder;

  recorder.Serve(
      [](ResponseWriter& w, Request&) {
        w.OnHead([&w] { w.Header().Set("Seen", std::to_string(w.Status())); });
        return HttpError(404);
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Header().Get("Seen"), "404");
}

TEST(ResponseWriter, AHookThatThrowsIsA500) {
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

TEST(ResponseWriter, AHookMayDeclareTheLength) {
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

TEST(ResponseWriter, AbortBreaksTheAnswerOff) {
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

TEST(ResponseWriter, AnExceptionAfterTheHeadBreaksTheAnswerOff) {
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
