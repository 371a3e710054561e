// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/internal/file_name.h>

#include <gtest/gtest.h>

namespace weft::internal {
namespace {

std::string Name(std::string_view path, std::string_view prefix = "",
                 std::string_view index = "index.html", bool hidden = false) {
  return FileNameOf(path, prefix, index, hidden).value_or("none");
}

TEST(FileName, IsThePathBelowThePrefix) {
  EXPECT_EQ(Name("/site.css"), "site.css");
  EXPECT_EQ(Name("/a/b c/d"), "a/b c/d");
  EXPECT_EQ(Name("/static/site.css", "/static"), "site.css");
  EXPECT_EQ(Name("/staticsite.css", "/static"), "none");
  EXPECT_EQ(Name("/stati", "/static"), "none");
  EXPECT_EQ(Name("/static", "/static"), ".");
  EXPECT_EQ(Name("*"), "none");
  EXPECT_EQ(Name("a"), "none");
}

TEST(FileName, OfAFolderIsItsIndex) {
  EXPECT_EQ(Name("/"), "index.html");
  EXPECT_EQ(Name("/a/"), "a/index.html");
  EXPECT_EQ(Name("/static/", "/static"), "index.html");
  EXPECT_EQ(Name("/", "", ""), "none");
  EXPECT_EQ(Name("/a/", "", ""), "none");
  EXPECT_EQ(Name("/a", "", ""), "a");
}

TEST(FileName, HasNoWayOut) {
  const std::string_view tricks[] = {
      "/..",        "/../x",          "/a/../x", "/a/..",  "/./x",       "/a/./x",   "//etc/passwd",
      "/a//x",      "/a//",           "//",      "/.",     "/a/.",       "/../",     "/a/../../x",
      "/..//x",     "/a/%2e%2e/../x", "/...",    "/..\\x", {"/a\0b", 4}, {"/\0", 2}, {"/a/\0/", 5},
      {"/..\0/", 5}};
  for (const std::string_view path : tricks) EXPECT_EQ(Name(path), "none") << path;
}

TEST(FileName, MayLookOddlyAndBeOne) {
  EXPECT_EQ(Name("/a..b"), "a..b");
  EXPECT_EQ(Name("/a.."), "a..");
  EXPECT_EQ(Name("/a\\..\\b"), "a\\..\\b") << "a backslash is a letter like others";
  EXPECT_EQ(Name("/C:"), "C:");
  EXPECT_EQ(Name("/%2e%2e"), "%2e%2e") << "decoded once, by the server";
}

TEST(FileName, IsHiddenWithADot) {
  EXPECT_EQ(Name("/.env"), "none");
  EXPECT_EQ(Name("/.git/config"), "none");
  EXPECT_EQ(Name("/a/.env"), "none");
  EXPECT_EQ(Name("/.well-known/x"), ".well-known/x");
  EXPECT_EQ(Name("/.well-known"), ".well-known");
  EXPECT_EQ(Name("/a/.well-known/x"), "none");
  EXPECT_EQ(Name("/.well-known/.x"), "none");
  EXPECT_EQ(Name("/.git/config", "", "index.html", true), ".git/config");
  for (const char* path : {"/.", "/..", "/a/..", "/../x"})
    EXPECT_EQ(Name(path, "", "index.html", true), "none") << path;
}

}  // namespace
}  // namespace weft::internal
