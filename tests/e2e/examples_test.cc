// SPDX-License-Identifier: Apache-2.0
//
// The examples as their users run them: as processes, over TCP, ended by signals.
#include <stdlib.h>  // mkdtemp

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "kit.h"
#include "process.h"

namespace weft {
namespace {

const std::string kHello = std::string(WEFT_EXAMPLES_DIR) + "/hello";

std::string After(const std::string& line, const std::string& words) {
  EXPECT_EQ(line.compare(0, words.size(), words), 0) << line;
  return line.size() > words.size() ? line.substr(words.size()) : std::string();
}

int LinesOf(const std::string& text) {
  int lines = 0;
  for (const char c : text) lines += c == '\n' ? 1 : 0;
  return lines;
}

TEST(Download, HandsOutThePlainFilesOfItsFolder) {
  std::string top = ::testing::TempDir() + "weft_download.XXXXXX";
  ASSERT_NE(mkdtemp(top.data()), nullptr);
  const std::string folder = top + "/files";
  std::filesystem::create_directories(folder + "/folder");
  std::string large;
  for (int i = 0; i < 100'000; ++i) large += std::to_string(i);
  std::ofstream(top + "/secret") << "secret";
  std::ofstream(folder + "/.hidden") << "secret";
  std::ofstream(folder + "/empty");
  std::ofstream(folder + "/large.txt") << large;
  std::filesystem::create_symlink("../secret", folder + "/link");
  Process download(std::string(WEFT_EXAMPLES_DIR) + "/download", {"--address", "127.0.0.1:0", "--loops", "1", "--folder", folder});
  const std::string bound = After(download.Line(), "listening on ");

  const TestResponse answer = Fetch(bound, "/files/large.txt");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.body == large);
  EXPECT_EQ(Fetch(bound, "/files/empty").status, 200);
  for (const char* path : {"/files/nothing", "/files/.hidden", "/files/link", "/files/folder", "/files/..%2fsecret", "/files/"}) {
    EXPECT_EQ(Fetch(bound, path).status, 404) << path;
  }
  download.Signal(SIGTERM);
  EXPECT_EQ(download.Wait(), 0);
  std::filesystem::remove_all(top);
}

TEST(Hello, SaysHelloAndEndsOnASignal) {
  Process hello(kHello, {"--address", "127.0.0.1:0", "--loops", "1"});
  const std::string bound = After(hello.Line(), "listening on ");

  const TestResponse answer = Fetch(bound, "/");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "Hello, World!");
  EXPECT_TRUE(answer.Header("Content-Type").starts_with("text/plain"));
  EXPECT_EQ(Fetch(bound, "/nothing").status, 404);

  hello.Signal(SIGTERM);
  EXPECT_EQ(hello.Wait(), 0);
}

std::vector<std::string> ProgramsWithFlags() {
  std::vector<std::string> programs = {kHello};
#ifdef WEFT_HAS_SERVICE
  programs.push_back(std::string(WEFT_EXAMPLES_DIR) + "/service");
#endif
  return programs;
}

TEST(Examples, RefuseBadFlagsWithOneLineAndCode2) {
  const std::vector<std::string> bad[] = {
      {"--adress", "127.0.0.1:0"}, {"--loops", "none"}, {"--loops", "0"}, {"--address"}, {"--address", "nonsense"}, {"stray"}};
  for (const std::string& program : ProgramsWithFlags()) {
    for (const std::vector<std::string>& flags : bad) {
      Process process(program, flags);
      EXPECT_EQ(process.Wait(), 2) << program << ' ' << flags.front();
      const std::string errors = process.Errors();
      EXPECT_EQ(LinesOf(errors), 1) << errors;
      const bool names_it = errors.find(flags.front()) != std::string::npos || errors.find(flags.back()) != std::string::npos;
      EXPECT_TRUE(names_it) << errors;
    }
  }
}

TEST(Examples, SayInOneLineThatTheAddressIsInUse) {
  TestServer taken(Background(), [](ResponseWriter& w, Request&) { return w.Write("x"); }, Tcp());
  const std::string address = taken.Bound().substr(std::string("http://").size());

  Process hello(kHello, {"--address", address});
  EXPECT_EQ(hello.Wait(), 1);
  EXPECT_EQ(hello.Errors(), "hello: listen on " + address + ": Address already in use\n");
}

}  // namespace
}  // namespace weft
