// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include "server_kit.h"

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::StartsWith;

const std::string kLine = "PROXY TCP4 192.0.2.7 10.0.0.1 50000 443\r\n";
const std::string kBinary("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0C\xC0\0\x02\x08\x0A\0\0\x01\xC3\x51\x01\xBB", 28);  // 192.0.2.8:50001
const std::string kLocal("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16);

Error TellPeer(ResponseWriter& w, Request& r) { return w.Write(r.Peer()); }

ServerOptions From(std::vector<std::string> proxies) {
  ServerOptions options;
  options.proxy_protocol_from = std::move(proxies);
  return options;
}

TEST(ProxyProtocol, TheClientIsWhomTheProxyNames) {
  Virtually([](const Context& ctx) {
    Site site(ctx, TellPeer, From({"unix"}));
    struct Row {
      std::string header;
      std::string peer;
    };
    for (const Row& row : {Row{kLine, "192.0.2.7:50000"}, Row{kBinary, "192.0.2.8:50001"}, Row{kLocal, "unix"},
                           Row{"PROXY UNKNOWN\r\n", "unix"}, Row{"PROXY TCP6 2001:db8::1 ::1 5 6\r\n", "[2001:db8::1]:5"}}) {
      Client client = site.Connect();
      client.Send(row.header);
      (void)Sleep(ctx, milliseconds(1));
      EXPECT_EQ(client.Get("/").body, row.peer);
      EXPECT_EQ(client.Get("/").body, row.peer);  // for all requests of the connection
    }
    EXPECT_TRUE(site.Events().empty());
  });
}

TEST(ProxyProtocol, ItsHeaderMayBeGluedToRequests) {
  Virtually([](const Context& ctx) {
    Site site(ctx, TellPeer, From({"unix"}));
    for (const std::string& header : {kLine, kBinary}) {
      const std::string peer = header == kLine ? "192.0.2.7:50000" : "192.0.2.8:50001";
      Client client = site.Connect();
      client.Send(header + std::string(kGet) + std::string(kGet));
      EXPECT_EQ(client.ReadResponse().body, peer);
      EXPECT_EQ(client.ReadResponse().body, peer);

      Client posts = site.Connect();
      posts.Send(header + "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc" + std::string(kGet));
      EXPECT_EQ(posts.ReadResponse().body, peer);
      EXPECT_EQ(posts.ReadResponse().body, peer);
    }
  });
}

TEST(ProxyProtocol, ItsHeaderMayComeInPieces) {
  Virtually([](const Context& ctx) {
    Site site(ctx, TellPeer, From({"unix"}));
    for (const std::string& header : {kLine, kBinary}) {
      const std::string bytes = header + std::string(kGet);
      const std::string peer = header == kLine ? "192.0.2.7:50000" : "192.0.2.8:50001";
      for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
        Client client = site.Connect();
        client.Send(bytes.substr(0, cut));
        (void)Sleep(ctx, milliseconds(1));
        client.Send(bytes.substr(cut));
        EXPECT_EQ(client.ReadResponse().body, peer) << cut;
      }
      Client trickles = site.Connect();
      for (const char byte : bytes) {
        trickles.Send({&byte, 1});
        (void)Sleep(ctx, milliseconds(1));
      }
      EXPECT_EQ(trickles.ReadResponse().body, peer);
    }
  });
}

TEST(ProxyProtocol, TheLongestHeaderIsTaken) {
  Virtually([](const Context& ctx) {
    Site site(ctx, TellPeer, From({"unix"}));
    std::string longest = kBinary + '\xE0' + std::string("\x0F\xE1", 2) + std::string(0x0FE1, 'x');
    ASSERT_EQ(longest.size(), 4096u);
    longest[14] = '\x0F';
    longest[15] = '\xF0';
    Client client = site.Connect();
    client.Send(longest + std::string(kGet) + std::string(kGet));

    EXPECT_EQ(client.ReadResponse().body, "192.0.2.8:50001");
    EXPECT_EQ(client.ReadResponse().body, "192.0.2.8:50001");
  });
}

TEST(ProxyProtocol, ATrustedPeerWithoutItIsClosedWithoutAResponse) {
  Virtually([](const Context& ctx) {
    Site site(ctx, TellPeer, From({"unix"}));
    for (const std::string& bytes : {std::string(kGet), std::string("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n") + std::string(kGet),
                                     std::string("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n") + std::string(kGet), "x" + kBinary}) {
      Client client = site.Connect();
      client.Send(bytes);
      EXPECT_EQ(client.ToEnd(), "");
    }
    EXPECT_THAT(site.Events(), ElementsAre("bad proxy header: no PROXY header", "bad proxy header: malformed address in the PROXY line",
                                           "bad proxy header: bare LF in the PROXY line", "bad proxy header: no PROXY header"));
  });
}

TEST(ProxyProtocol, ASecondHeaderIsABadRequest) {
  Virtually([](const Context& ctx) {
    Site site(ctx, TellPeer, From({"unix"}));
    Client client = site.Connect();
    client.Send(kLine + kLine);
    EXPECT_EQ(client.ReadResponse().status, 400);
    EXPECT_TRUE(client.Ended());
  });
}

TEST(ProxyProtocol, FromOthersItIsABadRequest) {
  Virtually([](const Context& ctx) {
    for (const std::vector<std::string>& proxies : {std::vector<std::string>{}, std::vector<std::string>{"10.0.0.0/8", "::/0"}}) {
      Site site(ctx, TellPeer, From(proxies));
      for (const std::string& header : {kLine, kBinary}) {
        Client client = site.Connect();
        client.Send(header + std::string(kGet));
        EXPECT_EQ(client.ReadResponse().status, 400);
        EXPECT_TRUE(client.Ended());
      }
      EXPECT_EQ(site.Connect().Get("/").body, "unix");
      EXPECT_EQ(site.Count("bad request 400"), 2);
    }
  });
}

TEST(ProxyProtocol, TrustFollowsTheAddressOfTheConnection) {
  struct Row {
    const char* address;
    std::vector<std::string> proxies;
    bool trusted;
  };
  for (const Row& row : {Row{"127.0.0.1:0", {"127.0.0.0/8"}, true}, Row{"127.0.0.1:0", {"10.0.0.0/8", "unix"}, false},
                         Row{"[::1]:0", {"::1"}, true}, Row{"[::1]:0", {"127.0.0.1"}, false}}) {
    ServerOptions options = From(row.proxies);
    options.address = row.address;
    Site site(Background(), TellPeer, options);
    Client client = site.Connect();
    client.Send(kLine + std::string(kGet));
    const TestResponse response = client.ReadResponse();
    EXPECT_EQ(response.status, row.trusted ? 200 : 400) << row.address;
    if (row.trusted) {
      EXPECT_EQ(response.body, "192.0.2.7:50000");
    }
    EXPECT_FALSE(site.Stop());
  }
}

TEST(ProxyProtocol, ASlowHeaderIsClosedInSilence) {
  Virtually([](const Context& ctx) {
    ServerOptions options = From({"unix"});
    options.header_timeout = seconds(3);
    Site site(ctx, TellPeer, options);
    Client silent = site.Connect();
    Client slow = site.Connect();
    Client late = site.Connect();
    const TimePoint begin = Now();
    for (int second = 0; second < 3; ++second) {
      slow.Send(kLine.substr(static_cast<std::size_t>(second), 1));
      (void)Sleep(ctx, milliseconds(900));
    }
    late.Send(kLine);  // the time for the first request runs from the accept, not from here
    EXPECT_EQ(slow.ToEnd(), "");
    EXPECT_EQ(silent.ToEnd(), "");
    EXPECT_EQ(late.ToEnd(), "");
    EXPECT_EQ(Now() - begin, seconds(3));
    EXPECT_EQ(site.Count("timeout header"), 3);
  });
}

TEST(ProxyProtocol, AConnectOnlyProbeIsNoEvent) {
  Virtually([](const Context& ctx) {
    Site site(ctx, TellPeer, From({"unix"}));
    { Client probe = site.Connect(); }
    {
      Client half = site.Connect();
      half.Send("PROXY ");
      (void)Sleep(ctx, milliseconds(1));
    }
    (void)Sleep(ctx, seconds(1));

    EXPECT_TRUE(site.Events().empty());
    EXPECT_FALSE(site.Stop());
  });
}

TEST(ProxyProtocol, AConnectionWithoutItsHeaderHasTheGraceOfANewConnection) {
  Virtually([](const Context& ctx) {
    Site site(ctx, TellPeer, From({"unix"}));
    Client speaks = site.Connect();
    Client half = site.Connect();
    half.Send("PROXY ");
    Client header_only = site.Connect();
    header_only.Send(kLine);

    site.server().BeginDrain();
    (void)Sleep(ctx, milliseconds(50));
    speaks.Send(kLine + std::string(kGet));

    EXPECT_EQ(speaks.ReadResponse().body, "192.0.2.7:50000");
    EXPECT_EQ(half.ToEnd(), "");
    EXPECT_EQ(header_only.ToEnd(), "");
    speaks.raw().Close();
    const TimePoint begin = Now();
    EXPECT_FALSE(site.Stop());
    EXPECT_LE(Now() - begin, milliseconds(250));
  });
}

TEST(ProxyProtocol, EventsNameTheClient) {
  struct Names final : Observer {
    void OnBadRequest(const BadRequest& e) override { seen.emplace_back(e.peer); }
    void OnBadProxyHeader(const BadProxyHeader& e) override { seen.emplace_back(e.peer); }
    std::vector<std::string> seen;
  };
  Virtually([](const Context& ctx) {
    Names names;
    ServerOptions options = From({"unix"});
    options.observer = &names;
    TestServer server(ctx, TellPeer, options);
    Client bad_request(ctx, server.Bound());
    bad_request.Send(kLine + "GET\r\n\r\n");
    EXPECT_EQ(bad_request.ReadResponse().status, 400);
    Client bad_header(ctx, server.Bound());
    bad_header.Send("GET");
    EXPECT_EQ(bad_header.ToEnd(), "");

    EXPECT_THAT(names.seen, ElementsAre("192.0.2.7:50000", "unix"));
  });
}

}  // namespace
}  // namespace weft
