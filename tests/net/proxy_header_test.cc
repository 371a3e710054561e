// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <weft/net/internal/proxy_header.h>

namespace weft::internal {
namespace {

using Verdict = ProxyHeaderResult::Verdict;

// What the parser says of these bytes, in one line: "1.2.3.4:5 after 40", "nobody after 15", "more", or why not.
std::string Read(std::string_view bytes) {
  // A copy without a byte behind its end, so that a sanitizer sees a look too far.
  const std::unique_ptr<char[]> copy(new char[bytes.size() + 1]);
  bytes.copy(copy.get() + 1, bytes.size());
  SocketAddress client;
  const ProxyHeaderResult result = ParseProxyHeader({copy.get() + 1, bytes.size()}, client);
  if (result.verdict == Verdict::kNeedMore) return "more";
  if (result.verdict == Verdict::kBad) return result.reason;
  return (client.size == 0 ? "nobody" : FormatPeer(client)) + " after " + std::to_string(result.consumed);
}

std::string Number(std::size_t number, int bytes) {
  std::string text;
  while (bytes-- > 0) text += static_cast<char>(number >> (8 * bytes));
  return text;
}

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
const std::string kIpv4Ends("\xC0\x00\x02\x07\x0A\x00\x00\x01\xC3\x50\x01\xBB", 12);  // 192.0.2.7:50000 to 10.0.0.1:443
const std::string kIpv6Ends = [] {
  std::string source(16, '\0');
  source[0] = 0x20;
  source[1] = 0x01;
  source[2] = 0x0D;
  source[3] = static_cast<char>(0xB8);
  source[15] = 1;
  return source + std::string(16, 'x') + Number(50000, 2) + Number(443, 2);
}();

std::string Binary(int command, int family, std::string_view rest) {
  return kSignature + static_cast<char>(0x20 | command) + static_cast<char>(family) + Number(rest.size(), 2) + std::string(rest);
}

std::string Tlv(int type, std::string_view value) {
  return static_cast<char>(type) + Number(value.size(), 2) + std::string(value);
}

std::string WithChecksum(int family, std::string_view ends, std::string_view before, std::string_view behind) {
  const std::string begin = std::string(ends) + std::string(before);
  const std::string blank = Binary(1, family, begin + Tlv(3, std::string(4, '\0')) + std::string(behind));
  std::string header = blank;
  header.replace(16 + begin.size() + 3, 4, Number(Crc32c(blank), 4));
  return header;
}

struct ProxyHeaderCase {
  std::string bytes;
  std::string expected;
};

std::vector<ProxyHeaderCase> GoodLines() {
  const std::string longest = "PROXY UNKNOWN " + std::string(107 - 16, 'f') + "\r\n";
  return {
      {"PROXY TCP4 192.0.2.7 10.0.0.1 50000 443\r\n", "192.0.2.7:50000 after 41"},
      {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535 after 56"},
      {"PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "0.0.0.0:0 after 32"},
      {"PROXY TCP6 2001:db8::1 ::1 50000 443\r\n", "[2001:db8::1]:50000 after 38"},
      {"PROXY TCP6 2001:DB8::1 ::1 50000 443\r\n", "[2001:db8::1]:50000 after 38"},
      {"PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n", "192.0.2.7:1 after 37"},
      {"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
       "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535 after 104"},
      {"PROXY UNKNOWN\r\n", "nobody after 15"},
      {"PROXY UNKNOWN ffff::1 whatever 1 2\r\n", "nobody after 36"},
      {longest, "nobody after 107"},
  };
}

std::vector<ProxyHeaderCase> GoodBinaries() {
  const std::string unix_ends = "/run/client.sock" + std::string(200, '\0');
  const std::string extras = Tlv(1, "h2") + Tlv(4, "") + Tlv(0x20, "\x01\0\0\0\0") + Tlv(0xE0, std::string(300, 'x'));
  return {
      {Binary(1, 0x11, kIpv4Ends), "192.0.2.7:50000 after 28"},
      {Binary(1, 0x12, kIpv4Ends), "192.0.2.7:50000 after 28"},
      {Binary(1, 0x21, kIpv6Ends), "[2001:db8::1]:50000 after 52"},
      {Binary(1, 0x22, kIpv6Ends), "[2001:db8::1]:50000 after 52"},
      {Binary(1, 0x31, unix_ends), "unix after 232"},
      {Binary(0, 0x00, ""), "nobody after 16"},
      {Binary(0, 0x11, kIpv4Ends), "nobody after 28"},
      {Binary(0, 0xFF, "anything"), "nobody after 24"},
      {Binary(1, 0x00, ""), "nobody after 16"},
      {Binary(1, 0x00, "anything"), "nobody after 24"},
      {Binary(1, 0x01, ""), "nobody after 16"},
      {Binary(1, 0x10, ""), "nobody after 16"},
      {Binary(1, 0x11, kIpv4Ends + extras), "192.0.2.7:50000 after " + std::to_string(28 + extras.size())},
      {Binary(1, 0x11, kIpv4Ends + Tlv(4, std::string(4096 - 28 - 3, '\0'))), "192.0.2.7:50000 after 4096"},
      {WithChecksum(0x11, kIpv4Ends, "", ""), "192.0.2.7:50000 after 35"},
      {WithChecksum(0x21, kIpv6Ends, Tlv(1, "h2"), Tlv(5, "id")), "[2001:db8::1]:50000 after 69"},
  };
}

std::vector<ProxyHeaderCase> Bad() {
  const std::string address = "malformed address in the PROXY line";
  const std::string too_long = "PROXY line longer than 107 bytes";
  std::string flipped = WithChecksum(0x11, kIpv4Ends, "", Tlv(5, "id"));
  flipped[16] = static_cast<char>(flipped[16] ^ 1);
  std::string checked_twice = WithChecksum(0x11, kIpv4Ends, "", Tlv(3, std::string(4, '\0')));
  return {
      {"GET / HTTP/1.1\r\n", "no PROXY header"},
      {"POST / HTTP/1.1\r\n", "no PROXY header"},
      {"PROXY\tTCP4 1.2.3.4 1.2.3.4 1 2\r\n", "no PROXY header"},
      {"proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n", "no PROXY header"},
      {"\r\nPROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n", "no PROXY header"},
      {std::string("\r\n\r\n\0\r\nQUIX\n", 12), "no PROXY header"},
      {std::string(1, '\0'), "no PROXY header"},
      {"\x16\x03\x01", "no PROXY header"},
      {"PROXY \r\n", "unknown family in the PROXY line"},
      {"PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n", "unknown family in the PROXY line"},
      {"PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n", "unknown family in the PROXY line"},
      {"PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n", "unknown family in the PROXY line"},
      {"PROXY UNKNOWNX\r\n", "unknown family in the PROXY line"},
      {"PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n", "unknown family in the PROXY line"},
      {"PROXY TCP4\r\n", address},
      {"PROXY TCP4 \r\n", address},
      {"PROXY TCP4 1.2.3.4\r\n", address},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", address},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 1 \r\n", address},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n", address},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n", address},
      {"PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n", address},
      {"PROXY TCP4 1.2.3.4  1.2.3.4 1 2\r\n", address},
      {"PROXY TCP4 1.2.3.04 1.2.3.4 1 2\r\n", address},
      {"PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n", address},
      {"PROXY TCP4 1.2.3.256 1.2.3.4 1 2\r\n", address},
      {"PROXY TCP4 1.2.3.4 1.2.3.4x 1 2\r\n", address},
      {"PROXY TCP4 ::1 ::1 1 2\r\n", address},
      {"PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n", address},
      {"PROXY TCP6 fe80::1%lo ::1 1 2\r\n", address},
      {"PROXY TCP6 ::1::1 ::1 1 2\r\n", address},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n", address},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n", address},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 1 02\r\n", address},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n", address},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 1 -2\r\n", address},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 1 99999999999999999999\r\n", address},
      {std::string("PROXY TCP4 1.2.3.4\0 1.2.3.4 1 2\r\n", 34), address},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n", "bare LF in the PROXY line"},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\rx", "bare CR in the PROXY line"},
      {"PROXY UNKNOWN x\ny\r\n", "bare LF in the PROXY line"},
      {"PROXY UNKNOWN " + std::string(107 - 15, 'f') + "\r\n", too_long},
      {"PROXY UNKNOWN " + std::string(107 - 14, 'f'), too_long},
      {kSignature + '\x11', "unknown version of the PROXY header"},
      {kSignature + '\x31', "unknown version of the PROXY header"},
      {Binary(2, 0x11, kIpv4Ends), "unknown command in the PROXY header"},
      {Binary(15, 0x11, kIpv4Ends), "unknown command in the PROXY header"},
      {Binary(1, 0x41, kIpv4Ends), "unknown family in the PROXY header"},
      {Binary(1, 0x13, kIpv4Ends), "unknown family in the PROXY header"},
      {Binary(1, 0x11, kIpv4Ends.substr(1)), "PROXY header too short for its addresses"},
      {Binary(1, 0x21, kIpv4Ends), "PROXY header too short for its addresses"},
      {Binary(1, 0x31, std::string(215, 'x')), "PROXY header too short for its addresses"},
      {Binary(1, 0x11, std::string(4081, 'x')).substr(0, 16), "PROXY header too long"},
      {Binary(0, 0x00, std::string(65535, 'x')).substr(0, 16), "PROXY header too long"},
      {Binary(1, 0x11, kIpv4Ends + "x"), "PROXY header ends within a TLV"},
      {Binary(1, 0x11, kIpv4Ends + std::string("\x01\0", 2)), "PROXY header ends within a TLV"},
      {Binary(1, 0x11, kIpv4Ends + std::string("\x01\0\x02x", 4)), "PROXY header ends within a TLV"},
      {flipped, "PROXY header with a wrong checksum"},
      {Binary(1, 0x11, kIpv4Ends + Tlv(3, "abcd")), "PROXY header with a wrong checksum"},
      {Binary(1, 0x11, kIpv4Ends + Tlv(3, "abc")), "PROXY header with a wrong checksum"},
      {checked_twice, "PROXY header with a wrong checksum"},
  };
}

TEST(ProxyHeader, ReportsTheClientsAddress) {
  for (const std::vector<ProxyHeaderCase>& cases : {GoodLines(), GoodBinaries()}) {
    for (const ProxyHeaderCase& c : cases) EXPECT_EQ(Read(c.bytes), c.expected) << ::testing::PrintToString(c.bytes);
  }
}

TEST(ProxyHeader, RefusesWhatIsNotExactlyThat) {
  for (const ProxyHeaderCase& c : Bad()) EXPECT_EQ(Read(c.bytes), c.expected) << ::testing::PrintToString(c.bytes);
}

TEST(ProxyHeader, WaitsForTheRestAtEachByte) {
  for (const std::vector<ProxyHeaderCase>& cases : {GoodLines(), GoodBinaries()}) {
    for (const ProxyHeaderCase& c : cases) {
      for (std::size_t size = 0; size < c.bytes.size(); ++size) {
        EXPECT_EQ(Read(std::string_view(c.bytes).substr(0, size)), "more") << size << " of " << ::testing::PrintToString(c.bytes);
      }
    }
  }
}

TEST(ProxyHeader, LeavesTheClientsOwnBytes) {
  for (const std::vector<ProxyHeaderCase>& cases : {GoodLines(), GoodBinaries()}) {
    for (const ProxyHeaderCase& c : cases) {
      for (const std::string behind : {"GET / HTTP/1.1\r\n\r\n", "\r\n", "PROXY UNKNOWN\r\n", " "}) {
        EXPECT_EQ(Read(c.bytes + behind), c.expected);
      }
    }
  }
}

TEST(ProxyHeader, RefusesAtTheSameByteHoweverItIsSplit) {
  for (const ProxyHeaderCase& c : Bad()) {
    bool refused = false;
    for (std::size_t size = 0; size <= c.bytes.size(); ++size) {
      const std::string verdict = Read(std::string_view(c.bytes).substr(0, size));
      EXPECT_EQ(verdict, refused || verdict != "more" ? c.expected : "more") << size << " of " << ::testing::PrintToString(c.bytes);
      refused = verdict != "more";
    }
    EXPECT_TRUE(refused);
  }
}

TEST(ProxyHeader, RejectsAtTheFirstInvalidByte) {
  EXPECT_EQ(Read("G"), "no PROXY header");
  EXPECT_EQ(Read("PRO"), "more");
  EXPECT_EQ(Read("PRI"), "no PROXY header");
  EXPECT_EQ(Read("\r\n"), "more");
  EXPECT_EQ(Read("\r\nG"), "no PROXY header");
}

TEST(Crc32c, IsTheOneOfTheStandard) {  // RFC 3720 appendix B.4
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(Crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
  EXPECT_EQ(Crc32c("6789", Crc32c("12345")), 0xE3069283u);
}

}  // namespace
}  // namespace weft::internal
