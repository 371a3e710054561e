// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/url.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weft::internal {
namespace {

TEST(UrlReader, ReadsEachUrlAsIfItWereTheFirst) {
  const std::vector<std::string> urls{
      "http://a",          "http://a/",        "http://a/b?c",     "http://a?c",       "http://a#d",        "http://a:80/b",   "http://a:8080/",
      "http://a:8081/",    "http://ab/",       "http://a.b/",      "HTTP://A/b",       "https://a/b",       "https://a:80/b",  "http://a@b/",
      "http://a:/",        "http://a:0/",      "http://",          "http:///b",        "http://[::1]/",     "http://[::1]:8/", "http://[::1",
      "http+unix://%2Fa/", "http+unix://%2F/", "http+unix://%2Fa", "http://a/\x01",    "http://a/\xFF",     "a",               "http://a\\/b",
      "http://a/b#\x01",   "http://a/://b/",   "http://a//b",      "http://a%41/b"};
  for (const std::string& first : urls) {
    for (const std::string& second : urls) {
      UrlReader reader;
      HttpUrl got, wanted;
      static_cast<void>(reader.Read(first, got));
      const Error err = reader.Read(second, got);
      const Error wanted_err = ParseHttpUrl(second, wanted);
      ASSERT_EQ(err.Message(), wanted_err.Message()) << second << " after " << first;
      if (err) continue;
      EXPECT_EQ(got.secure, wanted.secure) << second << " after " << first;
      EXPECT_EQ(got.address.Text(), wanted.address.Text()) << second << " after " << first;
      EXPECT_EQ(got.origin, wanted.origin) << second << " after " << first;
      EXPECT_EQ(got.authority, wanted.authority) << second << " after " << first;
      EXPECT_EQ(got.target, wanted.target) << second << " after " << first;
    }
  }
}

}  // namespace
}  // namespace weft::internal
