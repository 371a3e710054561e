// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/escape_url.h>

#include <string>

#include <gtest/gtest.h>

#include <weft/handlers/content/form.h>
#include <weft/http/internal/percent.h>

namespace weft {
namespace {

// As Go 1.22 has it.
TEST(EscapeUrl, EscapesAsGoDoes) {
  const struct {
    std::string_view text;
    std::string_view path;
    std::string_view query;
  } kRows[] = {
      {"", "", ""},
      {"azAZ09-_.~", "azAZ09-_.~", "azAZ09-_.~"},
      {"a b", "a%20b", "a+b"},
      {"$&+=:@", "$&+=:@", "%24%26%2B%3D%3A%40"},
      {"/;,?", "%2F%3B%2C%3F", "%2F%3B%2C%3F"},
      {"%#[]!'()*", "%25%23%5B%5D%21%27%28%29%2A", "%25%23%5B%5D%21%27%28%29%2A"},
      {"\"<>\\^`{|}", "%22%3C%3E%5C%5E%60%7B%7C%7D", "%22%3C%3E%5C%5E%60%7B%7C%7D"},
      {"J\xc3\xb6rg", "J%C3%B6rg", "J%C3%B6rg"},
      {std::string_view("\0\r\n\x7f\xff", 5), "%00%0D%0A%7F%FF", "%00%0D%0A%7F%FF"},
      {"../x", "..%2Fx", "..%2Fx"},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(EscapePath(row.text), row.path);
    EXPECT_EQ(EscapeQuery(row.text), row.query);
  }
}

TEST(EscapeUrl, IsReadAgainAsTheSame) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  std::string path;
  internal::AppendDecoded(EscapePath(all), path);
  EXPECT_EQ(path, all);
  EXPECT_EQ(ParseForm("v=" + EscapeQuery(all))->Get("v"), all);
}

}  // namespace
}  // namespace weft
