// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/compress.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/testing.h>
#include <weft/handlers/metrics.h>
#include <weft/handlers/testing.h>
#include <weft/http/status.h>

#include "../kit/temp_file.h"
#include "gunzip.h"

namespace weft {
namespace {

using Lines = std::vector<std::pair<std::string_view, std::string_view>>;

std::string Prose(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i)
    text += "line " + std::to_string(i * 7919) + " of a text\n";
  text.resize(size);
  return text;
}

// A handler of this body, with these fields.
Handler Says(std::string text, Lines fields, int status = 200) {
  return [text = std::move(text), fields = std::move(fields), status](ResponseWriter& w,
                                                                      Request&) -> Error {
    for (const auto& [name, value] : fields) w.Header().Set(name, value);
    w.WriteHeader(status);
    return StatusAllowsBody(status) ? w.Write(text) : Error();
  };
}

RequestBuilder Get(std::string_view accepted = "gzip", const std::string& method = "GET") {
  return RequestBuilder(method, "/").Header("Accept-Encoding", accepted);
}

Handler Compressed(Handler handler, CompressOptions options = {}) {
  return Chain(std::move(handler), {Compress(std::move(options))});
}

TEST(Compress, MakesAPageOfMetricsSmaller) {
  Metrics metrics;
  metrics.AddHistogram("some_seconds", "Some.").Observe(1);
  static_cast<void>(metrics.Count());  // has ten series at once
  Recorder recorder;
  recorder.Serve(Compressed(metrics.Serve()), Get());
  EXPECT_EQ(recorder.Header().Get("Content-Encoding"), "gzip");
  EXPECT_EQ(recorder.Header().Get("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(Gunzip(recorder.Body()).text.find("some_seconds_sum 1\n"), std::string::npos);
}

TEST(Compress, MakesABodySmallerForWhoeverTakesIt) {
  const std::string text = Prose(100'000);
  Recorder recorder;
  recorder.Serve(Compressed(Says(text, {{"Content-Type", "text/plain"},
                                        {"Content-Length", "100000"},
                                        {"ETag", "\"v1\""},
                                        {"Accept-Ranges", "bytes"}})),
                 Get("deflate, gzip;q=0.8"));
  EXPECT_EQ(recorder.Status(), 200);
  EXPECT_EQ(recorder.Header().Get("Content-Encoding"), "gzip");
  EXPECT_EQ(recorder.Header().Get("Vary"), "Accept-Encoding");
  EXPECT_EQ(recorder.Header().Get("ETag"), "W/\"v1\"");
  EXPECT_FALSE(recorder.Header().Has("Content-Length"));
  EXPECT_FALSE(recorder.Header().Has("Accept-Ranges"));
  EXPECT_LT(recorder.Body().size(), text.size() / 3);
  const Decoded decoded = Gunzip(recorder.Body());
  EXPECT_TRUE(decoded.ended);
  EXPECT_TRUE(decoded.text == text);
}

TEST(Compress, SaysTheLengthOfWhatFitsTheBuffer) {
  Recorder recorder;
  recorder.Serve(Compressed(Says(Prose(5000), {{"Content-Type", "text/plain"}})), Get());
  EXPECT_EQ(recorder.Header().Get("Content-Length"), std::to_string(recorder.Body().size()));
  EXPECT_TRUE(Gunzip(recorder.Body()).ended);
}

TEST(Compress, LeavesTheResponseToOthersButSaysThatItDepends) {
  const std::string text = Prose(5000);
  for (const char* accepted :
       {"", "br", "identity", "gzip;q=0", "gzip;q=0.5, identity;q=1", "*;q=0"}) {
    Recorder recorder;
    recorder.Serve(Compressed(Says(text, {{"Content-Type", "text/plain"}, {"ETag", "\"v1\""}})),
                   Get(accepted));
    EXPECT_TRUE(recorder.Body() == text) << accepted;
    EXPECT_EQ(recorder.Header().Get("Vary"), "Accept-Encoding");
    EXPECT_EQ(recorder.Header().Get("ETag"), "\"v1\"");
    EXPECT_FALSE(recorder.Header().Has("Content-Encoding"));
  }
}

struct Untouched {
  const char* why;
  Lines fields;
  int status = 200;
  std::size_t size = 5000;
  const char* vary = "";
};

const Untouched kUntouched[] = {
    {"a coding", {{"Content-Type", "text/plain"}, {"Content-Encoding", "br"}}},
    {"identity, which the handler has said",
     {{"Content-Type", "text/plain"}, {"Content-Encoding", "identity"}}},
    {"a part", {{"Content-Type", "text/plain"}, {"Content-Range", "bytes 0-4999/9000"}}, 206},
    {"parts", {{"Content-Type", "multipart/byteranges; boundary=x"}}, 206},
    {"a range of a 200", {{"Content-Type", "text/plain"}, {"Content-Range", "bytes 0-4999/9000"}}},
    {"no-transform",
     {{"Content-Type", "text/plain"}, {"Cache-Control", "max-age=5, No-Transform"}}},
    {"a digest", {{"Content-Type", "text/plain"}, {"Content-Digest", "sha-256=:x:"}}},
    {"an image", {{"Content-Type", "image/png"}}},
    {"a video", {{"Content-Type", "video/mp4"}}},
    {"an archive", {{"Content-Type", "application/zip"}}},
    {"unknown bytes", {{"Content-Type", "application/octet-stream"}}},
    {"a stream of events", {{"Content-Type", "text/event-stream"}}},
    {"no type, by choice", {{"Content-Type", ""}}},
    {"short, and known to be",
     {{"Content-Type", "text/plain"}, {"Content-Length", "1023"}},
     200,
     1023},
    {"short", {{"Content-Type", "text/plain"}}, 200, 1023, "Accept-Encoding"},
    {"empty", {{"Content-Type", "text/plain"}}, 200, 0, "Accept-Encoding"},
    {"204", {}, 204},
};

TEST(Compress, LeavesWhatIsNotForIt) {
  for (const Untouched& each : kUntouched) {
    Recorder recorder;
    const std::string text = Prose(each.size);
    recorder.Serve(Compressed(Says(text, each.fields, each.status)), Get());
    EXPECT_EQ(recorder.Status(), each.status) << each.why;
    EXPECT_EQ(recorder.Body() == text, StatusAllowsBody(each.status)) << each.why;
    EXPECT_EQ(recorder.Header().Get("Vary"), each.vary) << each.why;
    for (const auto& [name, value] : each.fields)
      EXPECT_EQ(recorder.Header().Get(name), value) << each.why;
  }
}

TEST(Compress, TakesTheTypesThatItIsGiven) {
  const auto encoded = [](std::string_view type, CompressOptions options) {
    Recorder recorder;
    recorder.Serve(Compressed(Says(Prose(5000), {{"Content-Type", type}}), std::move(options)),
                   Get());
    return recorder.Header().Has("Content-Encoding");
  };
  const auto only_x = [](std::string_view type) { return type == "x/y; z=1"; };
  EXPECT_TRUE(encoded("x/y; z=1", {.types = only_x}));
  EXPECT_FALSE(encoded("text/plain", {.types = only_x}));
  EXPECT_TRUE(encoded("text/plain", {.size_min = 5000}));
  EXPECT_FALSE(encoded("text/plain", {.size_min = 5001}));
}

TEST(Compress, SniffsTheTypeBeforeItCompresses) {
  const std::string page = "<!DOCTYPE html>" + Prose(5000);
  const std::string image = "\x89PNG\r\n\x1a\n" + Prose(5000);
  Recorder recorder;
  for (const std::size_t first :
       {std::size_t{1}, std::size_t{20}, std::size_t{2000}, page.size()}) {
    const auto in_two = [first](const std::string& text) {
      return Compressed([&text, first](ResponseWriter& w, Request&) -> Error {
        if (Error err = w.Write(std::string_view(text).substr(0, first))) return err;
        return w.Write(std::string_view(text).substr(first));
      });
    };
    recorder.Serve(in_two(page), Get());
    EXPECT_EQ(recorder.Header().Get("Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(recorder.Header().Get("Content-Encoding"), "gzip");
    EXPECT_TRUE(Gunzip(recorder.Body()).text == page);
    recorder.Serve(in_two(image), Get());
    EXPECT_FALSE(recorder.Header().Has("Content-Encoding"));
    EXPECT_FALSE(recorder.Header().Has("Vary"));
    EXPECT_TRUE(recorder.Body() == image);
  }
}

TEST(Compress, LetsAStreamBeFollowedFlushByFlush) {
  Recorder recorder;
  std::string said;
  recorder.Serve(Compressed([&](ResponseWriter& w, Request&) -> Error {
                   w.Header().Set("Content-Type", "application/x-ndjson");
                   if (Error err = w.Flush()) return err;
                   EXPECT_TRUE(w.HeadSent()) << "at once";
                   for (int i = 0; i < 20; ++i) {
                     const std::string event = "{\"event\":" + std::to_string(i) + "}\n";
                     said += event;
                     if (Error err = w.Write(event)) return err;
                     if (Error err = w.Flush()) return err;
                     EXPECT_EQ(Gunzip(recorder.Body()).text, said);
                   }
                   return {};
                 }),
                 Get());
  EXPECT_EQ(recorder.Header().Get("Content-Encoding"), "gzip");
  EXPECT_TRUE(Gunzip(recorder.Body()).ended);
  EXPECT_EQ(Gunzip(recorder.Body()).text, said);
}

TEST(Compress, AFlushBeforeTheFirstByteOfAnUnknownTypeDisablesIt) {
  Recorder recorder;
  recorder.Serve(Compressed([](ResponseWriter& w, Request&) -> Error {
                   if (Error err = w.Flush()) return err;
                   return w.Write(Prose(5000));
                 }),
                 Get());
  EXPECT_FALSE(recorder.Header().Has("Content-Encoding"));
  EXPECT_TRUE(recorder.Body() == Prose(5000));
}

TEST(Compress, HandlesBodiesOfAllSizesInAnyPieces) {
  for (const std::size_t size : {1024u, 4096u, 16'384u, 100'000u, 1'000'000u}) {
    for (const std::size_t piece : {97u, 5000u, 2'000'000u}) {
      const std::string text = Prose(size);
      Recorder recorder;
      recorder.Serve(Compressed([&](ResponseWriter& w, Request&) -> Error {
                       w.Header().Set("Content-Type", "text/plain");
                       for (std::size_t at = 0; at < size; at += piece) {
                         if (Error err = w.Write(std::string_view(text).substr(at, piece)))
                           return err;
                       }
                       return {};
                     }),
                     Get());
      const Decoded decoded = Gunzip(recorder.Body());
      EXPECT_TRUE(decoded.ended && decoded.text == text) << size << " in pieces of " << piece;
    }
  }
}

TEST(Compress, ReadsFilesAndCompressesThem) {
  const std::string text = Prose(300'000);
  const TempFile file(text);
  Recorder recorder;
  recorder.Serve(Compressed([&](ResponseWriter& w, Request&) {
                   w.Header().Set("Content-Type", "text/plain");
                   w.Header().Set("Content-Length", std::to_string(text.size()));
                   return w.SendFile(file.fd(), 0, text.size());
                 }),
                 Get());
  EXPECT_TRUE(Gunzip(recorder.Body()).text == text);
}

TEST(Compress, KeepsWatchOverTheLengthOfTheHandler) {
  for (const std::size_t wrong : {4999u, 5001u}) {
    Recorder recorder;
    recorder.Serve(Compressed(Says(Prose(wrong),
                                   {{"Content-Type", "text/plain"}, {"Content-Length", "5000"}})),
                   Get());
    EXPECT_TRUE(recorder.Err()) << wrong;
    EXPECT_TRUE(recorder.Aborted() || recorder.Status() == 500);
  }
}

TEST(Compress, HasABoundedNumberOfStates) {
  std::vector<std::string> codings;
  const std::string text = Prose(5000);
  const Middleware compress = Compress({.states_max = 2});
  // Each response is open while the next one is made.
  std::function<Error(int, ResponseWriter&)> nested = [&](int depth, ResponseWriter& w) -> Error {
    w.Header().Set("Content-Type", "text/plain");
    if (Error err = w.Write(text)) return err;
    if (depth == 0) return {};
    Recorder inner;
    inner.Serve(Chain([&](ResponseWriter& other, Request&) { return nested(depth - 1, other); },
                      {compress}),
                Get());
    codings.emplace_back(inner.Header().Get("Content-Encoding"));
    EXPECT_FALSE(inner.Err());
    return {};
  };
  for (int round = 0; round < 2; ++round) {
    codings.clear();
    Recorder recorder;
    recorder.Serve(Chain([&](ResponseWriter& w, Request&) { return nested(3, w); }, {compress}),
                   Get());
    codings.emplace_back(recorder.Header().Get("Content-Encoding"));
    EXPECT_EQ(codings, (std::vector<std::string>{"", "", "gzip", "gzip"}))
        << "the inner ones come last";
  }
}

TEST(Compress, GivesItsStateBackAfterAFailure) {
  const Middleware compress = Compress({.states_max = 1});
  for (int i = 0; i < 3; ++i) {
    Recorder recorder;
    recorder.FailAfter(10, kClientGone);
    recorder.Serve(Chain(Says(Prose(500'000), {{"Content-Type", "text/plain"}}), {compress}),
                   Get());
    EXPECT_TRUE(recorder.Err().Is(kClientGone));
    Recorder after;
    after.Serve(Chain(Says(Prose(5000), {{"Content-Type", "text/plain"}}), {compress}), Get());
    EXPECT_EQ(after.Header().Get("Content-Encoding"), "gzip");
    EXPECT_TRUE(Gunzip(after.Body()).text == Prose(5000));
  }
}

TEST(Compress, LeavesErrorsOfHandlersHijackedStreamsAndInterimResponses) {
  Recorder recorder;
  recorder.Serve(Compressed([](ResponseWriter& w, Request&) -> Error {
                   w.WriteHeader(103);
                   if (Error err = w.Write("some")) return err;
                   return HttpError(404, std::string(5000, 'x'));
                 }),
                 Get());
  EXPECT_EQ(recorder.Interim().size(), 1u);
  EXPECT_EQ(recorder.Status(), 404);
  EXPECT_EQ(recorder.Body().size(), 5001u);
  EXPECT_FALSE(recorder.Header().Has("Content-Encoding"));

  MemoryStream client = recorder.ClientStream();
  recorder.Serve(Compressed([](ResponseWriter& w, Request&) -> Error {
                   const Result<Stream> stream = w.Hijack();
                   return stream.Err();
                 }),
                 Get());
  EXPECT_FALSE(recorder.Err()) << recorder.Err().Message();
  EXPECT_TRUE(recorder.Hijacked());
}

TEST(Compress, LeavesTheErrorOfAHandlerThatThrowsForHead) {
  for (const char* method : {"HEAD", "GET"}) {
    Recorder recorder;
    recorder.Serve(Compressed([](ResponseWriter&, Request&) -> Error { throw std::runtime_error("thrown"); }), Get("gzip", method));
    EXPECT_EQ(recorder.Status(), 500);
    EXPECT_FALSE(recorder.Header().Has("Content-Encoding")) << method;
    EXPECT_FALSE(recorder.Header().Has("Vary")) << method;
  }
}

TEST(Compress, LetsOthersOfItsLoopGoInBetween) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    int turns = 0;
    bool ended = false;
    Group group(ctx);
    group.Go([&](const Context&) {
      Recorder recorder;
      recorder.Serve(Compressed(Says(Prose(1'000'000), {{"Content-Type", "text/plain"}})), Get());
      ended = true;
    });
    group.Go([&](const Context&) {
      for (; !ended; ++turns) Yield();
    });
    const Error failed = group.Wait();
    EXPECT_GE(turns, 1'000'000 / (16 * 1024));
    return failed;
  });
  EXPECT_FALSE(err) << err.Message();
}

}  // namespace
}  // namespace weft
