// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/websocket_close.h>

#include <string>

#include <gtest/gtest.h>

namespace weft::internal {
namespace {

TEST(WebSocketClose, ThePayloadHasTheCodeAndTheReason) {
  EXPECT_EQ(ClosePayload(1000, ""), std::string("\x03\xe8", 2));
  EXPECT_EQ(ClosePayload(1001, "bye"), std::string("\x03\xe9" "bye", 5));
}

TEST(WebSocketClose, AControlFrameHasAtMost125Bytes) { EXPECT_EQ(ClosePayload(1000, std::string(500, 'x')).size(), 125u); }

TEST(WebSocketClose, AReasonIsNotCutWithinACharacter) {
  for (const std::string& character : {std::string("\xc3\xa4"), std::string("\xe2\x82\xac"), std::string("\xf0\x9f\x8d\xb5")}) {
    std::string reason;
    while (reason.size() < 200) reason += character;
    for (std::size_t shift = 0; shift < 4; ++shift) {
      const std::string shifted = std::string(shift, 'x') + reason;
      const std::string_view cut = CutReason(shifted);
      EXPECT_LE(cut.size(), kCloseReasonMax);
      EXPECT_GT(cut.size() + character.size(), kCloseReasonMax);
      EXPECT_EQ((cut.size() - shift) % character.size(), 0u);
    }
  }
}

TEST(WebSocketClose, OnlySomeCodesMayBeSent) {
  for (const int code : {1000, 1001, 1002, 1003, 1007, 1011, 1013, 3000, 4999}) EXPECT_TRUE(MayBeCloseCode(code)) << code;
  for (const int code : {-1, 0, 999, 1004, 1005, 1006, 1014, 1015, 1016, 2999, 5000, 65536}) EXPECT_FALSE(MayBeCloseCode(code)) << code;
}

TEST(WebSocketClose, OnlySomeCodesMayArrive) {
  for (const int code : {1000, 1003, 1007, 1013, 3000, 4999, 5000, 65535}) EXPECT_TRUE(MayArriveAsCloseCode(code)) << code;
  for (const int code : {0, 999, 1004, 1005, 1006, 1014, 1015, 1016, 2999}) EXPECT_FALSE(MayArriveAsCloseCode(code)) << code;
}

}  // namespace
}  // namespace weft::internal
