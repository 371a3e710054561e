// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <memory>
#include <string>
#include <system_error>

#include <gtest/gtest.h>

#include <weft/handlers/access.h>
#include <weft/handlers/body_filter.h>
#include <weft/handlers/server_side.h>
#include <weft/handlers/testing.h>

#include "../kit/temp_file.h"

namespace weft {
namespace {

std::string Letters(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 26 + i / 4099) % 26);
  return text;
}

// Upper case, and how many calls it took.
class Upper : public BodyFilter {
 public:
  explicit Upper(int* calls) : calls_(calls) {}
  Error Write(std::string_view data, Output& next) override {
    ++*calls_;
    std::string text(data);
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return next.Write(text);
  }

 private:
  int* calls_;
};

Handler Send(const TempFile& file, std::uint64_t offset, std::uint64_t length) {
  return [&file, offset, length](ResponseWriter& w, Request&) { return w.SendFile(file.fd(), offset, length); };
}

TEST(SendFile, AShortPartIsGatheredAndGetsItsLength) {
  const TempFile file("0123456789");
  Recorder recorder;

  recorder.Serve(
      [&](ResponseWriter& w, Request&) -> Error {
        if (Error err = w.Write("<")) return err;
        if (Error err = w.SendFile(file.fd(), 2, 5)) return err;
        EXPECT_FALSE(w.HeadSent());
        EXPECT_EQ(w.BytesWritten(), 6u);
        return w.Write(">");
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Body(), "<23456>");
  EXPECT_EQ(recorder.Header().Get("Content-Length"), "7");
}

TEST(SendFile, ALongPartGoesOutAtOnce) {
  const std::string text = Letters(300'000);
  const TempFile file(text);
  Recorder recorder;

  recorder.Serve(
      [&](ResponseWriter& w, Request&) -> Error {
        if (Error err = w.Write("<")) return err;
        if (Error err = w.SendFile(file.fd(), 7, 250'000)) return err;
        EXPECT_TRUE(w.HeadSent());
        EXPECT_EQ(w.BytesWritten(), 250'001u);
        return w.Write(">");
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Body(), "<" + text.substr(7, 250'000) + ">");
  EXPECT_FALSE(recorder.Header().Has("Content-Length"));
}

TEST(SendFile, AnEmptyPartIsNothing) {
  Recorder recorder;
  recorder.Serve([&](ResponseWriter& w, Request&) { return w.SendFile(-1, 0, 0); }, RequestBuilder());
  EXPECT_EQ(recorder.Status(), 200);
  EXPECT_EQ(recorder.Header().Get("Content-Length"), "0");
}

TEST(SendFile, GoesThroughTheFilters) {
  const std::string text = Letters(200'000);
  const TempFile file(text);
  int calls = 0;
  Recorder recorder;

  recorder.Serve(
      [&](ResponseWriter& w, Request&) -> Error {
        w.PushFilter(std::make_unique<Upper>(&calls));
        if (Error err = w.Write("<")) return err;
        return w.SendFile(file.fd(), 0, text.size());
      },
      RequestBuilder());

  std::string upper = text;
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  EXPECT_EQ(recorder.Body(), "<" + upper);
  EXPECT_GT(calls, 2) << "piece by piece";
}

TEST(SendFile, IsCountedAndNotSentInAResponseToHead) {
  const TempFile file(Letters(100));
  for (const std::uint64_t length : {100u, 1'000'000u}) {
    Recorder recorder;
    recorder.Serve(
        [&](ResponseWriter& w, Request&) -> Error {
          w.Header().Set("Content-Length", std::to_string(length));
          const Error err = w.SendFile(file.fd(), 0, length);
          EXPECT_EQ(w.BytesWritten(), length);
          return err;
        },
        RequestBuilder("HEAD"));
    EXPECT_FALSE(recorder.Err()) << "what is not sent need not be there";
    EXPECT_EQ(recorder.Body(), "");
    EXPECT_EQ(recorder.Header().Get("Content-Length"), std::to_string(length));
  }
}

TEST(SendFile, TakesNothingBeyondTheLengthOfTheHandler) {
  const TempFile file(Letters(10'000));
  Recorder recorder;

  recorder.Serve(
      [&](ResponseWriter& w, Request&) -> Error {
        w.Header().Set("Content-Length", "5000");
        EXPECT_TRUE(w.SendFile(file.fd(), 0, 5001));
        EXPECT_EQ(w.BytesWritten(), 0u);
        return w.SendFile(file.fd(), 1, 5000);
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Body(), Letters(10'000).substr(1, 5000));
  EXPECT_EQ(recorder.Header().Get("Content-Length"), "5000");
}

TEST(SendFile, FailsWhereTheStatusAllowsNoBody) {
  const TempFile file("text");
  Recorder recorder;
  recorder.Serve(
      [&](ResponseWriter& w, Request&) {
        w.WriteHeader(304);
        EXPECT_TRUE(w.SendFile(file.fd(), 0, 4));
      },
      RequestBuilder());
  EXPECT_EQ(recorder.Status(), 304);
  EXPECT_EQ(recorder.Body(), "");
}

TEST(SendFile, FailsBeyondTheRangeOfFiles) {
  const std::uint64_t max = std::numeric_limits<std::int64_t>::max();
  const TempFile file("text");
  Recorder recorder;
  recorder.Serve(
      [&](ResponseWriter& w, Request&) -> Error {
        EXPECT_TRUE(w.SendFile(file.fd(), max + 1, 0).Is(std::errc::invalid_argument));
        EXPECT_TRUE(w.SendFile(file.fd(), max, 1).Is(std::errc::invalid_argument));
        EXPECT_TRUE(w.SendFile(file.fd(), 1, max).Is(std::errc::invalid_argument));
        return w.Write("unharmed");
      },
      RequestBuilder());
  EXPECT_EQ(recorder.Body(), "unharmed");
}

struct Failure {
  const char* name;
  std::uint64_t length;
  bool filtered;
  bool flushed;
  bool aborted;  // otherwise answered with 500
};

// The file has 10 bytes less than what is asked for.
const Failure kFailures[] = {
    {"short", 1000, false, false, false},      {"long", 100'000, false, false, true},
    {"short, filtered", 1000, true, false, false}, {"long, filtered", 100'000, true, false, true},
    {"short, flushed", 1000, false, true, true},  {"short, filtered, flushed", 1000, true, true, true},
};

TEST(SendFile, OfAFileThatIsTooShortNeverLooksWhole) {
  for (const bool ignores : {false, true}) {
    for (const Failure& each : kFailures) {
      SCOPED_TRACE(std::string(each.name) + (ignores ? ", and the handler does not care" : ""));
      const TempFile file(Letters(each.length - 10));
      int calls = 0;
      Recorder recorder;

      recorder.Serve(
          [&](ResponseWriter& w, Request&) -> Error {
            if (each.filtered) w.PushFilter(std::make_unique<Upper>(&calls));
            if (each.flushed) {
              EXPECT_FALSE(w.Flush());
            }
            const Error err = w.SendFile(file.fd(), 0, each.length);
            EXPECT_TRUE(err);
            return ignores ? Error() : err;
          },
          RequestBuilder());

      EXPECT_TRUE(recorder.Err());
      EXPECT_EQ(recorder.Aborted(), each.aborted);
      EXPECT_EQ(recorder.Status(), each.aborted ? 200 : 500);
    }
  }
}

TEST(SendFile, OfAFileThatCannotBeReadIsAnError) {
  Recorder recorder;
  recorder.Serve([](ResponseWriter& w, Request&) { return w.SendFile(-1, 0, 10); }, RequestBuilder());
  EXPECT_TRUE(recorder.Err().Is(std::errc::bad_file_descriptor)) << recorder.Err().Message();
  EXPECT_EQ(recorder.Status(), 500);
}

TEST(SendFile, CanBeReplacedAfterAFailure) {
  const TempFile file("short");
  Recorder recorder;
  recorder.Serve(
      [&](ResponseWriter& w, Request&) -> Error {
        EXPECT_TRUE(w.SendFile(file.fd(), 0, 10));
        EXPECT_TRUE(w.Restart());
        return w.Write("instead");
      },
      RequestBuilder());
  EXPECT_FALSE(recorder.Err());
  EXPECT_EQ(recorder.Body(), "instead");
}

TEST(SendFile, StopsWhenTheClientIsGone) {
  const TempFile file(Letters(1'000'000));
  Recorder recorder;
  recorder.FailAfter(100'000, kClientGone);
  recorder.Serve(
      [&](ResponseWriter& w, Request&) {
        const Error err = w.SendFile(file.fd(), 0, 1'000'000);
        EXPECT_TRUE(err.Is(kClientGone));
        EXPECT_LT(w.BytesWritten(), 200'000u) << "what was taken, not what was wanted";
        EXPECT_TRUE(w.SendFile(file.fd(), 0, 1).Is(kClientGone)) << "the first error stays";
        return err;
      },
      RequestBuilder());
  EXPECT_TRUE(recorder.Aborted());
  EXPECT_EQ(recorder.Body().size(), 100'000u);
}

TEST(SendFile, LeavesThePositionOfTheDescriptor) {
  const TempFile file(Letters(10'000));
  ASSERT_EQ(lseek(file.fd(), 3, SEEK_SET), 3);
  Recorder recorder;
  recorder.Serve(Send(file, 5, 9000), RequestBuilder());
  EXPECT_EQ(recorder.Body(), Letters(10'000).substr(5, 9000));
  EXPECT_EQ(lseek(file.fd(), 0, SEEK_CUR), 3);
}

}  // namespace
}  // namespace weft
