// SPDX-License-Identifier: Apache-2.0
#include <weft/http/media_type.h>

#include <string>

#include <gtest/gtest.h>

namespace weft {
namespace {

TEST(MediaType, IsReadWithItsParameters) {
  const std::optional<MediaType> type =
      ParseMediaType(" Multipart/Form-Data; Boundary=\"a \\\"b\\\\\" ;; charset=UTF-8 ; ");
  ASSERT_TRUE(type);
  EXPECT_EQ(type->essence, "multipart/form-data");
  EXPECT_EQ(type->parameters.size(), 2u);
  EXPECT_EQ(type->Parameter("boundary"), "a \"b\\");
  EXPECT_EQ(type->Parameter("charset"), "UTF-8");
  EXPECT_EQ(type->Parameter("q"), std::nullopt);
}

TEST(MediaType, IsWrittenSoThatItReadsTheSame) {
  EXPECT_EQ(ParseMediaType("text/html")->Format(), "text/html");
  EXPECT_EQ(ParseMediaType("TEXT/HTML;Charset=\"utf-8\"")->Format(), "text/html; charset=utf-8");
  EXPECT_EQ(ParseMediaType("a/b;c=\"d e\\\"\"")->Format(), "a/b; c=\"d e\\\"\"");
  EXPECT_EQ(ParseMediaType("a/b;c=\"\"")->Format(), "a/b; c=\"\"");
}

TEST(MediaType, IsNothingElse) {
  const char* const bad[] = {
      "",        "text",        "text/",        "/html",       "text /html",     "text/html x",
      "a/b;c",   "a/b;c=",      "a/b;=d",       "a/b;c =d",    "a/b;c= d",       "a/b;c=\"d",
      "a/b,c/d", "a/b;c=\"d\\", "a/b;c=\"d\"e", "a/b;c=d;C=e", "a/b;c=\"\x01\"", "a/b;c=d e"};
  for (const char* text : bad) EXPECT_FALSE(ParseMediaType(text)) << text;
}

TEST(MediaType, HasABoundedNumberOfParameters) {
  std::string text = "a/b";
  for (int i = 0; i < 32; ++i) text += ";p" + std::to_string(i) + "=x";
  EXPECT_TRUE(ParseMediaType(text));
  EXPECT_FALSE(ParseMediaType(text + ";more=x"));
}

TEST(MediaType, OfAFileIsKnownByItsEnding) {
  EXPECT_EQ(MediaTypeOfName("index.html"), "text/html; charset=utf-8");
  EXPECT_EQ(MediaTypeOfName("SITE.CSS"), "text/css; charset=utf-8");
  EXPECT_EQ(MediaTypeOfName("a/b.c/app.min.js"), "text/javascript; charset=utf-8");
  EXPECT_EQ(MediaTypeOfName("x.7z"), "application/x-7z-compressed");
  EXPECT_EQ(MediaTypeOfName("x.webmanifest"), "application/manifest+json");
  EXPECT_EQ(MediaTypeOfName("x.zst"), "application/zstd");
  for (const char* name :
       {"", "README", "x.", ".", "x.unknown", "x.htmlx", "x.averyverylongending"})
    EXPECT_EQ(MediaTypeOfName(name), "") << name;
}

TEST(MediaType, OfBytesIsGuessed) {
  EXPECT_EQ(DetectContentType("<!DOCTYPE html><p>"), "text/html; charset=utf-8");
  EXPECT_EQ(DetectContentType(std::string_view("\0\1\2", 3)), "application/octet-stream");
}

TEST(MediaType, IsWorthCompressingOrNot) {
  for (const char* type :
       {"text/html", "TEXT/CSS; charset=utf-8", "application/json", "application/problem+json",
        "image/svg+xml", "font/ttf", "application/wasm;x=y"}) {
    EXPECT_TRUE(IsCompressible(type)) << type;
  }
  for (const char* type : {"", "image/png", "text/event-stream", "text/event-stream; charset=utf-8",
                           "application/zip", "application/gzip", "application/octet-stream",
                           "font/woff2", "video/mp4", "multipart/byteranges", "json"}) {
    EXPECT_FALSE(IsCompressible(type)) << type;
  }
}

}  // namespace
}  // namespace weft
