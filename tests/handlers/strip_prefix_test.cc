// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/routing/strip_prefix.h>

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include <weft/handlers/testing.h>

namespace weft {
namespace {

// "path raw_path", or the status.
std::string Inside(const std::string& prefix, const std::string& target) {
  std::string seen;
  const Handler handler = StripPrefix(prefix, [&](ResponseWriter&, Request& r) {
    seen = std::string(r.Path()) + " " + std::string(r.RawPath());
  });
  Recorder recorder;
  recorder.Serve(handler, RequestBuilder("GET", target));
  return recorder.Status() == 200 ? seen : std::to_string(recorder.Status());
}

TEST(StripPrefix, TakesWholeSegmentsOffBothPaths) {
  EXPECT_EQ(Inside("/static", "/static/css/a%20b?x=1"), "/css/a b /css/a%20b");
  EXPECT_EQ(Inside("/static", "/static/"), "/ /");
  EXPECT_EQ(Inside("/static", "/static"), "/ /");
  EXPECT_EQ(Inside("/a/b", "/a/b/c"), "/c /c");
  EXPECT_EQ(Inside("/a b", "/a%20b/c"), "/c /c");
  EXPECT_EQ(Inside("/a", "/%61/%2Fc"), "//c /%2Fc");
}

TEST(StripPrefix, RespondsNotFoundOutsideThePrefix) {
  EXPECT_EQ(Inside("/static", "/statics"), "404");
  EXPECT_EQ(Inside("/static", "/other"), "404");
  EXPECT_EQ(Inside("/static", "/"), "404");
  EXPECT_EQ(Inside("/a/b", "/a%2Fb/c"), "404") << "an encoded slash splits nothing";
  EXPECT_EQ(Inside("/a/b", "/a"), "404");
  EXPECT_EQ(Inside("/a", "*"), "404");
}

TEST(StripPrefix, ThePathIsPutBackAlsoAfterAnException) {
  std::string after;
  const Handler inner = StripPrefix("/a", [](ResponseWriter&, Request&) { throw std::runtime_error("broken"); });
  Recorder recorder;

  recorder.Serve(
      [&](ResponseWriter& w, Request& r) {
        try {
          static_cast<void>(inner(w, r));
        } catch (const std::runtime_error&) {
          after = std::string(r.Path()) + " " + std::string(r.RawPath());
        }
      },
      RequestBuilder("GET", "/a/b"));

  EXPECT_EQ(after, "/a/b /a/b");
}

TEST(StripPrefix, APrefixStartsWithASlashAndEndsWithout) {
  const auto make = [](const char* prefix) { static_cast<void>(StripPrefix(prefix, [](ResponseWriter&, Request&) {})); };
  for (const char* prefix : {"", "/", "a", "/a/"}) EXPECT_THROW(make(prefix), std::invalid_argument) << prefix;
}

}  // namespace
}  // namespace weft
