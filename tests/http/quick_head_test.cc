// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http1/quick_head.h>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "head_play.h"

namespace weft::internal {
namespace {

std::string FactsOf(const Head& head, const char* buffer) {
  std::string text;
  for (const Span span : {head.method, head.target, head.path, head.query, head.host}) text.append(span.In(buffer)).append("|");
  for (const std::uint64_t fact :
       {head.content_length, std::uint64_t(head.form), std::uint64_t{head.version_minor}, std::uint64_t{head.is_head},
        std::uint64_t{head.is_connect}, std::uint64_t{head.path_escaped}, std::uint64_t{head.has_query}, std::uint64_t{head.has_host},
        std::uint64_t{head.has_content_length}, std::uint64_t{head.chunked}, std::uint64_t{head.has_transfer_encoding},
        std::uint64_t{head.connection_close}, std::uint64_t{head.connection_keep_alive}, std::uint64_t{head.connection_upgrade},
        std::uint64_t{head.expect_continue}}) {
    text.append(std::to_string(fact)).append(",");
  }
  for (const Head::FieldSpan& field : head.fields) {
    text.append("|").append(buffer + field.name_begin, field.name_size).append("=").append(buffer + field.value_begin, field.value_size);
  }
  return text;
}

// The quick way takes whole heads only: what has come as a first byte, and then the rest, goes the long way.
void ExpectTheSameBothWays(std::string_view bytes, const HeadLimits& limits) {
  Head quick;
  Head slow;
  const Outcome both_at_once = Feed(bytes, limits, quick);
  const Outcome first = Feed(bytes.substr(0, 1), limits, slow);
  const Outcome piecewise = first.status == -1 ? Feed(bytes, limits, slow) : first;
  ASSERT_EQ(both_at_once, piecewise) << bytes;
  if (both_at_once.status != 0) return;
  ASSERT_EQ(FactsOf(quick, bytes.data()), FactsOf(slow, bytes.data())) << bytes;
}

const std::vector<std::string>& Heads() {
  static const std::vector<std::string> heads = {
      "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: load\r\nAccept: */*\r\n\r\n",
      "POST /a/b%20c?x=%zz&y=? HTTP/1.1\r\nhost: example.org\r\nContent-Length: 12\r\nExpect: 100-continue\r\nConnection: close, upgrade\r\n\r\n",
      "HEAD /0123456789abcdef0123456789abcdef HTTP/1.1\r\nHost: a:65535\r\nTransfer-Encoding: chunked\r\nX-Long_Name-Of-More-Than-A-Block: \t v \t\r\nE:\r\n\r\n",
      "GET /?q HTTP/1.1\r\nCookie: a=1; b=0123456789abcdef0123456789abcdef\r\nHost: h\r\n\r\n",
      "G /x HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
  };
  return heads;
}

TEST(QuickHead, TakesOrdinaryHeads) {
#ifdef __SSE2__
  for (const std::string& bytes : Heads()) {
    for (const char* behind : {"", "the next"}) {
      Head head;
      EXPECT_EQ(ReadQuickHead(bytes + behind, {}, head), bytes.size()) << bytes;
    }
  }
#else
  Head head;
  EXPECT_EQ(ReadQuickHead(Heads().front(), {}, head), 0u);
#endif
}

TEST(QuickHead, LeavesIncompleteHeadsToTheParser) {
  for (const std::string& bytes : Heads()) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      Head head;
      EXPECT_EQ(ReadQuickHead(std::string(bytes, 0, size), {}, head), 0u) << bytes.substr(0, size);
    }
  }
}

TEST(QuickHead, AgreesWithTheParserWhateverByteIsInPlaceOfAnother) {
  for (const std::string& bytes : Heads()) {
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string changed = bytes;
        changed[at] = static_cast<char>(byte);
        ExpectTheSameBothWays(changed, {});
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(QuickHead, AgreesWithTheParserWhereAByteIsMissingOrTwice) {
  for (const std::string& bytes : Heads()) {
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      ExpectTheSameBothWays(std::string(bytes).erase(at, 1), {});
      ExpectTheSameBothWays(std::string(bytes).insert(at, 1, bytes[at]), {});
      if (HasFatalFailure()) return;
    }
  }
}

TEST(QuickHead, AgreesWithTheParserAtEveryLimit) {
  for (const std::string& bytes : Heads()) {
    for (std::uint32_t limit = 1; limit <= bytes.size() + 1; ++limit) {
      ExpectTheSameBothWays(bytes, {.head_bytes = limit});
      ExpectTheSameBothWays(bytes, {.target_bytes = limit});
      ExpectTheSameBothWays(bytes, {.fields = limit});
      if (HasFatalFailure()) return;
    }
  }
}

TEST(QuickHead, AgreesWithTheParserOnHosts) {
  for (const char* host : {"", "a", "a:", "a:0", "a:9", "a:59999", "a:60000", "a:65535", "a:65536", "a:99999", "a:000080", "a:8x", "a::80", ":80",
                           "a.b.c", "a_b", "a%41", "a%4", "1.2.3.4", "[::1]", "[::1", "exactly-sixteen.", "seventeen-letters", "a b", "user@a"}) {
    ExpectTheSameBothWays("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\nAccept: text/html, text/plain\r\n\r\n", {});
    ExpectTheSameBothWays("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n", {});
  }
}

}  // namespace
}  // namespace weft::internal
