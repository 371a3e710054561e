// SPDX-License-Identifier: Apache-2.0
//
// What compression does to the fields of responses without a body, and to conditions.
#include <string>

#include <gtest/gtest.h>

#include <weft/handlers/content/serve_content.h>
#include <weft/handlers/middleware/compress.h>
#include <weft/handlers/testing.h>

#include "gunzip.h"

namespace weft {
namespace {

const std::string& Text() {
  static const std::string text(50'000, 't');
  return text;
}

Handler Site(std::string_view type = "text/plain") {
  return Chain(
      [type](ResponseWriter& w, Request& r) {
        w.Header().Set("Content-Type", type);
        return ServeContent(w, r, {.etag = "\"v1\""}, Text());
      },
      {Compress()});
}

RequestBuilder Asking(const std::string& method, std::string_view name = "X",
                      std::string_view value = "x") {
  return RequestBuilder(method, "/").Header("Accept-Encoding", "gzip").Header(name, value);
}

TEST(CompressFields, HeadHasThoseOfGetWithoutALength) {
  Recorder get;
  Recorder head;
  get.Serve(Site(), Asking("GET"));
  head.Serve(Site(), Asking("HEAD"));
  for (const char* name : {"Content-Encoding", "Content-Type", "ETag", "Vary", "Accept-Ranges"}) {
    EXPECT_EQ(head.Header().Get(name), get.Header().Get(name)) << name;
  }
  EXPECT_EQ(head.Header().Get("Content-Encoding"), "gzip");
  EXPECT_FALSE(head.Header().Has("Content-Length")) << "that of GET is not known";
  EXPECT_EQ(head.Body(), "");
  head.Serve(Site("image/png"), Asking("HEAD"));
  EXPECT_EQ(head.Header().Get("Content-Length"), "50000");
  EXPECT_FALSE(head.Header().Has("Content-Encoding"));
  head.Serve(Site(), RequestBuilder("HEAD"));
  EXPECT_EQ(head.Header().Get("Content-Length"), "50000");
  EXPECT_EQ(head.Header().Get("Vary"), "Accept-Encoding");
  EXPECT_EQ(head.Header().Get("ETag"), "\"v1\"");
}

TEST(CompressFields, HeadHasThoseOfGetHoweverTheHandlerWrites) {
  for (const std::size_t size : {0u, 100u, 2000u, 50'000u}) {
    for (const bool flushes : {false, true}) {
      const Handler handler = Chain(
          [size, flushes](ResponseWriter& w, Request&) -> Error {
            w.Header().Set("Content-Type", "text/plain");
            if (Error err = w.Write(std::string(size, 'x'))) return err;
            return flushes ? w.Flush() : Error();
          },
          {Compress()});
      Recorder get;
      Recorder head;
      get.Serve(handler, Asking("GET"));
      head.Serve(handler, Asking("HEAD"));
      EXPECT_FALSE(head.Err());
      EXPECT_EQ(head.Header().Get("Content-Encoding"), get.Header().Get("Content-Encoding"))
          << size << flushes;
      if (head.Header().Has("Content-Length")) {
        EXPECT_EQ(head.Header().Get("Content-Length"), get.Header().Get("Content-Length"))
            << size << flushes;
      }
    }
  }
}

TEST(CompressFields, ErrorsToHeadKeepThem) {
  Recorder recorder;
  recorder.Serve(
      Chain([](ResponseWriter&, Request&) { return HttpError(404, std::string(3000, 'x')); },
            {Compress()}),
      Asking("HEAD"));
  EXPECT_EQ(recorder.Status(), 404);
  EXPECT_EQ(recorder.Header().Get("Content-Length"), "3001");
}

// RFC 9110 section 15.4.5: the tag of a 304 is that of the response that was stored.
TEST(CompressFields, A304HasThoseOfTheStoredResponse) {
  for (const std::string method : {"GET", "HEAD"}) {
    Recorder recorder;
    recorder.Serve(Site(), Asking(method, "If-None-Match", "W/\"v1\""));
    EXPECT_EQ(recorder.Status(), 304);
    EXPECT_EQ(recorder.Header().Get("ETag"), "W/\"v1\"");
    EXPECT_EQ(recorder.Header().Get("Vary"), "Accept-Encoding");
    recorder.Serve(Site(), Asking(method, "If-None-Match", "\"v1\""));
    EXPECT_EQ(recorder.Status(), 304);
    EXPECT_EQ(recorder.Header().Get("ETag"), "\"v1\"");
  }
}

TEST(CompressFields, LeaveRangesToTheUncompressedForm) {
  Recorder recorder;
  recorder.Serve(Site(), Asking("GET", "Range", "bytes=5-9"));
  EXPECT_EQ(recorder.Status(), 206);
  EXPECT_EQ(recorder.Body(), "ttttt");
  EXPECT_EQ(recorder.Header().Get("ETag"), "\"v1\"");
  recorder.Serve(Site(), Asking("GET", "Range", "bytes=5-9,20-30"));
  EXPECT_EQ(recorder.Status(), 206);
  EXPECT_FALSE(recorder.Header().Has("Content-Encoding"));
  recorder.Serve(Site(), Asking("GET", "Range", "bytes=50000-"));
  EXPECT_EQ(recorder.Status(), 416);
  const RequestBuilder resumed = Asking("GET", "Range", "bytes=5-9").Header("If-Range", "W/\"v1\"");
  recorder.Serve(Site(), resumed);
  EXPECT_EQ(recorder.Status(), 200)
      << "a compressed download is not resumed from the middle of the other form";
  EXPECT_TRUE(Gunzip(recorder.Body()).text == Text());
}

}  // namespace
}  // namespace weft
