// SPDX-License-Identifier: Apache-2.0
#include "server_kit.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Bad {
  std::string bytes;
  int status;
};

std::vector<Bad> BadRequests() {
  return {
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400},  // TLS
      {"GET / HTTP/1.1\nHost: h\n\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"GET / HTTP/3.0\r\nHost: h\r\n\r\n", 505},
      {"GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", 414},
      {"GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(70'000, 'a') + "\r\n\r\n", 431},
      {std::string("GET / HTTP/1.1\r\nHost: h\r\nA: \0\r\n\r\n", 32), 400},
  };
}

std::string Begin(const std::string& bytes) { return bytes.substr(0, 60); }

TEST(BadInput, GetsAnErrorResponseAndEndsTheConnection) {
  for (const Bad& bad : BadRequests()) {
    SCOPED_TRACE(Begin(bad.bytes));
    Virtually([&](const Context& ctx) {
      bool called = false;
      Site site(ctx, [&](ResponseWriter&, Request&) { called = true; });
      Client client = site.Connect();

      (void)client.raw().Send(ctx, bad.bytes + std::string(kGet));
      const std::string all = client.ToEnd();

      EXPECT_THAT(all, StartsWith("HTTP/1.1 " + std::to_string(bad.status) + " "));
      EXPECT_THAT(all, HasSubstr("\r\nConnection: close\r\n"));
      EXPECT_THAT(all, HasSubstr("\r\nContent-Length: "));
      EXPECT_THAT(all.substr(5), Not(HasSubstr("HTTP/1.1 ")));  // one response only
      EXPECT_FALSE(called);
      EXPECT_EQ(site.Count("bad request " + std::to_string(bad.status)), 1);
    });
  }
}

TEST(BadInput, InPiecesIsTheSame) {
  for (const Bad& bad : BadRequests()) {
    if (bad.bytes.size() > 1000) continue;
    SCOPED_TRACE(Begin(bad.bytes));
    Virtually([&](const Context& ctx) {
      Site site(ctx, Say("x"));
      Client client = site.Connect();

      for (const char c : bad.bytes) {
        if (client.raw().Send(ctx, {&c, 1})) break;
        (void)Sleep(ctx, std::chrono::microseconds(1));
      }

      EXPECT_THAT(client.ToEnd(), StartsWith("HTTP/1.1 " + std::to_string(bad.status) + " "));
    });
  }
}

TEST(BadInput, AfterAGoodRequestDoesNotSpoilIt) {
  for (const Bad& bad : BadRequests()) {
    SCOPED_TRACE(Begin(bad.bytes));
    Virtually([&](const Context& ctx) {
      Site site(ctx, Say("good"));
      Client client = site.Connect();

      (void)client.raw().Send(ctx, std::string(kGet) + bad.bytes);

      EXPECT_EQ(client.ReadResponse().body, "good");
      EXPECT_EQ(client.ReadResponse().status, bad.status);
      EXPECT_TRUE(client.Ended());
    });
  }
}

TEST(BadInput, LeavesTheServerToOthers) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("good"));
    Client other = site.Connect();
    for (const Bad& bad : BadRequests()) {
      Client client = site.Connect();
      (void)client.raw().Send(ctx, bad.bytes);
      EXPECT_EQ(other.Get("/").body, "good");
    }
    EXPECT_FALSE(site.Stop());
  });
}

TEST(BadInput, DoesNotShowWhatTheClientSent) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"));
    Client client = site.Connect();

    client.Send("GET /<script> HTTP/1.1\r\nHost: h\r\nX : <script>\r\n\r\n");

    EXPECT_THAT(client.ToEnd(), Not(HasSubstr("<script>")));
  });
}

TEST(BadInput, EndlessInputCostsBoundedMemoryAndTime) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"));
    Client client = site.Connect();
    const TimePoint begin = Now();

    Error err;
    while (!err && Now() - begin < std::chrono::seconds(30)) {
      err = client.raw().Send(ctx, std::string(10'000, 'a'));
      (void)Sleep(ctx, std::chrono::milliseconds(1));
    }

    EXPECT_TRUE(err);
    // After 64 MiB, of which each millisecond brings 10 kB.
    EXPECT_LE(Now() - begin, std::chrono::seconds(7));
  });
}

}  // namespace
}  // namespace weft
