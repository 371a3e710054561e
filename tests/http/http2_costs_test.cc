// SPDX-License-Identifier: Apache-2.0
//
// What a client of HTTP/2 is charged for, and what of a response does not fit a field block.
#include "http2_play.h"

namespace weft::internal::http2 {
namespace {

#define NEEDS_HTTP2() if (!SessionsExist()) GTEST_SKIP() << "built without HTTP/2"

TEST(Rfc9113Section10, AllThatAStreamIsResetForIsCounted) {
  NEEDS_HTTP2();
  Play play;
  // The library does not report these two as invalid.
  ASSERT_TRUE(play.Send(Hello() + Post(1, {{"content-length", "1"}}) + Data(1, "xy") + Post(3, {{"content-length", "2"}}) + Data(3, "x", true)));
  static_cast<void>(play.Written());
  EXPECT_EQ(play.nuisances[Nuisance::kStreamError], 2);
  ASSERT_TRUE(play.Send(Post(5)));
  play.session->Reset(play.At(2), ErrorCode::kInternalError);
  static_cast<void>(play.Written());
  EXPECT_EQ(play.nuisances[Nuisance::kStreamError], 2) << "our own resets are not the client's doing";
}

TEST(Rfc9113Section10, PaddingAloneAndPongsThatNobodyWaitsForAreCounted) {
  NEEDS_HTTP2();
  Play play;
  ASSERT_TRUE(play.Send(Hello() + Post(1) + Frame(frame_type::kData, 0x8, 1, std::string("\3", 1) + std::string(3, '\0')) +
                        Frame(frame_type::kData, 0x8, 1, std::string(1, '\0')) + Frame(frame_type::kData, 0x8, 1, std::string("\1x\0", 3))));
  EXPECT_EQ(play.nuisances[Nuisance::kEmptyData], 2);
  EXPECT_EQ(play.At(0).data, "x");
  EXPECT_TRUE(play.Send(Frame(frame_type::kPing, frame_flag::kAck, 0, "12345678")));
  EXPECT_EQ(play.nuisances[Nuisance::kControlFrame], 2) << "with the first SETTINGS";
  EXPECT_EQ(play.pongs, 0);
  play.session->Ping();
  static_cast<void>(play.Written());
  EXPECT_TRUE(play.Send(Frame(frame_type::kPing, frame_flag::kAck, 0, std::string(8, '\0'))));
  EXPECT_EQ(play.nuisances[Nuisance::kControlFrame], 2);
  EXPECT_EQ(play.pongs, 1);
}

TEST(Rfc9113Section4, AHeadOfManyFramesIsSentAndOneThatIsTooLargeEndsItsStream) {
  NEEDS_HTTP2();
  Play play;
  ASSERT_TRUE(play.Send(Hello() + Get(1) + Get(3) + Get(5)));
  const std::string large(200'000, 'x'), huge(2'000'000, 'x');
  const std::vector<Fields::Field> good{{":status", "200"}, {"a", large}};
  const std::vector<Fields::Field> bad{{":status", "200"}, {"a", huge}};
  ASSERT_TRUE(play.session->Respond(play.At(0), good, false));
  std::size_t bytes = 0;
  for (const SeenFrame& frame : play.Written()) {
    if (frame.header.stream == 1) bytes += frame.payload.size();
  }
  EXPECT_GT(bytes, 100'000u);
  EXPECT_TRUE(play.At(0).closed);
  ASSERT_TRUE(play.session->Respond(play.At(1), bad, false));
  EXPECT_EQ(Play::ResetCode(play.Written()), 2u);
  EXPECT_TRUE(play.At(1).closed);
  // A trailer section.
  play.At(2).trailer = {{"a", huge}};
  play.Respond(play.At(2), "body");
  const std::vector<SeenFrame> frames = play.Written();
  EXPECT_EQ(Play::ResetCode(frames), 2u);
  EXPECT_TRUE(play.At(2).closed);
  EXPECT_EQ(play.nuisances[Nuisance::kStreamError], 0);
}

}  // namespace
}  // namespace weft::internal::http2
