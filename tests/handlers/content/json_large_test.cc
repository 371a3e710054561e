// SPDX-License-Identifier: Apache-2.0
//
// Large texts, and texts that are made to take long.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include <gtest/gtest.h>
#include <boost/json/value.hpp>

#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/testing.h>

#include "../../kit/sanitized.h"
#include "json_kit.h"

namespace shop {

struct Reading {
  std::int64_t id = 0;
  double value = 0;
  std::string note;
  bool good = false;
  bool operator==(const Reading&) const = default;
};
BOOST_DESCRIBE_STRUCT(Reading, (), (id, value, note, good))

}  // namespace shop

namespace weft {
namespace {

using shop::Reading;

std::vector<Reading> Readings(int count) {
  std::vector<Reading> readings;
  for (int i = 0; i < count; ++i) {
    readings.push_back({i * 100'003, i / 7.0 - 100, "\"" + std::to_string(i * 12'345) + ", \\u0041 \xc3\xa4\n", i % 2 == 0});
  }
  return readings;
}

// Each blank in front moves the ends of all pieces on by one.
TEST(ReadJson, ReadsALargeTextLikeASmallOne) {
  const std::vector<Reading> readings = Readings(6000);
  const Result<std::string> text = ToJson(readings);
  ASSERT_TRUE(text.Ok());
  ASSERT_GT(text->size(), 6u * 64 * 1024);
  for (int blanks = 0; blanks < 120; blanks += 120 / Rounds(120)) {
    const Result<std::vector<Reading>> read = ReadText<std::vector<Reading>>(std::string(static_cast<std::size_t>(blanks), ' ') + *text + "\n");
    ASSERT_TRUE(read.Ok()) << blanks << ": " << read.Err().Message();
    ASSERT_TRUE(*read == readings) << blanks;
  }
}

TEST(ReadJson, DoesNotSplitNumbersAndTextsLongerThanAPiece) {
  const std::string digits(200'000, '7');
  EXPECT_EQ(*ReadText<std::vector<std::string>>("[\"" + digits + "\"]"), std::vector<std::string>{digits});
  EXPECT_EQ(ReadText<std::vector<double>>("[0." + digits + ",1.5]")->at(0), std::strtod(("0." + digits).c_str(), nullptr));
  EXPECT_EQ(*ReadText<double>("0." + digits), std::strtod(("0." + digits).c_str(), nullptr));
  const std::string blanks(200'000, ' ');
  EXPECT_EQ(*ReadText<int>(blanks + "17" + blanks), 17);
}

TEST(ReadJson, NamesThePlaceInALargeText) {
  const std::string zeros = [] {
    std::string all = "[0";
    for (int i = 0; i < 100'000; ++i) all += ",0";
    return all;
  }();
  EXPECT_EQ(WhyNot<std::vector<int>>(zeros + ",0.5]"), "400 /100001: expected a whole number, not a number with a fraction or an exponent (line 1, column 200004)");
  EXPECT_EQ(WhyNot<std::vector<int>>(zeros + "] x"), "400 something follows the value (line 1, column 200005)");
  EXPECT_EQ(WhyNot<std::vector<int>>(zeros), "400 /100000: the text ends too early (line 1, column 200003)");
}

TEST(ReadJson, LetsOthersOfItsLoopGoInBetween) {
  const std::string text = *ToJson(Readings(20'000));
  const Error err = RunTest([&](const Context& ctx) -> Error {
    int turns = 0;
    bool ended = false;
    Group group(ctx);
    group.Go([&](const Context&) {
      EXPECT_TRUE(ReadText<std::vector<Reading>>(text).Ok());
      ended = true;
    });
    group.Go([&](const Context&) {
      for (; !ended; ++turns) Yield();
    });
    const Error failed = group.Wait();
    EXPECT_GE(turns, static_cast<int>(text.size() / (64 * 1024)));
    return failed;
  });
  EXPECT_FALSE(err) << err.Message();
}

// As an attacker would choose the keys who knows the hash.
struct OneBucket {
  std::size_t operator()(const std::string&) const { return 17; }
};

std::string Members(int count) {
  std::string text = "{";
  for (int i = 0; i < count; ++i) text += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":1";
  return text + "}";
}

TEST(ReadJson, RejectsKeysThatAreMadeToCollide) {
  using Colliding = std::unordered_map<std::string, int, OneBucket>;
  EXPECT_EQ(ReadText<Colliding>(Members(64))->size(), 64u);
  EXPECT_EQ(WhyNot<Colliding>(Members(65)),
            "400 too many names of members collide with \"k64\" in a hash table (line 1, column 504)");
  EXPECT_EQ(WhyNot<std::vector<Colliding>>("[{}," + Members(65) + "]").substr(0, 30), "400 /1: too many names of memb");
  EXPECT_EQ((ReadText<std::unordered_map<std::string, int>>(Members(50'000))->size()), 50'000u);
  EXPECT_EQ((ReadText<std::map<std::string, int>>(Members(50'000))->size()), 50'000u);
}

}  // namespace
}  // namespace weft
