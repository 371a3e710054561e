// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/websocket_close.h>

#include <string>

#include <gtest/gtest.h>

namespace weft::internal {
namespace {

TEST(WebSocketClose, TheFrameHasTheCodeAndTheReason) {
  EXPECT_EQ(CloseFrame(1000, ""), std::string("\x88\x02\x03\xe8", 4));
  EXPECT_EQ(CloseFrame(1001, "bye"), std::string("\x88\x05\x03\xe9" "bye", 7));
}

TEST(WebSocketClose, AClientsIsMasked) {
  EXPECT_EQ(CloseFrame(1000, "a", std::array<unsigned char, 4>{1, 2, 3, 4}), std::string("\x88\x83\x01\x02\x03\x04\x02\xea\x62", 9));
}

TEST(WebSocketClose, AControlFrameHasAtMost125Bytes) {
  const std::string frame = CloseFrame(1000, std::string(500, 'x'));
  EXPECT_EQ(frame.size(), 127u);
  EXPECT_EQ(frame[1], 125);
}

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

}  // namespace
}  // namespace weft::internal
