// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <weft/net/internal/address.h>

namespace weft::internal {
namespace {

using ::testing::HasSubstr;

TEST(ParseAddress, TakesEachForm) {
  struct Case {
    const char* text;
    const char* host;
    int port;
  };
  const std::vector<Case> cases = {
      {"127.0.0.1:8080", "127.0.0.1", 8080}, {":8080", "", 8080},    {"localhost:0", "localhost", 0},
      {"[::1]:80", "::1", 80},               {"[::]:65535", "::", 65535}, {"my-host.example:1", "my-host.example", 1},
  };
  for (const Case& c : cases) {
    const Result<ParsedAddress> parsed = ParseAddress(c.text);
    ASSERT_TRUE(parsed.Ok()) << parsed.Err().Message();
    EXPECT_EQ(parsed->kind, ParsedAddress::Kind::kTcp) << c.text;
    EXPECT_EQ(parsed->host, c.host) << c.text;
    EXPECT_EQ(parsed->port, c.port) << c.text;
  }
}

TEST(ParseAddress, TakesUnixPathsAndAbstractNames) {
  for (const char* path : {"/run/app.sock", "relative.sock", "@name", "with:colon"}) {
    const Result<ParsedAddress> parsed = ParseAddress(std::string("unix:") + path);
    ASSERT_TRUE(parsed.Ok()) << parsed.Err().Message();
    EXPECT_EQ(parsed->kind, ParsedAddress::Kind::kUnix);
    EXPECT_EQ(parsed->path, path);
  }
}

TEST(ParseAddress, TakesSocketsThatWerePassed) {
  for (const char* which : {"", "web", "3", "app.socket"}) {
    const Result<ParsedAddress> parsed = ParseAddress(std::string("systemd:") + which);
    ASSERT_TRUE(parsed.Ok()) << parsed.Err().Message();
    EXPECT_EQ(parsed->kind, ParsedAddress::Kind::kSystemd);
    EXPECT_EQ(parsed->passed, which);
    EXPECT_FALSE(ResolveAddress(std::string("systemd:") + which).Ok());
  }
}

TEST(ParseAddress, SaysWhatIsWrong) {
  struct Case {
    std::string text;
    const char* expected;
  };
  const std::vector<Case> cases = {
      {"", "no port; expected HOST:PORT"},
      {"8080", "no port; expected HOST:PORT"},
      {"localhost", "no port"},
      {"[::1]", "no port"},
      {"::1:8080", "an IPv6 address must be in brackets"},
      {"[::1:8080", "the bracket is not closed"},
      {"[localhost]:80", "only an IPv6 address may be in brackets"},
      {":", "a number from 0 to 65535"},
      {":http", "a number from 0 to 65535"},
      {":65536", "a number from 0 to 65535"},
      {":-1", "a number from 0 to 65535"},
      {":80 ", "a number from 0 to 65535"},
      {"a b:80", "a blank or a slash"},
      {"http://localhost:80", "this is a URL"},
      {"unix:", "a path or @NAME is missing"},
      {"unix:@", "a path or @NAME is missing"},
      {"unix:/" + std::string(107, 'a'), "longer than 107 bytes"},
  };
  for (const Case& c : cases) EXPECT_THAT(ParseAddress(c.text).Err().Message(), HasSubstr(c.expected)) << c.text;
}

TEST(ResolveAddress, GivesWhatTheKernelTakes) {
  const Result<SocketAddress> v4 = ResolveAddress("127.0.0.1:8080");
  ASSERT_TRUE(v4.Ok()) << v4.Err().Message();
  EXPECT_EQ(v4->Family(), AF_INET);
  EXPECT_EQ(ntohs(v4->v4.sin_port), 8080);

  const Result<SocketAddress> v6 = ResolveAddress("[::1]:8080");
  ASSERT_TRUE(v6.Ok()) << v6.Err().Message();
  EXPECT_EQ(v6->Family(), AF_INET6);

  const Result<SocketAddress> any = ResolveAddress(":8080");
  ASSERT_TRUE(any.Ok()) << any.Err().Message();
  EXPECT_EQ(FormatPeer(*any), "[::]:8080");
}

TEST(ResolveAddress, PrefersIpv4ForAName) {
  const Result<SocketAddress> address = ResolveAddress("localhost:0");

  ASSERT_TRUE(address.Ok()) << address.Err().Message();
  EXPECT_EQ(FormatPeer(*address), "127.0.0.1:0");
}

TEST(ResolveAddress, SaysWhichNameIsUnknown) {
  EXPECT_THAT(ResolveAddress("[::zz]:80").Err().Message(), HasSubstr("resolve \"::zz\": "));
}

TEST(FormatPeer, ShowsIpv4ThatCameOverIpv6AsIpv4) {
  SocketAddress address;
  address.v6 = {};
  address.v6.sin6_family = AF_INET6;
  address.v6.sin6_port = htons(50000);
  inet_pton(AF_INET6, "::ffff:192.0.2.1", &address.v6.sin6_addr);
  address.size = sizeof address.v6;

  EXPECT_EQ(FormatPeer(address), "192.0.2.1:50000");
}

TEST(FormatPeer, NamesUnixClients) {
  SocketAddress unnamed;
  unnamed.any.sa_family = AF_UNIX;
  unnamed.size = offsetof(sockaddr_un, sun_path);
  EXPECT_EQ(FormatPeer(unnamed), "unix");
  EXPECT_EQ(FormatPeer(*ResolveAddress("unix:@client")), "unix:@client");
  EXPECT_EQ(FormatPeer(*ResolveAddress("unix:/run/client")), "unix:/run/client");
}

}  // namespace
}  // namespace weft::internal
