// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/cookies.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weft/handlers/testing.h>

namespace weft {
namespace {

using std::chrono::seconds;

// The Set-Cookie field, or what is wrong.
std::string Set(const Cookie& cookie) {
  Recorder recorder;
  Error err;
  recorder.Serve([&](ResponseWriter& w, Request&) { err = SetCookie(w, cookie); },
                 RequestBuilder());
  EXPECT_EQ(static_cast<bool>(err), !recorder.Header().Has("Set-Cookie"));
  return err ? "error: " + err.Message() : std::string(recorder.Header().Get("Set-Cookie"));
}

std::vector<std::string> Read(const std::vector<std::string>& fields, std::string_view name) {
  RequestBuilder request;
  for (const std::string& field : fields) request.Header("Cookie", field);
  std::vector<std::string> values;
  Recorder recorder;
  recorder.Serve(
      [&](ResponseWriter&, Request& r) {
        for (const std::string_view value : CookiesOf(r, name)) values.emplace_back(value);
        const std::optional<std::string_view> first = CookieOf(r, name);
        EXPECT_EQ(first.has_value(), !values.empty());
        EXPECT_EQ(first.value_or(""), values.empty() ? "" : values.front());
      },
      request);
  return values;
}

TEST(CookiesOf, ReadsWhatAClientSends) {
  using Values = std::vector<std::string>;
  struct Row {
    Values fields;
    const char* name;
    Values values;
  };
  const Row rows[] = {
      {{}, "a", {}},
      {{""}, "a", {}},
      {{"a=1"}, "a", {"1"}},
      {{"a=1; b=2"}, "b", {"2"}},
      {{"a=1;b=2"}, "b", {"2"}},
      {{"a=1;  a=2 ;a=3"}, "a", {"1", "2", "3"}},
      {{"a=1", "a=2"}, "a", {"1", "2"}},
      {{"A=1"}, "a", {}},
      {{"ab=1; xa=2"}, "a", {}},
      {{"a="}, "a", {""}},
      {{"a"}, "a", {}},
      {{";;a=1;"}, "a", {"1"}},
      {{"a = 1"}, "a", {"1"}},
      {{"a=b=c"}, "a", {"b=c"}},
      {{"a=\"1\""}, "a", {"\"1\""}},
      {{"a=1, b=2"}, "a", {"1, b=2"}},
      {{"a=\xc3\xa9"}, "a", {"\xc3\xa9"}},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Read(row.fields, row.name), row.values) << (row.fields.empty() ? "" : row.fields[0]);
  }
}

TEST(SetCookie, HasDefaultsForASession) {
  EXPECT_EQ(Set({.name = "__Host-id", .value = "x1"}),
            "__Host-id=x1; Path=/; Secure; HttpOnly; SameSite=Lax");
}

TEST(SetCookie, WritesAllAttributes) {
  Cookie cookie{
      .name = "a", .value = "b", .path = "/x", .domain = "example.com", .max_age = seconds(60)};
  cookie.expires = std::chrono::sys_seconds(seconds(784111777));
  cookie.http_only = false;
  cookie.partitioned = true;
  cookie.same_site = SameSite::kAny;
  EXPECT_EQ(Set(cookie),
            "a=b; Path=/x; Domain=example.com; Max-Age=60; Expires=Sun, 06 Nov 1994 08:49:37 GMT; "
            "Secure; SameSite=None; Partitioned");
  EXPECT_EQ(Set({.name = "a",
                 .path = "",
                 .secure = false,
                 .http_only = false,
                 .same_site = SameSite::kUnset}),
            "a=");
  EXPECT_EQ(Set({.name = "a", .same_site = SameSite::kStrict}),
            "a=; Path=/; Secure; HttpOnly; SameSite=Strict");
  EXPECT_EQ(Set({.name = "a", .value = "\"b\"", .max_age = seconds(-5)}),
            "a=\"b\"; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax");
}

TEST(SetCookie, AddsOneFieldForEachCookie) {
  Recorder recorder;
  recorder.Serve(
      [](ResponseWriter& w, Request&) {
        EXPECT_FALSE(SetCookie(w, {.name = "a", .value = "1"}));
        EXPECT_FALSE(SetCookie(w, {.name = "b", .value = "2"}));
      },
      RequestBuilder());
  EXPECT_EQ(recorder.Header().Values("Set-Cookie").size(), 2u);
}

TEST(SetCookie, RejectsBytesThatWouldBecomeSomethingElse) {
  for (const char* name :
       {"", "a b", "a=b", "a;b", "a\r\nX: y", "a\tb", "\xc3\xa9", "a,b", "a\"b", "(a)"}) {
    EXPECT_NE(Set({.name = name}).find("the name is not a token"), std::string::npos) << name;
  }
  const std::string values[] = {"a b",  "a;b",      "a,b",
                                "a\"b", "a\\b",     "a\r\nSet-Cookie: x=y",
                                "a\n",  "\xc3\xa9", std::string("a\0b", 3),
                                "\x7f", "\"a",      "\"a\"b\"",
                                " a"};
  for (const std::string& value : values) {
    EXPECT_NE(Set({.name = "n", .value = value}).find("SetCookie n: the value has bytes"),
              std::string::npos)
        << value;
  }
  for (const char* path : {"x", "/a;Domain=evil.example", "/a\r\n", "/\xc3\xa9", "*"}) {
    EXPECT_NE(Set({.name = "n", .path = path}).find("the path"), std::string::npos) << path;
  }
  for (const char* domain : {".example.com", "example.com.", "a..b", "a;b", "a b",
                             "example.com\r\n", "a/b", "[::1]", "."}) {
    EXPECT_NE(Set({.name = "n", .domain = domain}).find("the domain"), std::string::npos) << domain;
  }
}

TEST(SetCookie, RejectsWhatBrowsersWouldIgnore) {
  EXPECT_TRUE(Set({.name = "n", .value = std::string(4095, 'x')}).starts_with("n="));
  EXPECT_TRUE(Set({.name = "n", .value = std::string(4096, 'x')}).starts_with("error: "));
  EXPECT_TRUE(Set({.name = "n", .path = "/" + std::string(1023, 'x')}).starts_with("n="));
  EXPECT_TRUE(Set({.name = "n", .path = "/" + std::string(1024, 'x')}).starts_with("error: "));
  Cookie late{.name = "n"};
  late.expires = std::chrono::sys_days(std::chrono::year(10000) / 1 / 1);
  EXPECT_TRUE(Set(late).starts_with("error: "));
  late.expires = std::chrono::sys_seconds(seconds(-100'000'000'000));
  EXPECT_TRUE(Set(late).starts_with("error: "));
  late.expires = std::chrono::sys_seconds(seconds::max());
  EXPECT_TRUE(Set(late).starts_with("error: "));
}

TEST(SetCookie, HoldsTheRulesOfPrefixesAndOfSecure) {
  const auto refused = [](const Cookie& cookie) { return Set(cookie).starts_with("error: "); };
  EXPECT_FALSE(refused({.name = "__Secure-a", .domain = "example.com"}));
  for (const char* name : {"__Secure-a", "__secure-a", "__Host-a", "__HOST-a"}) {
    EXPECT_TRUE(refused({.name = name, .secure = false})) << name;
  }
  for (const char* name : {"__Host-a", "__host-a"}) {
    EXPECT_TRUE(refused({.name = name, .path = "/x"})) << name;
    EXPECT_TRUE(refused({.name = name, .path = ""})) << name;
    EXPECT_TRUE(refused({.name = name, .domain = "example.com"})) << name;
  }
  EXPECT_TRUE(refused({.name = "a", .secure = false, .same_site = SameSite::kAny}));
  EXPECT_TRUE(refused({.name = "a", .secure = false, .partitioned = true}));
}

TEST(DeleteCookie, MakesTheClientForget) {
  Recorder recorder;
  recorder.Serve([](ResponseWriter& w,
                    Request&) { return DeleteCookie(w, {.name = "__Host-id", .value = "x"}); },
                 RequestBuilder());
  EXPECT_EQ(recorder.Header().Get("Set-Cookie"),
            "__Host-id=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; "
            "HttpOnly; SameSite=Lax");
}

}  // namespace
}  // namespace weft
