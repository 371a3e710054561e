// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/websocket_reader.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::internal {
namespace {

using Found = WebSocketReader::Found;
using From = WebSocketReader::From;
using ::testing::ElementsAre;

constexpr unsigned kFin = 0x80;
constexpr MaskKey kKey{0x37, 0xfa, 0x21, 0x3d};

std::string Masked(std::string bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(static_cast<unsigned char>(bytes[i]) ^ kKey[i % 4]);
  return bytes;
}

std::string Number(std::uint64_t number, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text.push_back(static_cast<char>(number >> (8 * i) & 0xff));
  return text;
}

// A head with a length in 0, 2 or 8 bytes of its own; masked.
std::string MaskedHead(unsigned first, std::uint64_t length, int bytes) {
  const std::uint64_t second = bytes == 0 ? length : bytes == 2 ? 126 : 127;
  return Number(first, 1) + Number(0x80 | second, 1) + Number(length, bytes) + std::string(kKey.begin(), kKey.end());
}

std::string ClientFrame(unsigned first, const std::string& payload) {
  const int bytes = payload.size() < 126 ? 0 : payload.size() < 65536 ? 2 : 8;
  return MaskedHead(first, payload.size(), bytes) + Masked(payload);
}

std::string ServerFrame(unsigned first, const std::string& payload) {
  return Number(first, 1) + Number(payload.size(), 1) + payload;
}

// What is found, one after the other, if the bytes come in these pieces; up to the first close frame or failure.
std::vector<std::string> FoundIn(WebSocketReader& reader, const std::vector<std::string_view>& pieces) {
  std::vector<std::string> all;
  std::string buffer;
  for (std::string_view piece : pieces) {
    while (!piece.empty()) {
      const std::span<char> room = buffer.empty() ? reader.Room() : std::span<char>();
      const std::size_t direct = piece.copy(room.data(), room.size());
      if (direct > 0) reader.Filled(direct);
      if (direct == 0) buffer.append(piece);
      piece.remove_prefix(direct == 0 ? piece.size() : direct);
      std::span<char> unread(buffer);
      Found found = reader.Next(unread);
      for (; found != Found::kNothing; found = reader.Next(unread)) {
        const auto payload = [&reader] { return std::string(reader.Payload()); };
        switch (found) {
          case Found::kMessage: {
            const bool text = reader.IsText();
            all.push_back((text ? "text " : "binary ") + reader.TakeMessage());
            break;
          }
          case Found::kPing: all.push_back("ping " + payload()); break;
          case Found::kPong: all.push_back("pong " + payload()); break;
          case Found::kClose: all.push_back("close " + std::to_string(reader.CloseCode()) + " " + payload()); return all;
          case Found::kFailure: all.push_back("failure " + std::to_string(reader.FailureCode())); return all;
          case Found::kNothing: break;
        }
      }
      EXPECT_LE(unread.size(), WebSocketReader::kLeftMax);
      buffer.erase(0, buffer.size() - unread.size());
    }
  }
  return all;
}

std::vector<std::string> FoundIn(std::string_view bytes, From from = From::kClient, std::uint64_t message_max = 100'000) {
  WebSocketReader reader(from, message_max);
  return FoundIn(reader, {bytes});
}

TEST(WebSocketReader, FindsMessagesAndControlFrames) {
  EXPECT_THAT(FoundIn(ClientFrame(kFin | 1, "one") + ClientFrame(kFin | 9, "p") + ClientFrame(kFin | 2, "\xff") + ClientFrame(kFin | 10, "q") +
                      ClientFrame(kFin | 1, "") + ClientFrame(kFin | 8, "\x03\xe8" "bye")),
              ElementsAre("text one", "ping p", "binary \xff", "pong q", "text ", "close 1000 bye"));
  EXPECT_THAT(FoundIn(ServerFrame(kFin | 1, "one") + ServerFrame(kFin | 9, "p") + ServerFrame(kFin | 8, ""), From::kServer),
              ElementsAre("text one", "ping p", "close 1005 "));
}

TEST(WebSocketReader, JoinsFragmentsWithControlFramesInBetween) {
  EXPECT_THAT(FoundIn(ClientFrame(1, "he") + ClientFrame(kFin | 9, "") + ClientFrame(0, "") + ClientFrame(0, "ll") + ClientFrame(kFin | 10, "x") +
                      ClientFrame(kFin | 0, "o") + ClientFrame(kFin | 2, "next")),
              ElementsAre("ping ", "pong x", "text hello", "binary next"));
}

TEST(WebSocketReader, NothingDependsOnWhereTheBytesAreCut) {
  const std::string bytes = ClientFrame(1, "h\xc3\xa4") + ClientFrame(kFin | 9, "ping") + ClientFrame(0, "\xf0\x9f") +
                            ClientFrame(kFin | 0, "\x8d\xb5!") + ClientFrame(kFin | 2, std::string(300, 'b')) + ClientFrame(kFin | 8, "\x0b\xb8" "bye");
  const std::vector<std::string> expected = FoundIn(bytes);
  EXPECT_THAT(expected, ElementsAre("ping ping", "text h\xc3\xa4\xf0\x9f\x8d\xb5!", "binary " + std::string(300, 'b'), "close 3000 bye"));
  const std::string_view view(bytes);
  for (std::size_t first = 0; first <= bytes.size(); ++first) {
    for (std::size_t second = first; second <= std::min(first + 15, bytes.size()); ++second) {
      WebSocketReader reader(From::kClient, 1000);
      const std::vector<std::string_view> pieces{view.substr(0, first), view.substr(first, second - first), view.substr(second)};
      EXPECT_EQ(FoundIn(reader, pieces), expected) << first << " " << second;
    }
  }
  std::vector<std::string_view> single;
  for (std::size_t at = 0; at < bytes.size(); ++at) single.push_back(view.substr(at, 1));
  WebSocketReader reader(From::kClient, 1000);
  EXPECT_EQ(FoundIn(reader, single), expected);
}

TEST(WebSocketReader, ReadsLengthsInTheirShortestFormOnly) {
  const struct {
    std::uint64_t length;
    int bytes;
    bool good;
  } cases[] = {
      {0, 0, true},      {125, 0, true},     {0, 2, false},     {125, 2, false},     {126, 2, true},
      {65535, 2, true},  {0, 8, false},      {126, 8, false},   {65535, 8, false},   {65536, 8, true},
  };
  for (const auto& one : cases) {
    const std::vector<std::string> found = FoundIn(MaskedHead(kFin | 2, one.length, one.bytes) + Masked(std::string(one.length, 'x')));
    ASSERT_EQ(found.size(), 1u) << one.length;
    EXPECT_EQ(found[0], one.good ? "binary " + std::string(one.length, 'x') : "failure 1002") << one.length << " in " << one.bytes;
  }
}

TEST(WebSocketReader, RejectsWhatTheRfcForbids) {
  const struct {
    const char* what;
    std::string bytes;
    const char* found;
  } cases[] = {
      {"a frame of a client that is not masked", ServerFrame(kFin | 1, "x"), "failure 1002"},
      {"the first reserved bit", ClientFrame(kFin | 0x41, "x"), "failure 1002"},
      {"the second reserved bit", ClientFrame(kFin | 0x21, "x"), "failure 1002"},
      {"the third reserved bit", ClientFrame(kFin | 0x11, "x"), "failure 1002"},
      {"a reserved bit of a ping", ClientFrame(kFin | 0x49, "x"), "failure 1002"},
      {"an unknown opcode", ClientFrame(kFin | 3, "x"), "failure 1002"},
      {"the last unknown opcode", ClientFrame(kFin | 7, "x"), "failure 1002"},
      {"an unknown control opcode", ClientFrame(kFin | 11, "x"), "failure 1002"},
      {"the last control opcode", ClientFrame(kFin | 15, "x"), "failure 1002"},
      {"a ping in fragments", ClientFrame(9, "x"), "failure 1002"},
      {"a close frame in fragments", ClientFrame(8, "\x03\xe8"), "failure 1002"},
      {"a ping of 126 bytes", ClientFrame(kFin | 9, std::string(126, 'x')), "failure 1002"},
      {"only the head of a long ping", MaskedHead(kFin | 9, 65536, 8), "failure 1002"},
      {"a continuation without a message", ClientFrame(kFin | 0, "x"), "failure 1002"},
      {"a text within a message", ClientFrame(1, "x") + ClientFrame(kFin | 1, "y"), "failure 1002"},
      {"a binary message within another one", ClientFrame(2, "x") + ClientFrame(2, "y"), "failure 1002"},
      {"a length of all ones", MaskedHead(kFin | 2, std::numeric_limits<std::uint64_t>::max(), 8), "failure 1002"},
      {"the longest length", MaskedHead(kFin | 2, std::numeric_limits<std::int64_t>::max(), 8), "failure 1009"},
      {"a close frame of one byte", ClientFrame(kFin | 8, "\x03"), "failure 1002"},
      {"a close code below all", ClientFrame(kFin | 8, "\x03\xe7"), "failure 1002"},
      {"the close code of no code", ClientFrame(kFin | 8, "\x03\xed"), "failure 1002"},
      {"an unassigned close code", ClientFrame(kFin | 8, "\x0b\xb7"), "failure 1002"},
      {"a close reason that is not UTF-8", ClientFrame(kFin | 8, "\x03\xe8\xff"), "failure 1002"},
      {"a close reason that is cut", ClientFrame(kFin | 8, "\x03\xe8\xc3"), "failure 1002"},
  };
  for (const auto& one : cases) EXPECT_THAT(FoundIn(one.bytes), ElementsAre(one.found)) << one.what;
  EXPECT_THAT(FoundIn(ClientFrame(kFin | 1, "x"), From::kServer), ElementsAre("failure 1002"));
}

TEST(WebSocketReader, TakesAControlFrameOf125Bytes) {
  EXPECT_THAT(FoundIn(ClientFrame(kFin | 9, std::string(125, 'x'))), ElementsAre("ping " + std::string(125, 'x')));
}

TEST(WebSocketReader, TakesCloseCodesThatTheRfcLeavesOpen) {
  EXPECT_THAT(FoundIn(ClientFrame(kFin | 8, "\x13\x88")), ElementsAre("close 5000 "));
  EXPECT_THAT(FoundIn(ClientFrame(kFin | 8, "\xff\xff")), ElementsAre("close 65535 "));
}

TEST(WebSocketReader, LimitsAMessageWithAllItsFrames) {
  EXPECT_THAT(FoundIn(ClientFrame(kFin | 1, "12345"), From::kClient, 5), ElementsAre("text 12345"));
  EXPECT_THAT(FoundIn(ClientFrame(kFin | 1, "123456"), From::kClient, 5), ElementsAre("failure 1009"));
  EXPECT_THAT(FoundIn(ClientFrame(1, "123") + ClientFrame(0, "45") + ClientFrame(kFin | 0, "") + ClientFrame(kFin | 1, "12345"), From::kClient, 5),
              ElementsAre("text 12345", "text 12345"));
  EXPECT_THAT(FoundIn(ClientFrame(1, "123") + ClientFrame(0, "45") + MaskedHead(kFin | 0, 1, 0), From::kClient, 5), ElementsAre("failure 1009"));
  constexpr std::uint64_t kLongest = std::numeric_limits<std::int64_t>::max();
  EXPECT_THAT(FoundIn(ClientFrame(1, "1") + MaskedHead(0, kLongest, 8), From::kClient, kLongest), ElementsAre("failure 1009"));
}

TEST(WebSocketReader, RejectsATextAtItsFirstImpossibleByte) {
  const struct {
    const char* what;
    std::string text;  // without its last byte more could follow
  } cases[] = {
      {"a continuation byte", "ab\x80"},
      {"an overlong form", "\xc0"},
      {"another overlong form", "\xe0\x9f"},
      {"an overlong form of four", "\xf0\x8f"},
      {"a surrogate", "\xed\xa0"},
      {"above U+10FFFF", "\xf4\x90"},
      {"far above U+10FFFF", "\xf5"},
      {"a character that is cut", "\xe2\x82x"},
      {"another one", "\xf0\x9f\x8dx"},
      {"a letter after a first byte", "\xc3x"},
  };
  for (const auto& one : cases) {
    // The frame is not at its end, and the message is not, either.
    const std::string start = MaskedHead(1, 1000, 2), text = Masked(one.text);
    EXPECT_THAT(FoundIn(start + text), ElementsAre("failure 1007")) << one.what;
    EXPECT_THAT(FoundIn(start + text.substr(0, text.size() - 1)), ElementsAre()) << one.what;
    std::string bytes;
    for (const char c : one.text) bytes += ClientFrame(bytes.empty() ? 1 : 0, std::string(1, c));
    EXPECT_THAT(FoundIn(bytes), ElementsAre("failure 1007")) << one.what;
  }
}

TEST(WebSocketReader, ATextEndsWithAWholeCharacter) {
  for (const std::string text : {"\xc3", "a\xe2\x82", "\xf0\x9f\x8d"}) {
    EXPECT_THAT(FoundIn(ClientFrame(kFin | 1, text)), ElementsAre("failure 1007"));
    EXPECT_THAT(FoundIn(ClientFrame(1, text) + ClientFrame(kFin | 0, "")), ElementsAre("failure 1007"));
    EXPECT_THAT(FoundIn(ClientFrame(2, text) + ClientFrame(kFin | 0, "")), ElementsAre("binary " + text));
  }
}

TEST(WebSocketReader, AFailureLasts) {
  WebSocketReader reader(From::kClient, 100);
  EXPECT_THAT(FoundIn(reader, {ClientFrame(kFin | 3, "")}), ElementsAre("failure 1002"));
  std::string more = ClientFrame(kFin | 1, "x");
  std::span<char> unread(more);
  EXPECT_EQ(reader.Next(unread), Found::kFailure);
}

TEST(WebSocketReader, AllocatesWhatComesAndNotWhatIsAnnounced) {
  WebSocketReader reader(From::kClient, std::numeric_limits<std::int64_t>::max());
  const std::string head = MaskedHead(kFin | 2, std::numeric_limits<std::int64_t>::max(), 8);
  EXPECT_THAT(FoundIn(reader, {head}), ElementsAre());
  std::size_t come = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::span<char> room = reader.Room();
    ASSERT_GT(room.size(), 0u);
    ASSERT_LE(room.size(), WebSocketReader::kRoomMax);
    const std::size_t count = std::min<std::size_t>(room.size(), 1000);
    std::fill_n(room.begin(), count, 'x');
    reader.Filled(count);
    come += count;
  }
  EXPECT_EQ(come, 1'000'000u);
}

// All of a long payload comes without a copy, and not a byte of what follows it.
TEST(WebSocketReader, ALongMessageIsReadIntoItsPlace) {
  std::string payload;
  for (int i = 0; payload.size() < 200'000; ++i) payload += std::to_string(i) + " \xc3\xa4";
  const std::string bytes = ClientFrame(kFin | 1, payload) + ClientFrame(kFin | 1, "next");
  for (const std::size_t size : {1u, 7u, 1000u, 65536u, 300'000u}) {
    WebSocketReader reader(From::kClient, 1'000'000);
    std::vector<std::string_view> pieces;
    for (std::size_t at = 0; at < bytes.size(); at += size) pieces.push_back(std::string_view(bytes).substr(at, size));
    EXPECT_THAT(FoundIn(reader, pieces), ElementsAre("text " + payload, "text next")) << size;
  }
}

TEST(WebSocketFrames, TheMaskIsTheSameWhereverItBegins) {
  std::string text;
  for (int i = 0; i < 100; ++i) text.push_back(static_cast<char>('a' + i % 26));
  const std::string masked = Masked(text);
  for (std::size_t first = 0; first <= 40; ++first) {
    for (std::size_t second = first; second <= text.size(); ++second) {
      std::string copy = masked;
      EXPECT_TRUE(ApplyMask(kKey, std::span(copy).first(first)));
      EXPECT_TRUE(ApplyMask(KeyAfter(kKey, first), std::span(copy).subspan(first, second - first)));
      EXPECT_TRUE(ApplyMask(KeyAfter(kKey, second), std::span(copy).subspan(second)));
      ASSERT_EQ(copy, text) << first << " " << second;
    }
  }
}

TEST(WebSocketFrames, TheMaskSeesEachByteThatIsNotAscii) {
  for (std::size_t size = 0; size < 70; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, 'x');
      text[at] = '\x80';
      text = Masked(text);
      EXPECT_FALSE(ApplyMask(kKey, text)) << size << " " << at;
    }
  }
}

TEST(WebSocketFrames, AFrameIsReadAsItWasWritten) {
  for (const std::size_t size : {0, 1, 125, 126, 504, 505, 512, 4096, 61440, 65535}) {
    const std::string payload(size, 'x');
    const FrameBytes plain(FrameKind::kBinary, true, payload, std::nullopt);
    EXPECT_THAT(FoundIn(plain.View(), From::kServer), ElementsAre("binary " + payload)) << size;
    const FrameBytes masked(FrameKind::kText, true, payload, kKey);
    EXPECT_THAT(FoundIn(masked.View()), ElementsAre("text " + payload)) << size;
    EXPECT_EQ(masked.View(), ClientFrame(kFin | 1, payload)) << size;
  }
}

}  // namespace
}  // namespace weft::internal
