// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/file_server.h>

#include <sys/fsuid.h>

#include <string>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>

#include <weft/handlers/routing/mux.h>
#include <weft/handlers/testing.h>

#include "temp_folder.h"

namespace weft {
namespace {

class FileServerTest : public ::testing::Test {
 protected:
  FileServerTest() {
    folder_.Write("secret", "secret");
    folder_.Write("root/index.html", "<p>start");
    folder_.Write("root/site.css", "p {}");
    folder_.Write("root/a b/c d.txt", "blanks");
    folder_.Write("root/docs/index.html", "<p>docs");
    folder_.Write("root/.env", "secret");
    folder_.Write("root/.git/config", "secret");
    folder_.Write("root/.well-known/security.txt", "contact");
    folder_.Write("root/docs/.hidden", "secret");
    folder_.Write("root/large.bin", std::string(200'000, 'l'));
    std::filesystem::create_directories(folder_.At("root/empty"));
  }
  Handler Serving(FileServerOptions options = {}) const {
    Result<Handler> handler = FileServer(folder_.At("root"), std::move(options));
    EXPECT_TRUE(handler.Ok()) << handler.Err().Message();
    return *std::move(handler);
  }
  int StatusOf(const Handler& handler, const std::string& target) {
    recorder_.Serve(handler, RequestBuilder("GET", target));
    return recorder_.Status();
  }

  TempFolder folder_;
  Recorder recorder_;
};

TEST_F(FileServerTest, SendsAFileWithWhatIsKnownOfIt) {
  EXPECT_EQ(StatusOf(Serving(), "/site.css?v=7"), 200);
  EXPECT_EQ(recorder_.Body(), "p {}");
  EXPECT_EQ(recorder_.Header().Get("Content-Type"), "text/css; charset=utf-8");
  EXPECT_EQ(recorder_.Header().Get("Content-Length"), "4");
  EXPECT_EQ(recorder_.Header().Get("Last-Modified"), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_TRUE(recorder_.Header().Get("ETag").starts_with('"'));
  EXPECT_EQ(recorder_.Header().Get("Accept-Ranges"), "bytes");
  EXPECT_FALSE(recorder_.Header().Has("Vary"));
}

TEST_F(FileServerTest, RespondsToConditionsAndRanges) {
  const Handler handler = Serving();
  ASSERT_EQ(StatusOf(handler, "/large.bin"), 200);
  EXPECT_EQ(recorder_.Body().size(), 200'000u);
  const std::string tag(recorder_.Header().Get("ETag"));
  const auto status_with = [&](std::string_view name, std::string_view value) {
    recorder_.Serve(handler, RequestBuilder("GET", "/large.bin").Header(name, value));
    return recorder_.Status();
  };
  EXPECT_EQ(status_with("If-None-Match", tag), 304);
  EXPECT_EQ(status_with("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"), 304);
  EXPECT_EQ(status_with("If-Match", "\"other\""), 412);
  EXPECT_EQ(status_with("Range", "bytes=5-9"), 206);
  EXPECT_EQ(recorder_.Body(), "lllll");
  folder_.Write("root/large.bin", std::string(200'000, 'm'), TempFolder::kModified + 1);
  EXPECT_EQ(status_with("If-None-Match", tag), 200);
}

TEST_F(FileServerTest, SendsOnlyTheHeadToHead) {
  recorder_.Serve(Serving(), RequestBuilder("HEAD", "/large.bin"));
  EXPECT_EQ(recorder_.Status(), 200);
  EXPECT_EQ(recorder_.Header().Get("Content-Length"), "200000");
  EXPECT_EQ(recorder_.Body(), "");
}

TEST_F(FileServerTest, IsForGetAndHead) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "get"}) {
    recorder_.Serve(Serving(), RequestBuilder(method, "/site.css"));
    EXPECT_EQ(recorder_.Status(), 405) << method;
    EXPECT_EQ(recorder_.Header().Get("Allow"), "GET, HEAD");
  }
}

TEST_F(FileServerTest, FindsNothingElse) {
  const Handler handler = Serving();
  const char* const absent[] = {
      // Not there.
      "/nothing",
      "/nothing/",
      "/nothing/x",
      "/site.css/",
      "/site.css/x",
      "/empty/",
      // Ways out, plain and encoded.
      "/../secret",
      "/..%2fsecret",
      "/%2e%2e/secret",
      "/%2e%2e%2fsecret",
      "/.%2e/secret",
      "/docs/../../secret",
      "/docs/..%2f..%2fsecret",
      "/docs/../site.css",
      "/./site.css",
      "//site.css",
      "/docs//index.html",
      "/%2fetc%2fpasswd",
      "//etc/passwd",
      "/..",
      "/../",
      "/docs/..",
      "/..%00/secret",
      "/site.css%00.txt",
      "/%00",
      "/..%5csecret",
      "/%252e%252e/secret",
      "/....//secret",
      "/..;/secret",
      "/.../secret",
      "/%c0%ae%c0%ae/secret",
      "/%u002e%u002e/secret",
      "/..%c0%afsecret",
      // Hidden.
      "/.env",
      "/.git/config",
      "/.git/",
      "/docs/.hidden",
      "/%2eenv",
  };
  for (const char* target : absent) {
    EXPECT_EQ(StatusOf(handler, target), 404) << target;
    EXPECT_EQ(recorder_.Body(), "Not Found\n") << target;
  }
  EXPECT_EQ(StatusOf(handler, "/" + std::string(300, 'x')), 404);
  EXPECT_EQ(StatusOf(handler, "/" + std::string(60'000, 'x')), 404);
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "/x";
  EXPECT_EQ(StatusOf(handler, deep), 404);
}

TEST_F(FileServerTest, DecodesAPathOnce) {
  EXPECT_EQ(StatusOf(Serving(), "/a%20b/c%20d.txt"), 200);
  EXPECT_EQ(recorder_.Body(), "blanks");
  EXPECT_EQ(StatusOf(Serving(), "/%73ite.css"), 200);
  EXPECT_EQ(StatusOf(Serving(), "/a%2520b/c%2520d.txt"), 404);
}

TEST_F(FileServerTest, SendsTheIndexOfAFolder) {
  EXPECT_EQ(StatusOf(Serving(), "/"), 200);
  EXPECT_EQ(recorder_.Body(), "<p>start");
  EXPECT_EQ(recorder_.Header().Get("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(StatusOf(Serving(), "/docs/"), 200);
  EXPECT_EQ(recorder_.Body(), "<p>docs");
  EXPECT_EQ(StatusOf(Serving({.index = "site.css"}), "/"), 200);
  EXPECT_EQ(recorder_.Body(), "p {}");
  const Handler without = Serving({.index = ""});
  for (const char* target : {"/", "/docs/", "/docs", "/empty"})
    EXPECT_EQ(StatusOf(without, target), 404) << target;
}

TEST_F(FileServerTest, RedirectsAFolderToItsSlash) {
  const Handler handler = Serving();
  EXPECT_EQ(StatusOf(handler, "/docs?a=b&c"), 307);
  EXPECT_EQ(recorder_.Header().Get("Location"), "./docs/?a=b&c");
  EXPECT_EQ(StatusOf(handler, "/a%20b"), 307);
  EXPECT_EQ(recorder_.Header().Get("Location"), "./a%20b/");
  EXPECT_EQ(StatusOf(Serving({.prefix = "/static"}), "/static"), 307);
  EXPECT_EQ(recorder_.Header().Get("Location"), "./static/");
  std::filesystem::create_directories(folder_.At("root/x:y"));
  EXPECT_EQ(StatusOf(handler, "/x:y"), 307);
  EXPECT_EQ(recorder_.Header().Get("Location"), "./x:y/") << "not the scheme x";
}

TEST_F(FileServerTest, ShowsHiddenFilesByChoice) {
  EXPECT_EQ(StatusOf(Serving(), "/.well-known/security.txt"), 200);
  const Handler all = Serving({.hidden = true});
  EXPECT_EQ(StatusOf(all, "/.env"), 200);
  EXPECT_EQ(StatusOf(all, "/.git/config"), 200);
  EXPECT_EQ(StatusOf(all, "/../secret"), 404);
}

TEST_F(FileServerTest, FollowsLinksInsideByChoice) {
  folder_.Link("root/in", "site.css");
  folder_.Link("root/out", "../secret");
  folder_.Link("root/outside", "..");
  EXPECT_EQ(StatusOf(Serving(), "/in"), 200);
  EXPECT_EQ(StatusOf(Serving(), "/out"), 404);
  EXPECT_EQ(StatusOf(Serving(), "/outside/secret"), 404);
  EXPECT_EQ(StatusOf(Serving({.links = false}), "/in"), 404);
}

TEST_F(FileServerTest, NeitherServesNorWaitsForAPipe) {
  ASSERT_EQ(mkfifo(folder_.At("root/pipe").c_str(), 0600), 0);
  EXPECT_EQ(StatusOf(Serving(), "/pipe"), 404);
}

TEST_F(FileServerTest, SaysWhatMayNotBeRead) {
  ASSERT_EQ(chmod(folder_.Path().c_str(), 0755), 0);
  ASSERT_EQ(chmod(folder_.At("root/site.css").c_str(), 0), 0);
  const Handler handler = Serving();
  const int before = setfsuid(65534);  // root may read everything
  EXPECT_EQ(StatusOf(handler, "/site.css"), 403);
  setfsuid(static_cast<uid_t>(before));
  EXPECT_EQ(recorder_.Body(), "Forbidden\n");
}

TEST_F(FileServerTest, StandsBelowAPrefixInAMux) {
  Mux mux;
  mux.Handle("GET /static/", Serving({.prefix = "/static/"}));
  EXPECT_EQ(StatusOf(mux, "/static/site.css"), 200);
  EXPECT_EQ(StatusOf(mux, "/static/docs/"), 200);
  EXPECT_EQ(StatusOf(mux, "/static/"), 200);
  EXPECT_EQ(recorder_.Body(), "<p>start");
  EXPECT_EQ(StatusOf(mux, "/static/..%2fsecret"), 404);
  EXPECT_EQ(StatusOf(Serving({.prefix = "/static"}), "/site.css"), 404);
}

TEST_F(FileServerTest, SaysWhyItsFolderCannotBeOpened) {
  const Result<Handler> handler = FileServer(folder_.At("nothing"));
  EXPECT_TRUE(handler.Err().Is(std::errc::no_such_file_or_directory));
  EXPECT_NE(handler.Err().Message().find(folder_.At("nothing")), std::string::npos)
      << handler.Err().Message();
}

}  // namespace
}  // namespace weft
