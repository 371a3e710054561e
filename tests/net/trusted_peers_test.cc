// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <weft/net/internal/trusted_peers.h>

namespace weft::internal {
namespace {

Peer PeerAt(const std::string& host) {
  if (host != "unix") return Peer(*ResolveAddress((host.find(':') == std::string::npos ? host : "[" + host + "]") + ":5"));
  SocketAddress address;
  address.local.sun_family = AF_UNIX;
  address.size = sizeof(address.local.sun_family);
  return Peer(address);
}

TEST(TrustedPeers, HoldsWhatItsRangesCover) {
  struct Case {
    std::vector<std::string> trusted;
    std::vector<std::string> inside;
    std::vector<std::string> outside;
  };
  const std::vector<Case> cases = {
      {{}, {}, {"127.0.0.1", "::1", "unix"}},
      {{"127.0.0.1"}, {"127.0.0.1", "::ffff:127.0.0.1"}, {"127.0.0.2", "126.0.0.1", "::1", "unix"}},
      {{"10.0.0.0/8"}, {"10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"}, {"11.0.0.0", "9.255.255.255", "a00::"}},
      {{"10.1.2.128/25"}, {"10.1.2.128", "10.1.2.255"}, {"10.1.2.127", "10.1.3.128"}},
      {{"10.1.2.0/23"}, {"10.1.2.0", "10.1.3.255"}, {"10.1.1.255", "10.1.4.0"}},
      {{"0.0.0.0/0"}, {"1.2.3.4", "::ffff:1.2.3.4"}, {"::1", "unix"}},
      {{"::/0"}, {"::1", "fe80::1"}, {"1.2.3.4", "::ffff:1.2.3.4", "unix"}},
      {{"fd00::/8"}, {"fd00::1", "fdff:ffff::"}, {"fc00::", "fe00::"}},
      {{"2001:db8::1"}, {"2001:db8::1"}, {"2001:db8::2", "2001:db8:1::1"}},
      {{"2001:db8::/33"}, {"2001:db8:7fff::"}, {"2001:db8:8000::"}},
      {{"unix"}, {"unix"}, {"127.0.0.1", "::1", "::"}},
      {{"127.0.0.1", "unix", "::1"}, {"127.0.0.1", "unix", "::1"}, {"127.0.0.2", "::2"}},
  };
  for (const Case& c : cases) {
    const Result<TrustedPeers> peers = TrustedPeers::Parse(c.trusted);
    ASSERT_TRUE(peers.Ok()) << peers.Err().Message();
    EXPECT_EQ(peers->Empty(), c.trusted.empty());
    for (const std::string& host : c.inside) EXPECT_TRUE(peers->Contains(PeerAt(host))) << ::testing::PrintToString(c.trusted) << " " << host;
    for (const std::string& host : c.outside) EXPECT_FALSE(peers->Contains(PeerAt(host))) << ::testing::PrintToString(c.trusted) << " " << host;
  }
}

TEST(TrustedPeers, SaysWhichTextIsWrongAndWhy) {
  struct Case {
    std::string text;
    std::string expected;
  };
  const std::string forms = ": expected an address, a range such as 10.0.0.0/8, or unix";
  const std::vector<Case> cases = {
      {"", "\"\"" + forms},
      {"localhost", "\"localhost\"" + forms},
      {"10.0.0", "\"10.0.0\"" + forms},
      {"10.0.0.1:80", "\"10.0.0.1:80\"" + forms},
      {"[::1]", "\"[::1]\"" + forms},
      {" 10.0.0.1", "\" 10.0.0.1\"" + forms},
      {"unix:", "\"unix:\"" + forms},
      {std::string("::1\0", 4), std::string("\"::1\0\"", 6) + forms},
      {"10.0.0.0/", "\"10.0.0.0/\": the prefix must be a number from 0 to 32"},
      {"10.0.0.0/33", "\"10.0.0.0/33\": the prefix must be a number from 0 to 32"},
      {"10.0.0.0/-1", "\"10.0.0.0/-1\": the prefix must be a number from 0 to 32"},
      {"10.0.0.0/8x", "\"10.0.0.0/8x\": the prefix must be a number from 0 to 32"},
      {"::/129", "\"::/129\": the prefix must be a number from 0 to 128"},
      {"10.0.0.1/8", "\"10.0.0.1/8\": the address has bits set after its prefix"},
      {"fd00::1/8", "\"fd00::1/8\": the address has bits set after its prefix"},
      {"::ffff:10.0.0.1", "\"::ffff:10.0.0.1\": write an IPv4-mapped address as an IPv4 address"},
  };
  for (const Case& c : cases) EXPECT_EQ(TrustedPeers::Parse({"127.0.0.1", c.text}).Err().Message(), c.expected);
}

}  // namespace
}  // namespace weft::internal
