// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/websocket_key.h>

#include <string>

#include <gtest/gtest.h>

namespace weft::internal {
namespace {

// RFC 6455 section 1.3.
TEST(WebSocketKeys, TheExampleOfTheRfcIsRight) {
  EXPECT_EQ(WebSocketKey({'t', 'h', 'e', ' ', 's', 'a', 'm', 'p', 'l', 'e', ' ', 'n', 'o', 'n', 'c', 'e'}), "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_EQ(WebSocketAccept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

// By sha1sum: the length of the text decides how many blocks its padding fills.
TEST(WebSocketKeys, TheHashIsRightWhereverABlockEnds) {
  const struct {
    std::size_t size;
    const char* accept;
  } cases[] = {
      {0, "Kfh9QIsMVZcl6xEPYxPHzW8SZ8w="},
      {19, "yzaGyu0mcUukN7CdsSwa30tnCpc="},
      {20, "dUYRM7bOMwDmbriNIPr11x+r3E0="},
      {24, "TmYIHLoW1r4FYPaacqDVONL30tQ="},
      {27, "NCEiOv6lMC9mC8oEZnneqRdJ4DU="},
      {28, "xMWmCBqYJY4uXzUs8PNU1t+Pzro="},
      {83, "JM5KfcY+04u0quK7uTyka1S7/6k="},
      {84, "ulKRXZrQnbZPxNi6BcFGPe3Py5Q="},
      {92, "QozTWdJkJ6Mr6+QwqAHt8yNpBdc="},
      {200, "W7nwfYCuwcatB7HT3divf5cVU2A="},
  };
  for (const auto& one : cases) EXPECT_EQ(WebSocketAccept(std::string(one.size, 'a')), one.accept) << one.size;
}

}  // namespace
}  // namespace weft::internal
