// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/response_writer.h>

#include <string>

#include <gtest/gtest.h>

#include <weft/handlers/testing.h>

namespace weft {
namespace {

constexpr std::size_t kBuffer = 4096;  // the recorder's, and the server's

TEST(ResponseLength, AnnouncesTheLengthOfABodyThatFitsTheBuffer) {
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

TEST(ResponseLength, ABodyBeyondTheBufferGoesOutWithoutALength) {
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

TEST(ResponseLength, ADeclaredLengthIsSentAlsoBeyondTheBuffer) {
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

TEST(ResponseLength, AWriteBeyondTheDeclaredLengthFailsAndSendsNothingOfIt) {
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

TEST(ResponseLength, ReturningThatErrorIsA500) {
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

TEST(ResponseLength, ABodyShorterThanDeclaredIs500WhileTheHeadIsNotOut) {
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

TEST(ResponseLength, ABodyShorterThanDeclaredIsBrokenOffOnceTheHeadIsOut) {
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

TEST(ResponseLength, OmitsALengthThatIsNoNumber) {
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

TEST(ResponseLength, OnlyA304MayHaveALengthWithoutABody) {
  for (const int status : {204, 304}) {
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

TEST(ResponseLength, HeadCountsTheBodyAndSendsNoneOfIt) {
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

TEST(ResponseLength, HeadMayDeclareALengthAndWriteNothing) {
  Recorder recorder;

  recorder.Serve([](ResponseWriter& w, Request&) { w.Header().Set("Content-Length", "123456"); },
                 RequestBuilder("HEAD"));

  EXPECT_EQ(recorder.Status(), 200);
  EXPECT_EQ(recorder.Header().Get("Content-Length"), "123456");
  EXPECT_FALSE(recorder.Err());
}

}  // namespace
}  // namespace weft
