// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include <weft/http/internal/sniff.h>

namespace weft::internal {
namespace {

using namespace std::string_view_literals;

TEST(SniffContentType, KnowsTheCommonTypes) {
  struct Case {
    std::string_view body;
    std::string_view type;
  };
  const std::vector<Case> cases = {
      {"", "text/plain; charset=utf-8"},
      {"Hello, World!", "text/plain; charset=utf-8"},
      {"{\"a\":1}", "text/plain; charset=utf-8"},
      {"gr\xC3\xBC\xC3\x9F", "text/plain; charset=utf-8"},
      {"tab\tand\x1B[1m", "text/plain; charset=utf-8"},
      {"a\0b"sv, "application/octet-stream"},
      {"\x01", "application/octet-stream"},
      {"<!DOCTYPE HTML>", "text/html; charset=utf-8"},
      {" \r\n\t<HtMl><b>", "text/html; charset=utf-8"},
      {"<p class=x>", "text/html; charset=utf-8"},
      {"<!-- comment", "text/html; charset=utf-8"},
      {"<html", "text/plain; charset=utf-8"},
      {"<bold>", "text/plain; charset=utf-8"},
      {"a <html>", "text/plain; charset=utf-8"},
      {"<?xml version=\"1.0\"?>", "text/xml; charset=utf-8"},
      {"\x89PNG\r\n\x1A\n....", "image/png"},
      {"\x89PNG", "text/plain; charset=utf-8"},
      {"\xFF\xD8\xFF\xE0", "image/jpeg"},
      {"GIF89a....", "image/gif"},
      {"GIF is a format", "text/plain; charset=utf-8"},
      {"RIFF\1\2\3\4WEBPVP8 "sv, "image/webp"},
      {"RIFF\1\2\3\4WAVEfmt "sv, "audio/wave"},
      {"RIFF and raff", "text/plain; charset=utf-8"},
      {"\0\0\0\x18" "ftypmp42"sv, "video/mp4"},
      {"%PDF-1.7", "application/pdf"},
      {"PK\x03\x04", "application/zip"},
      {"\x1F\x8B\x08", "application/x-gzip"},
      {"\0asm\1\0\0\0"sv, "application/wasm"},
      {"wOF2", "font/woff2"},
      {"\xEF\xBB\xBFtext", "text/plain; charset=utf-8"},
      {"\xFE\xFF\0a"sv, "text/plain; charset=utf-16be"},
  };
  for (const Case& c : cases) EXPECT_EQ(SniffContentType(c.body), c.type) << c.body;
}

TEST(SniffContentType, LooksAtTheFirst512BytesOnly) {
  EXPECT_EQ(SniffContentType(std::string(511, 'a') + '\0'), "application/octet-stream");
  EXPECT_EQ(SniffContentType(std::string(512, 'a') + '\0'), "text/plain; charset=utf-8");
}

}  // namespace
}  // namespace weft::internal
