// SPDX-License-Identifier: Apache-2.0
#include <weft/http/entity_tag.h>

#include <string>

#include <gtest/gtest.h>

namespace weft {
namespace {

TEST(EntityTag, IsRead) {
  EXPECT_EQ(ParseEntityTag("\"xyzzy\"")->opaque, "\"xyzzy\"");
  EXPECT_FALSE(ParseEntityTag("\"xyzzy\"")->weak);
  EXPECT_TRUE(ParseEntityTag("W/\"xyzzy\"")->weak);
  EXPECT_EQ(ParseEntityTag("\"\"")->opaque, "\"\"");
  EXPECT_EQ(ParseEntityTag("\"a,b\\c\xc3\xa4\"")->opaque, "\"a,b\\c\xc3\xa4\"");
  for (const char* bad : {"", "x", "\"", "\"x", "x\"", "w/\"x\"", "W/", "W/x", "\"a b\"",
                          "\"a\"b\"", "\"a\" ", "*", "\"\x7f\""}) {
    EXPECT_FALSE(ParseEntityTag(bad)) << bad;
  }
}

// The table of RFC 9110 section 8.8.3.2.
TEST(EntityTag, IsComparedStronglyOrWeakly) {
  const struct {
    const char* a;
    const char* b;
    bool strong;
    bool weak;
  } cases[] = {
      {"W/\"1\"", "W/\"1\"", false, true}, {"W/\"1\"", "W/\"2\"", false, false},
      {"W/\"1\"", "\"1\"", false, true},   {"\"1\"", "\"1\"", true, true},
      {"\"1\"", "\"2\"", false, false},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(StrongMatch(*ParseEntityTag(each.a), *ParseEntityTag(each.b)), each.strong)
        << each.a << each.b;
    EXPECT_EQ(WeakMatch(*ParseEntityTag(each.a), *ParseEntityTag(each.b)), each.weak)
        << each.a << each.b;
  }
}

std::string Joined(std::string_view list) {
  std::string all;
  AnyEntityTag(list, [&](const EntityTag& tag) {
    all.append(tag.weak ? "~" : "").append(tag.opaque);
    return false;
  });
  return all;
}

TEST(EntityTag, ListEndsWhereItGoesWrong) {
  EXPECT_EQ(Joined("\"a\", W/\"b,c\" ,\"d\""), "\"a\"~\"b,c\"\"d\"");
  EXPECT_EQ(Joined(" , ,\"a\",,"), "\"a\"");
  EXPECT_EQ(Joined("\"a\", b, \"c\""), "\"a\"");
  EXPECT_EQ(Joined("\"a\" \"b\""), "");
  EXPECT_EQ(Joined(""), "");
}

}  // namespace
}  // namespace weft
