// SPDX-License-Identifier: Apache-2.0
//
// RFC 9110 section 13 as a client sees it: what a request with conditions gets. Which condition
// holds when is in tests/http/conditional_test.cc.
#include <weft/handlers/content/serve_content.h>

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weft/handlers/testing.h>
#include <weft/http/date.h>

#include "../../kit/temp_file.h"

namespace weft {
namespace {

constexpr std::string_view kText = "0123456789";
constexpr std::string_view kBefore = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr std::string_view kThen = "Sun, 06 Nov 1994 08:49:37 GMT";

ContentInfo Info() {
  return {.name = "digits.txt", .modified = ParseHttpDate(kThen), .etag = "\"v1\""};
}

Handler ServeText(ContentInfo info) {
  return [info](ResponseWriter& w, Request& r) { return ServeContent(w, r, info, kText); };
}

using Lines = std::vector<std::pair<std::string_view, std::string_view>>;

RequestBuilder Asking(const std::string& method, const Lines& lines) {
  RequestBuilder request(method, "/");
  for (const auto& [name, value] : lines) request.Header(name, value);
  return request;
}

TEST(ServeContent, SendsAllOfItWithItsValidators) {
  Recorder recorder;
  recorder.Serve(ServeText(Info()), RequestBuilder());
  EXPECT_EQ(recorder.Status(), 200);
  EXPECT_EQ(recorder.Body(), kText);
  EXPECT_EQ(recorder.Header().Get("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(recorder.Header().Get("Content-Length"), "10");
  EXPECT_EQ(recorder.Header().Get("Last-Modified"), kThen);
  EXPECT_EQ(recorder.Header().Get("ETag"), "\"v1\"");
  EXPECT_EQ(recorder.Header().Get("Accept-Ranges"), "bytes");
}

TEST(ServeContent, ToHeadSendsTheSameWithoutTheBody) {
  Recorder recorder;
  recorder.Serve(ServeText(Info()), RequestBuilder("HEAD"));
  EXPECT_EQ(recorder.Status(), 200);
  EXPECT_EQ(recorder.Body(), "");
  for (const auto& [name, value] : Lines{{"Content-Length", "10"},
                                         {"Content-Type", "text/plain; charset=utf-8"},
                                         {"Last-Modified", kThen},
                                         {"ETag", "\"v1\""},
                                         {"Accept-Ranges", "bytes"}}) {
    EXPECT_EQ(recorder.Header().Get(name), value);
  }
}

TEST(ServeContent, SniffsTheTypeWhereTheNameHasNone) {
  for (const std::string method : {"GET", "HEAD"}) {
    Recorder recorder;
    const std::string page = "<!DOCTYPE html>" + std::string(50'000, 'x');
    const TempFile file(page);
    const auto type_of = [&](const Handler& handler) {
      recorder.Serve(handler, RequestBuilder(method));
      return recorder.Header().Get("Content-Type");
    };
    EXPECT_EQ(type_of([&](ResponseWriter& w, Request& r) {
                return ServeContent(w, r, {.name = "page"}, page);
              }),
              "text/html; charset=utf-8");
    EXPECT_EQ(type_of([&](ResponseWriter& w, Request& r) {
                return ServeContent(w, r, {}, file.fd(), page.size());
              }),
              "text/html; charset=utf-8");
    EXPECT_EQ(type_of([&](ResponseWriter& w, Request& r) {
                return ServeContent(w, r, {.name = "page.css"}, page);
              }),
              "text/css; charset=utf-8");
    EXPECT_EQ(type_of([&](ResponseWriter& w, Request& r) {
                w.Header().Set("Content-Encoding", "gzip");
                return ServeContent(w, r, {}, page);
              }),
              "application/octet-stream");
    EXPECT_EQ(type_of([&](ResponseWriter& w, Request& r) {
                w.Header().Set("Content-Type", "x/y");
                return ServeContent(w, r, {.name = "page.css"}, page);
              }),
              "x/y");
  }
}

TEST(ServeContent, TakesTheFieldsOfTheHandlerFirst) {
  const Handler handler = [](ResponseWriter& w, Request& r) {
    w.Header().Set("ETag", "\"mine\"");
    w.Header().Set("Last-Modified", kBefore);
    w.Header().Set("Content-Type", "x/y");
    return ServeContent(w, r, Info(), kText);
  };
  Recorder recorder;
  recorder.Serve(handler, RequestBuilder());
  EXPECT_EQ(recorder.Header().Get("ETag"), "\"mine\"");
  EXPECT_EQ(recorder.Header().Get("Last-Modified"), kBefore);
  EXPECT_EQ(recorder.Header().Get("Content-Type"), "x/y");
  recorder.Serve(handler, Asking("GET", {{"If-None-Match", "\"mine\""}}));
  EXPECT_EQ(recorder.Status(), 304);
}

TEST(ServeContent, WithoutValidatorsHasNoConditions) {
  for (const auto& line : Lines{{"If-Modified-Since", kThen},
                                {"If-Unmodified-Since", kBefore},
                                {"If-None-Match", "\"v1\""}}) {
    Recorder recorder;
    recorder.Serve(ServeText({.name = "x.txt"}), Asking("GET", {line}));
    EXPECT_EQ(recorder.Status(), 200) << line.first;
    EXPECT_FALSE(recorder.Header().Has("ETag"));
    EXPECT_FALSE(recorder.Header().Has("Last-Modified"));
  }
}

struct Case {
  const char* method;
  Lines lines;
  int status;
};

const Case kCases[] = {
    {"GET", {{"If-Match", "\"v1\""}}, 200},
    {"GET", {{"If-Match", "\"v0\""}}, 412},
    {"HEAD", {{"If-Match", "\"v0\""}}, 412},
    {"GET", {{"If-Match", "*"}}, 200},
    {"GET", {{"If-Unmodified-Since", kThen}}, 200},
    {"GET", {{"If-Unmodified-Since", kBefore}}, 412},
    {"GET", {{"If-None-Match", "\"v1\""}}, 304},
    {"GET", {{"If-None-Match", "W/\"v1\""}}, 304},
    {"HEAD", {{"If-None-Match", "\"v1\""}}, 304},
    {"GET", {{"If-None-Match", "*"}}, 304},
    {"GET", {{"If-None-Match", "\"v0\""}}, 200},
    {"GET", {{"If-Modified-Since", kThen}}, 304},
    {"GET", {{"If-Modified-Since", kBefore}}, 200},
    {"GET", {{"If-None-Match", "\"v0\""}, {"If-Modified-Since", kThen}}, 200},
    {"GET", {{"If-Match", "\"v0\""}, {"If-None-Match", "\"v1\""}}, 412},
    // A range is looked at when all conditions let the request pass.
    {"GET", {{"Range", "bytes=0-0"}}, 206},
    {"GET", {{"If-Match", "\"v0\""}, {"Range", "bytes=0-0"}}, 412},
    {"GET", {{"If-None-Match", "\"v1\""}, {"Range", "bytes=0-0"}}, 304},
    {"GET", {{"If-None-Match", "\"v0\""}, {"Range", "bytes=0-0"}}, 206},
    {"GET", {{"If-Match", "\"v1\""}, {"Range", "bytes=20-"}}, 416},
    {"GET", {{"If-Range", "\"v1\""}, {"Range", "bytes=0-0"}}, 206},
    {"GET", {{"If-Range", "\"v0\""}, {"Range", "bytes=0-0"}}, 200},
    {"GET", {{"If-Range", "W/\"v1\""}, {"Range", "bytes=0-0"}}, 200},
    {"GET", {{"If-Range", kThen}, {"Range", "bytes=0-0"}}, 206},
    {"GET", {{"If-Range", kBefore}, {"Range", "bytes=0-0"}}, 200},
    {"GET", {{"If-Range", "\"v0\""}, {"Range", "bytes=20-"}}, 200},
    {"GET", {{"If-Range", "\"v0\""}}, 200},
};

TEST(ServeContent, RespondsByTheConditions) {
  for (const Case& each : kCases) {
    std::string shown = each.method;
    for (const auto& [name, value] : each.lines)
      shown.append(" ").append(name).append(": ").append(value);
    Recorder recorder;
    recorder.Serve(ServeText(Info()), Asking(each.method, each.lines));
    EXPECT_EQ(recorder.Status(), each.status) << shown;
    const bool whole = each.status == 200 && std::string_view(each.method) == "GET";
    EXPECT_EQ(recorder.Body() == kText, whole) << shown << recorder.Body();
  }
}

// RFC 9110 section 15.4.5.
TEST(ServeContent, SaysInA304WhatCachesNeed) {
  Recorder recorder;
  const Handler handler = [](ResponseWriter& w, Request& r) {
    w.Header().Set("Cache-Control", "max-age=60");
    w.Header().Set("Vary", "Accept-Encoding");
    w.Header().Set("Content-Encoding", "gzip");
    w.Header().Set("Content-Type", "x/y");
    return ServeContent(w, r, Info(), kText);
  };
  recorder.Serve(handler, Asking("GET", {{"If-None-Match", "\"v1\""}}));
  EXPECT_EQ(recorder.Status(), 304);
  EXPECT_EQ(recorder.Header().Get("ETag"), "\"v1\"");
  EXPECT_EQ(recorder.Header().Get("Cache-Control"), "max-age=60");
  EXPECT_EQ(recorder.Header().Get("Vary"), "Accept-Encoding");
  for (const char* name :
       {"Content-Type", "Content-Length", "Content-Encoding", "Last-Modified", "Accept-Ranges"}) {
    EXPECT_FALSE(recorder.Header().Has(name)) << name;
  }
  recorder.Serve(ServeText({.modified = ParseHttpDate(kThen)}),
                 Asking("GET", {{"If-Modified-Since", kThen}}));
  EXPECT_EQ(recorder.Header().Get("Last-Modified"), kThen)
      << "without a tag it is what caches go by";
}

TEST(ServeContent, SaysNothingOfTheContentInA412) {
  Recorder recorder;
  recorder.Serve(ServeText(Info()), Asking("GET", {{"If-Match", "\"v0\""}}));
  EXPECT_EQ(recorder.Body(), "Precondition Failed\n");
  for (const char* name : {"ETag", "Last-Modified", "Content-Range"})
    EXPECT_FALSE(recorder.Header().Has(name)) << name;
}

TEST(ServeContent, OfAFileSendsItWhateverItsSize) {
  for (const std::size_t size : {0u, 1u, 4096u, 32'768u, 32'769u, 300'000u}) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
      text[i] = static_cast<char>('a' + (i * 7 + i / 4099) % 26);
    const TempFile file(text);
    Recorder recorder;
    recorder.Serve(
        [&](ResponseWriter& w, Request& r) {
          return ServeContent(w, r, {.name = "x.txt"}, file.fd(), size);
        },
        RequestBuilder());
    EXPECT_EQ(recorder.Status(), 200);
    EXPECT_TRUE(recorder.Body() == text) << size;
    EXPECT_EQ(recorder.Header().Get("Content-Length"), std::to_string(size));
  }
}

TEST(ServeContent, OfAFileThatIsTooShortFails) {
  for (const std::size_t size : {100u, 100'000u}) {
    const TempFile file(std::string(size - 1, 'x'));
    Recorder recorder;
    recorder.Serve(
        [&](ResponseWriter& w, Request& r) {
          return ServeContent(w, r, {.name = "x.txt"}, file.fd(), size);
        },
        RequestBuilder());
    EXPECT_TRUE(recorder.Err());
    EXPECT_TRUE(recorder.Aborted() || recorder.Status() == 500);
  }
}

}  // namespace
}  // namespace weft
