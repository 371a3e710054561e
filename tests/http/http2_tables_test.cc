// SPDX-License-Identifier: Apache-2.0
//
// The tables of fields that a connection has for each direction (RFC 7541 section 4): whatever the client says and sends, they do not grow.
#include <malloc.h>

#include "../kit/sanitized.h"
#include "http2_play.h"

namespace weft::internal::http2 {
namespace {

#define NEEDS_HTTP2() if (!SessionsExist()) GTEST_SKIP() << "built without HTTP/2"

constexpr std::uint16_t kHeaderTableSize = 1;  // RFC 9113 section 6.5.2

std::size_t HeldBytes() {
  const struct mallinfo2 all = mallinfo2();
  return all.uordblks + all.hblkhd;
}

// A field that goes into the table of the other side (RFC 7541 section 6.2.1); shorter than 127 bytes each.
std::string Indexed(std::string_view name, std::string_view value) {
  std::string out("\x40");
  for (const std::string_view text : {name, value}) {
    out += static_cast<char>(text.size());
    out += text;
  }
  return out;
}

// A number below 31 + 2^14 after a prefix of five bits (RFC 7541 sections 5.1 and 6.3).
std::string SizeUpdate(unsigned size) {
  const unsigned rest = size - 31;
  return {'\x3f', static_cast<char>(rest % 128 + 128), static_cast<char>(rest / 128)};
}

TEST(Rfc7541Section4, ATableMayBeAsLargeAsWeHaveSaidAndNoLarger) {
  NEEDS_HTTP2();
  Play play;
  EXPECT_TRUE(play.Send(Hello() + Frame(frame_type::kHeaders, frame_flag::kEndHeaders | frame_flag::kEndStream, 1, SizeUpdate(4096) + Block(GetFields()))));
  EXPECT_EQ(play.streams.size(), 1u);
  static_cast<void>(play.Send(Frame(frame_type::kHeaders, frame_flag::kEndHeaders | frame_flag::kEndStream, 3, SizeUpdate(4097) + Block(GetFields()))));
  EXPECT_EQ(Play::GoAwayCode(play.Written()), static_cast<std::uint32_t>(ErrorCode::kCompressionError));
}

TEST(Rfc7541Section4, TheTablesStaySmallWhateverTheClientSays) {
  NEEDS_HTTP2();
  if (kSanitized) GTEST_SKIP() << "memory is that of the sanitizer";
  Play play;
  ASSERT_TRUE(play.Send(std::string(kPreface) + Settings({{kHeaderTableSize, 1u << 30}})));
  const auto exchange = [&](std::uint32_t number) {
    const std::string unique = std::to_string(number) + std::string(100, 'x');
    const std::uint32_t id = 2 * number + 1;
    const std::string block = Block(GetFields()) + Indexed("x-" + unique, unique);
    ASSERT_TRUE(play.Send(Frame(frame_type::kHeaders, frame_flag::kEndHeaders | frame_flag::kEndStream, id, block)));
    const std::vector<Fields::Field> fields{{":status", "200"}, {"etag", unique}, {"location", unique}};
    ASSERT_TRUE(play.session->Respond(play.At(0), fields, false));
    static_cast<void>(play.Written());
    ASSERT_TRUE(play.At(0).closed);
    play.streams.clear();
  };
  for (std::uint32_t i = 0; i < 200; ++i) exchange(i);
  const std::size_t before = HeldBytes();
  for (std::uint32_t i = 200; i < 10'000; ++i) exchange(i);
  EXPECT_LT(HeldBytes(), before + 16 * 1024) << "two tables of 4 KiB are full by now";
}

}  // namespace
}  // namespace weft::internal::http2
