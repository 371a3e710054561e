// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/prepared_fields.h>

#include <string>

#include <gtest/gtest.h>

namespace weft::internal {
namespace {

std::string Listed(const Fields& fields) {
  std::string all;
  for (const auto& [name, value] : fields) all.append(name).append("=").append(value).append(";");
  return all;
}

PreparedFields Two() {
  PreparedFields two;
  two.Add("X-Frame-Options", "DENY");
  two.Add("Referrer-Policy", " no-referrer\t");
  return two;
}

TEST(PreparedFields, AreAddedInOrderWithoutBlanksAround) {
  Fields fields;
  fields.Add("A", "1");

  Two().SetIn(fields);  // the bytes are copied: those of the temporary are gone

  EXPECT_EQ(Listed(fields), "A=1;X-Frame-Options=DENY;Referrer-Policy=no-referrer;");
  EXPECT_EQ(fields.Get("referrer-policy"), "no-referrer");
}

TEST(PreparedFields, ReplaceThoseThatAreThere) {
  Fields fields;
  fields.Add("referrer-policy", "origin");
  fields.Add("B", "2");
  fields.Add("Referrer-Policy", "unsafe-url");

  Two().SetIn(fields);

  EXPECT_EQ(Listed(fields), "Referrer-Policy=no-referrer;B=2;X-Frame-Options=DENY;");
}

TEST(PreparedFields, SetTwiceAreThereOnce) {
  Fields fields;
  const PreparedFields two = Two();

  two.SetIn(fields);
  two.SetIn(fields);

  EXPECT_EQ(Listed(fields), "X-Frame-Options=DENY;Referrer-Policy=no-referrer;");
}

TEST(PreparedFields, CanBeReplacedAndDeletedLikeOthers) {
  Fields fields;
  Two().SetIn(fields);

  fields.Set("X-Frame-Options", "SAMEORIGIN");
  fields.Del("Referrer-Policy");

  EXPECT_EQ(Listed(fields), "X-Frame-Options=SAMEORIGIN;");
}

TEST(PreparedFields, RejectWhatSetRejects) {
  PreparedFields prepared;
  EXPECT_FALSE(prepared.Add("A B", "1"));
  EXPECT_FALSE(prepared.Add("A", "1\r\nB: 2"));
  EXPECT_TRUE(prepared.Add("A", ""));
  Fields fields;

  prepared.SetIn(fields);

  EXPECT_EQ(Listed(fields), "A=;");
}

TEST(PreparedFields, NoneAddNothing) {
  Fields fields;
  PreparedFields().SetIn(fields);
  EXPECT_EQ(fields.Size(), 0u);
}

}  // namespace
}  // namespace weft::internal
