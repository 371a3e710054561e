// SPDX-License-Identifier: Apache-2.0
//
// The example static_site, as curl sees it.
#include <stdlib.h>  // mkdtemp

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "clients_kit.h"

namespace weft {
namespace {

std::string Lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "line " + std::to_string(i) + "\n";
  return text;
}

class StaticSite : public ::testing::Test {
 protected:
  StaticSite() {
    EXPECT_NE(mkdtemp(top_.data()), nullptr);
    std::filesystem::create_directories(top_ + "/site/docs");
    Write("secret.txt", "secret");
    Write("site/index.html", "<p>start");
    Write("site/docs/index.html", "<p>docs");
    Write("site/large.txt", Lines(50'000));
    Write("site/photo.png", std::string(300'000, 'p'));
    Write("site/app.js", Lines(1000));
    Write("site/app.js.br", "made by brotli");
    process_.emplace(std::string(WEFT_EXAMPLES_DIR) + "/static_site",
                     std::vector<std::string>{"--address", "127.0.0.1:0", "--loops", "1",
                                              "--folder", top_ + "/site"});
    const std::string line = process_->Line();
    bound_ = line.substr(std::string("listening on ").size());
  }
  ~StaticSite() override {
    process_->Signal(SIGTERM);
    EXPECT_EQ(process_->Wait(), 0);
    std::filesystem::remove_all(top_);
  }
  // Files of an hour ago, so that their tags are strong.
  void Write(const std::string& name, const std::string& content) const {
    std::ofstream(top_ + "/" + name, std::ios::binary) << content;
    std::filesystem::last_write_time(
        top_ + "/" + name, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  }
  std::string Url(const std::string& path) const { return bound_ + path; }

  std::string top_ = ::testing::TempDir() + "weft_site.XXXXXX";
  std::optional<Process> process_;
  std::string bound_;
};

TEST_F(StaticSite, SendsFilesWholeAndCompressed) {
  WEFT_NEEDS(curl, "curl");
  EXPECT_EQ(RunProgram(curl, {"-sS", Url("/")}).out, "<p>start");
  EXPECT_EQ(RunProgram(curl, {"-sS", "-L", Url("/docs")}).out, "<p>docs");
  EXPECT_TRUE(RunProgram(curl, {"-sS", Url("/large.txt")}).out == Lines(50'000));
  EXPECT_TRUE(RunProgram(curl, {"-sS", Url("/photo.png")}).out == std::string(300'000, 'p'));
  const Outcome gzip = RunProgram(curl, {"-sS", "-H", "Accept-Encoding: gzip", "-o", "/dev/null",
                                         "-w", "%{size_download}", Url("/large.txt")});
  EXPECT_LT(std::stol("0" + gzip.out), 200'000) << gzip.errors;
  const Outcome image = RunProgram(curl, {"-sS", "-H", "Accept-Encoding: gzip", "-o", "/dev/null",
                                          "-w", "%{size_download}", Url("/photo.png")});
  EXPECT_EQ(image.out, "300000");
  EXPECT_EQ(RunProgram(curl, {"-sS", "-H", "Accept-Encoding: br, gzip", Url("/app.js")}).out,
            "made by brotli");
}

TEST_F(StaticSite, IsDecompressedByItsClients) {
  WEFT_NEEDS(curl, "curl");
  const Outcome outcome =
      RunProgram(curl, {"-sS", "--compressed", "-H", "Accept-Encoding: gzip", Url("/large.txt")});
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_TRUE(outcome.out == Lines(50'000));
}

TEST_F(StaticSite, SendsPartsAndContinuesDownloads) {
  WEFT_NEEDS(curl, "curl");
  EXPECT_EQ(RunProgram(curl, {"-sS", "-r", "0-5", Url("/large.txt")}).out, "line 0");
  EXPECT_EQ(RunProgram(curl, {"-sS", "-r", "-6", Url("/large.txt")}).out, "49999\n");
  const Outcome several = RunProgram(curl, {"-sS", "-i", "-r", "0-5,7-12", Url("/large.txt")});
  EXPECT_EQ(Occurrences(several.out, "Content-Range: bytes "), 2) << several.out;
  EXPECT_EQ(RunProgram(curl, {"-sS", "-o", "/dev/null", "-w", "%{http_code}", "-r", "900000-",
                              Url("/large.txt")})
                .out,
            "416");
  const TemporaryFile partial("line 0\nline");
  EXPECT_EQ(RunProgram(curl, {"-sS", "-C", "-", "-o", partial.Path(), Url("/large.txt")}).code, 0);
  EXPECT_TRUE(partial.Read() == Lines(50'000));
}

TEST_F(StaticSite, SaysWhatHasNotChanged) {
  WEFT_NEEDS(curl, "curl");
  const TemporaryFile tag;
  const std::vector<std::string> again = {
      "-sS",         "-o",       "/dev/null",      "-w",       "%{http_code}",
      "--etag-save", tag.Path(), "--etag-compare", tag.Path(), Url("/large.txt")};
  EXPECT_EQ(RunProgram(curl, again).out, "200");
  EXPECT_EQ(RunProgram(curl, again).out, "304");
  const std::string later = "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT";
  EXPECT_EQ(RunProgram(curl, {"-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", later,
                              Url("/large.txt")})
                .out,
            "304");
}

TEST_F(StaticSite, SendsHeadsAloneAndKeepsTheConnection) {
  WEFT_NEEDS(curl, "curl");
  for (const char* accepted : {"Accept-Encoding: gzip", "Accept-Encoding: identity"}) {
    const std::string url = Url("/large.txt");
    const Outcome outcome = RunProgram(
        curl, {"-sS", "-I", "-H", accepted, "-w", "connects %{num_connects}\n", url, url});
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    EXPECT_EQ(Occurrences(outcome.out, "HTTP/1.1 200 OK"), 2) << outcome.out;
    EXPECT_EQ(Occurrences(outcome.out, "Vary: Accept-Encoding"), 2);
    EXPECT_TRUE(outcome.out.ends_with("connects 0\n")) << outcome.out;
  }
}

TEST_F(StaticSite, HasNoWayOut) {
  WEFT_NEEDS(curl, "curl");
  for (const char* path :
       {"/../secret.txt", "/..%2fsecret.txt", "/%2e%2e/secret.txt", "/docs/../../secret.txt",
        "//secret.txt", "/docs/..%2f..%2fsecret.txt"}) {
    const Outcome outcome = RunProgram(
        curl, {"-sS", "--path-as-is", "-o", "/dev/null", "-w", "%{http_code}", Url(path)});
    EXPECT_EQ(outcome.out, "404") << path;
  }
}

}  // namespace
}  // namespace weft
