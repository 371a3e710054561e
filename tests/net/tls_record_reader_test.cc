// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <weft/net/internal/socket.h>
#include <weft/net/internal/tls/alpn.h>
#include <weft/net/internal/tls/parts_left.h>
#include <weft/net/internal/tls/record_reader.h>

namespace weft::internal {
namespace {

using namespace std::string_view_literals;

std::string Record(std::size_t size, char fill) {
  std::string record = {'\x17', '\x03', '\x03', static_cast<char>(size >> 8),
                        static_cast<char>(size & 0xFF)};
  return record + std::string(size, fill);
}

// As OpenSSL reads: the head, then the rest.
std::string ReadRecord(RecordReader& reader) {
  std::string record(5, '\0');
  if (reader.Read(record.data(), 5) != 5) return "";
  const std::size_t size =
      static_cast<unsigned char>(record[3]) << 8 | static_cast<unsigned char>(record[4]);
  record.resize(5 + size);
  std::size_t have = 5;
  while (have < record.size()) {
    const std::size_t count = reader.Read(record.data() + have, record.size() - have);
    if (count == 0) return "torn";
    have += count;
  }
  return record;
}

TEST(RecordReader, HandsOnWholeRecordsHoweverTheyCome) {
  const std::vector<std::string> records = {Record(1, 'a'), Record(0, 'b'), Record(300, 'c'),
                                            Record(16, 'd')};
  std::string all;
  for (const std::string& record : records) all += record;
  for (std::size_t piece = 1; piece <= all.size(); ++piece) {
    RecordReader reader;
    std::vector<std::string> read;
    for (std::size_t at = 0; at < all.size(); at += piece) {
      std::string bytes = all.substr(at, piece);
      reader.Lend(bytes);
      for (std::string record = ReadRecord(reader); !record.empty(); record = ReadRecord(reader))
        read.push_back(record);
      reader.Keep();
      bytes.assign(bytes.size(), '?');
    }
    ASSERT_EQ(read, records) << "in pieces of " << piece;
    EXPECT_TRUE(reader.Empty());
    EXPECT_EQ(reader.Started(), records.size());
  }
}

TEST(RecordReader, KnowsWhetherItHoldsARecordOrAPart) {
  RecordReader reader;
  const std::string record = Record(10, 'x');
  EXPECT_FALSE(reader.HasWhole() || reader.HasPart());
  for (std::size_t size = 1; size < record.size(); ++size) {
    reader.Lend(std::string_view(record).substr(size - 1, 1));
    reader.Keep();
    EXPECT_TRUE(reader.HasPart() && !reader.HasWhole()) << size;
  }
  const std::string rest = record.substr(record.size() - 1) + record.substr(0, 3);
  reader.Lend(rest);
  reader.Keep();
  EXPECT_TRUE(reader.HasWhole() && !reader.HasPart());
  EXPECT_EQ(ReadRecord(reader), record);
  EXPECT_TRUE(reader.HasPart() && !reader.HasWhole());
  EXPECT_EQ(ReadRecord(reader), "");
  reader.Clear();
  EXPECT_TRUE(reader.Empty());
}

TEST(RecordReader, HandsOnWhatIsNoRecordAsItIs) {
  for (const std::string_view bytes : {"GET / HTTP/1.1"sv, "\x17\x02\x03\x00\x01x"sv,
                                       "\x17\x03\x03\xFF\xFFx"sv, "\x99\x03\x03\x00\x10"sv}) {
    RecordReader reader;
    char room[100];
    reader.Lend(bytes.substr(0, 4));
    EXPECT_EQ(reader.Read(room, sizeof room), 0u) << "too few to tell";
    reader.Keep();
    reader.Lend(bytes.substr(4));
    std::string read;
    for (std::size_t count; (count = reader.Read(room, 3)) != 0;) read.append(room, count);
    EXPECT_EQ(read, bytes);
    EXPECT_FALSE(reader.HasWhole());
  }
}

TEST(Alpn, TakesAnyBytesForAnOffer) {
  const AlpnList ours = {"h2", "one"};
  EXPECT_EQ(ours.Wire(), "\x02h2\x03one"sv);
  struct Case {
    std::string_view offer;
    std::string_view chosen;
  };
  const Case cases[] = {
      {""sv, ""},
      {"\x03one"sv, "one"},
      {"\x03one\x02h2"sv, "h2"},
      {"\x02h3\x03two"sv, ""},
      {"\x00\x03one"sv, ""},
      {"\x04one"sv, ""},
      {"\x03one\xFF"sv, "one"},
      {"\x03one\x05h2"sv, "one"},
      {"\x03"sv, ""},
      {"\x03ones"sv, "one"},
      {"\x01h\x012"sv, ""},
  };
  for (const Case& one : cases)
    EXPECT_EQ(ours.Choose(one.offer), one.chosen) << ::testing::PrintToString(one.offer);
  EXPECT_EQ(AlpnList().Choose("\x03one"), "");
}

TEST(PartsLeft, TakesWholeUnitsAndGathersTheRest) {
  const iovec parts[] = {Part(""), Part("abcdefg"), Part(""), Part("hi"), Part("jklmno"), Part("")};
  PartsLeft left(parts);
  EXPECT_EQ(left.Total(), 15u);
  EXPECT_EQ(left.TakeWhole(3), "abcdef");
  EXPECT_EQ(left.TakeWhole(3), "");
  char room[5];
  EXPECT_EQ(left.Gather(room, 5), 5u);
  EXPECT_EQ(std::string_view(room, 5), "ghijk");
  EXPECT_EQ(left.TakeWhole(3), "lmn");
  EXPECT_EQ(left.Gather(room, 5), 1u);
  EXPECT_TRUE(left.Empty());
  PartsLeft last({parts + 4, 1});
  EXPECT_EQ(last.TakeWhole(4), "jklmno") << "the last one as a whole";
  EXPECT_TRUE(PartsLeft({}).Empty());
}

}  // namespace
}  // namespace weft::internal
