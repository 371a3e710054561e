// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gtest/gtest.h>

#include <weft/handlers/content/file_server.h>
#include <weft/handlers/testing.h>

#include "temp_folder.h"

namespace weft {
namespace {

class PrecompressedTest : public ::testing::Test {
 protected:
  PrecompressedTest() {
    folder_.Write("all.js", "plain script");
    folder_.Write("all.js.br", "br");
    folder_.Write("all.js.zst", "zst");
    folder_.Write("all.js.gz", "gzip");
    folder_.Write("some.js", "plain script");
    folder_.Write("some.js.gz", "gzip");
    folder_.Write("stale.js", "plain script");
    folder_.Write("stale.js.gz", "gzip", TempFolder::kModified - 1);
    folder_.Write("none.js", "plain script");
    folder_.Write("only.js.gz", "gzip");
    folder_.Write("odd", "plain script");
    folder_.Write("odd.gz", "<html>");
  }
  const Fields& Serve(const std::string& target, std::string_view accepted,
                      std::string_view name = "X", std::string_view value = "x") {
    recorder_.Serve(
        *FileServer(folder_.Path(), {.precompressed = true}),
        RequestBuilder("GET", target).Header("Accept-Encoding", accepted).Header(name, value));
    return recorder_.Header();
  }

  TempFolder folder_;
  Recorder recorder_;
};

TEST_F(PrecompressedTest, TakesWhatTheClientWantsMostAndIsThere) {
  const struct {
    const char* target;
    const char* accepted;
    const char* coding;
    const char* body;
  } cases[] = {
      {"/all.js", "gzip, deflate, br, zstd", "br", "br"},
      {"/all.js", "gzip, zstd", "zstd", "zst"},
      {"/all.js", "gzip;q=1, br;q=0.5", "gzip", "gzip"},
      {"/all.js", "*", "br", "br"},
      {"/all.js", "deflate", "", "plain script"},
      {"/all.js", "identity, gzip;q=0.5", "", "plain script"},
      {"/all.js", "br;q=0, gzip;q=0", "", "plain script"},
      {"/some.js", "br, gzip", "gzip", "gzip"},
      {"/some.js", "*", "gzip", "gzip"},
      {"/some.js", "br", "", "plain script"},
      {"/stale.js", "gzip", "", "plain script"},
      {"/none.js", "br, gzip, zstd", "", "plain script"},
  };
  for (const auto& each : cases) {
    const Fields& header = Serve(each.target, each.accepted);
    EXPECT_EQ(recorder_.Status(), 200);
    EXPECT_EQ(header.Get("Content-Encoding"), each.coding) << each.target << ' ' << each.accepted;
    EXPECT_EQ(recorder_.Body(), each.body) << each.target << ' ' << each.accepted;
    EXPECT_EQ(header.Get("Content-Type"), "text/javascript; charset=utf-8");
    EXPECT_EQ(header.Get("Vary"), "Accept-Encoding");
    EXPECT_EQ(header.Get("Content-Length"), std::to_string(recorder_.Body().size()));
  }
}

TEST_F(PrecompressedTest, AreVersionsOfTheirOwn) {
  const std::string plain(Serve("/all.js", "identity").Get("ETag"));
  const std::string gzip(Serve("/all.js", "gzip").Get("ETag"));
  EXPECT_NE(plain, gzip);
  EXPECT_EQ(Serve("/all.js", "gzip", "If-None-Match", gzip).Get("Vary"), "Accept-Encoding");
  EXPECT_EQ(recorder_.Status(), 304);
  Serve("/all.js", "gzip", "If-None-Match", plain);
  EXPECT_EQ(recorder_.Status(), 200);
  EXPECT_EQ(Serve("/all.js", "gzip", "Range", "bytes=1-2").Get("Content-Range"), "bytes 1-2/4");
  EXPECT_EQ(recorder_.Body(), "zi") << "of the encoded bytes";
}

TEST_F(PrecompressedTest, AreNotSniffedForTheirType) {
  EXPECT_EQ(Serve("/odd", "gzip").Get("Content-Type"), "application/octet-stream");
  EXPECT_EQ(Serve("/odd", "br").Get("Content-Type"), "text/plain; charset=utf-8");
}

TEST_F(PrecompressedTest, NeedTheFileItself) {
  Serve("/only.js", "gzip");
  EXPECT_EQ(recorder_.Status(), 404);
  EXPECT_EQ(Serve("/only.js.gz", "").Get("Content-Type"), "application/gzip");
}

TEST_F(PrecompressedTest, AreAChoice) {
  recorder_.Serve(*FileServer(folder_.Path()),
                  RequestBuilder("GET", "/all.js").Header("Accept-Encoding", "gzip"));
  EXPECT_EQ(recorder_.Body(), "plain script");
  EXPECT_FALSE(recorder_.Header().Has("Vary"));
}

}  // namespace
}  // namespace weft
