// SPDX-License-Identifier: Apache-2.0
#include "clients_kit.h"

namespace weft {
namespace {

std::string Bytes(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>((i * 2654435761u) >> 13);
  return bytes;
}

TEST(Curl, UsesItsConnectionAgain) {
  WEFT_NEEDS(curl, "curl");
  ClientSite site;
  const std::string url = site.Url("/hello");

  const Outcome outcome = RunProgram(curl, {"-sS", "-w", " %{http_code} %{num_connects}\n", url, url, url});

  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(outcome.out, "hello 200 1\nhello 200 0\nhello 200 0\n");
}

TEST(Curl, AsksForTheHeadOnly) {
  WEFT_NEEDS(curl, "curl");
  ClientSite site;
  const std::string url = site.Url("/hello");

  const Outcome outcome = RunProgram(curl, {"-sS", "-I", "-w", "%{num_connects}\n", url, url});

  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(Occurrences(outcome.out, "HTTP/1.1 200 OK\r\n"), 2) << outcome.out;
  EXPECT_EQ(Occurrences(outcome.out, "Content-Length: 5\r\n"), 2);
  EXPECT_TRUE(outcome.out.ends_with("0\n"));
}

TEST(Curl, SpeaksTheOldVersion) {
  WEFT_NEEDS(curl, "curl");
  ClientSite site;
  const std::string url = site.Url("/hello");

  const Outcome once = RunProgram(curl, {"-sS", "--http1.0", "-w", " %{num_connects}\n", url, url});
  const Outcome kept = RunProgram(curl, {"-sS", "--http1.0", "-H", "Connection: keep-alive", "-w", " %{num_connects}\n", url, url});
  const Outcome large = RunProgram(curl, {"-sS", "--http1.0", "-o", "/dev/null", "-w", "%{size_download}\n", site.Url("/big?n=3000000")});

  EXPECT_EQ(once.out, "hello 1\nhello 1\n") << once.errors;
  EXPECT_EQ(kept.out, "hello 1\nhello 0\n") << kept.errors;
  EXPECT_EQ(large.out, "3000000\n") << large.errors;
}

TEST(Curl, SendsAndGetsTheSameBytes) {
  WEFT_NEEDS(curl, "curl");
  ClientSite site;
  const TemporaryFile file(Bytes(1 << 20));
  const std::vector<std::vector<std::string>> ways = {
      {"--data-binary", "@" + file.Path()},                            // with a length
      {"--data-binary", "@" + file.Path(), "-H", "Expect: 100-continue"},
      {"--data-binary", "@" + file.Path(), "-H", "Expect:"},
      {"-T", file.Path(), "-H", "Transfer-Encoding: chunked"},
      {"-T", file.Path(), "-H", "Transfer-Encoding: chunked", "-H", "Expect: 100-continue"},
      {"-T", file.Path(), "--http1.0"},
  };
  for (std::vector<std::string> arguments : ways) {
    SCOPED_TRACE(arguments.back());
    const TemporaryFile got;
    arguments.insert(arguments.end(), {"-sS", "-o", got.Path(), "-w", "%{http_code}", site.Url("/echo")});

    const Outcome outcome = RunProgram(curl, arguments);

    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    EXPECT_EQ(outcome.out, "200");
    EXPECT_TRUE(got.Read() == file.Read());
  }
}

TEST(Curl, WaitsForTheContinueAndGetsItAtOnce) {
  WEFT_NEEDS(curl, "curl");
  ClientSite site;
  const TemporaryFile file("some");

  const Outcome outcome =
      RunProgram(curl, {"-sS", "-v", "--expect100-timeout", "60", "--max-time", "30", "-H", "Expect: 100-continue", "--data-binary",
                        "@" + file.Path(), site.Url("/echo")});

  EXPECT_EQ(outcome.out, "some");
  EXPECT_EQ(Occurrences(outcome.errors, "< HTTP/1.1 100 Continue"), 1) << outcome.errors;
}

TEST(Curl, IsNotSentWhatItCouldDecompress) {
  WEFT_NEEDS(curl, "curl");
  ClientSite site;

  const Outcome outcome = RunProgram(curl, {"-sS", "--compressed", "-D", "-", site.Url("/hello")});

  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(Occurrences(outcome.out, "Content-Encoding"), 0);
  EXPECT_TRUE(outcome.out.ends_with("\r\n\r\nhello"));
}

TEST(Curl, SeesTrailers) {
  WEFT_NEEDS(curl, "curl");
  ClientSite site;

  const Outcome outcome = RunProgram(curl, {"-sS", "-D", "-", "-o", "/dev/null", site.Url("/big?n=100000")});

  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(Occurrences(outcome.out, "X-Sum: 100000"), 1) << outcome.out;
}

TEST(Curl, AsksForManyAtOnce) {
  WEFT_NEEDS(curl, "curl");
  ClientSite site;

  const Outcome outcome = RunProgram(
      curl, {"-sS", "-Z", "--parallel-max", "20", "-o", "/dev/null", "-w", "%{http_code} %{size_download}\n", site.Url("/big?n=1000&[1-200]")});

  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(Occurrences(outcome.out, "200 1000\n"), 200) << outcome.out;
}

}  // namespace
}  // namespace weft
