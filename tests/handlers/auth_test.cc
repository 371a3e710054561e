// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include <weft/concurrency/testing.h>
#include <weft/handlers/middleware/access_log.h>
#include <weft/handlers/middleware/basic_auth.h>
#include <weft/handlers/middleware/bearer_auth.h>
#include <weft/handlers/middleware/constant_time.h>
#include <weft/handlers/middleware/internal/credentials.h>
#include <weft/handlers/testing.h>

namespace weft {
namespace {

const Handler kWho = [](ResponseWriter& w, Request& r) { return w.Write(UserOf(r.Ctx())); };

// "200 user", or "401 challenge".
std::string Ask(const Middleware& middleware, const RequestBuilder& request) {
  Recorder recorder;
  recorder.Serve(middleware(kWho), request);
  const std::string_view more = recorder.Status() == 200 ? std::string_view(recorder.Body()) : recorder.Header().Get("WWW-Authenticate");
  return std::to_string(recorder.Status()) + " " + std::string(more);
}

RequestBuilder With(const std::string& authorization) { return RequestBuilder().Header("Authorization", authorization); }

TEST(EqualInConstantTime, IsEquality) {
  EXPECT_TRUE(EqualInConstantTime("", ""));
  EXPECT_TRUE(EqualInConstantTime("secret", "secret"));
  EXPECT_FALSE(EqualInConstantTime("secret", "secreT"));
  EXPECT_FALSE(EqualInConstantTime("Secret", "secret"));
  EXPECT_FALSE(EqualInConstantTime("secre", "secret"));
  EXPECT_FALSE(EqualInConstantTime("secrets", "secret"));
  EXPECT_FALSE(EqualInConstantTime("", "secret"));
  EXPECT_FALSE(EqualInConstantTime("secret", ""));
  EXPECT_TRUE(EqualInConstantTime(std::string("a\0b", 3), std::string("a\0b", 3)));
  EXPECT_FALSE(EqualInConstantTime(std::string("a\0b", 3), std::string("a\0c", 3)));
}

TEST(BasicAuth, LetsAUserWithTheRightPasswordIn) {
  const Middleware auth = BasicAuth("the \"admin\"", {{"Aladdin", "open sesame"}, {"test", "12:3"}});
  const std::string refused = "401 Basic realm=\"the \\\"admin\\\"\", charset=\"UTF-8\"";
  struct Row {
    std::string authorization;
    std::string response;
  };
  const Row rows[] = {
      {"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "200 Aladdin"},
      {"basic  QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "200 Aladdin"},
      {"Basic dGVzdDoxMjoz", "200 test"},               // test:12:3
      {"Basic QWxhZGRpbjoxMjoz", refused},              // Aladdin:12:3, another user's password
      {"Basic QWxhZGRpbjo=", refused},                  // Aladdin:
      {"Basic QWxhZGRpbg==", refused},                  // Aladdin
      {"Basic Og==", refused},                          // :
      {"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ", refused},    // without its padding
      {"Basic QWxhZGRpbjpvcGVuIHNlc2FtZR==", refused},  // bits after the end
      {"Basic QWxhZGRpbjpvcGVuIHNlc2Ft!Q==", refused},
      {"Basic ====", refused},
      {"Basic", refused},
      {"Basic ", refused},
      {"Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==", refused},
      {"", refused},
  };
  for (const Row& row : rows) EXPECT_EQ(Ask(auth, With(row.authorization)), row.response) << row.authorization;
  EXPECT_EQ(Ask(auth, RequestBuilder()), refused);
  EXPECT_EQ(Ask(auth, With("Basic dGVzdDoxMjoz").Header("Authorization", "Basic dGVzdDoxMjoz")), refused) << "which one counts?";
}

TEST(BasicAuth, ACheckMayWaitAndFail) {
  const Error err = RunTest([](const Context&) {
    const Middleware auth = BasicAuth("x", [](const Context& ctx, std::string_view user, std::string_view password) -> Result<bool> {
      if (Error failed = Sleep(ctx, std::chrono::seconds(1))) return failed;
      if (user == "down") return kRefused.Wrap("database");
      return password == "p";
    });
    EXPECT_EQ(Ask(auth, With("Basic YTpw")), "200 a");        // a:p
    EXPECT_EQ(Ask(auth, With("Basic YTpx")).substr(0, 3), "401");  // a:x
    EXPECT_EQ(Ask(auth, With("Basic ZG93bjpw")).substr(0, 3), "503");
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(BearerAuth, LetsATokenIn) {
  const Middleware auth = BearerAuth("api", {{"anna", "t-1"}, {"bert", "t-2"}});
  EXPECT_EQ(Ask(auth, With("Bearer t-1")), "200 anna");
  EXPECT_EQ(Ask(auth, With("bearer t-2")), "200 bert");
  EXPECT_EQ(Ask(auth, With("Bearer t-3")), "401 Bearer realm=\"api\", error=\"invalid_token\"");
  EXPECT_EQ(Ask(auth, With("Bearer t-11")), "401 Bearer realm=\"api\", error=\"invalid_token\"");
  EXPECT_EQ(Ask(auth, With("Bearer")), "401 Bearer realm=\"api\"");
  EXPECT_EQ(Ask(auth, With("Basic t-1")), "401 Bearer realm=\"api\"");
  EXPECT_EQ(Ask(auth, RequestBuilder()), "401 Bearer realm=\"api\"");
  EXPECT_EQ(Ask(auth, RequestBuilder("GET", "/?access_token=t-1")), "401 Bearer realm=\"api\"");
  EXPECT_EQ(Ask(auth, With("Bearer t-1").Header("Authorization", "Bearer t-2")), "401 Bearer realm=\"api\"");
}

TEST(BearerAuth, ACheckSaysWhoseTokenItIsOrFails) {
  const Middleware auth = BearerAuth("x", [](const Context&, std::string_view token) -> Result<std::string> {
    if (token == "down") return kRefused.Wrap("sessions");
    return token == "good" ? std::string("anna") : std::string();
  });
  EXPECT_EQ(Ask(auth, With("Bearer good")), "200 anna");
  EXPECT_EQ(Ask(auth, With("Bearer bad")).substr(0, 3), "401");
  EXPECT_EQ(Ask(auth, With("Bearer down")).substr(0, 3), "503");
}

TEST(Auth, ARealmCannotBreakOutOfItsField) {
  EXPECT_THROW(BasicAuth("a\r\nSet-Cookie: b", CheckPassword()), std::invalid_argument);
  EXPECT_THROW(BearerAuth("a\x7f", CheckToken()), std::invalid_argument);
  EXPECT_EQ(internal::QuotedRealm("", "a\\b\"c"), "\"a\\\\b\\\"c\"");
}

TEST(Auth, TheUserIsGoneOutside) {
  std::string outside = "somebody";
  const Handler inner = BearerAuth("x", {{"anna", "t"}})(kWho);
  Recorder recorder;
  recorder.Serve(
      [&](ResponseWriter& w, Request& r) {
        const Error err = inner(w, r);
        outside = UserOf(r.Ctx());
        return err;
      },
      With("Bearer t"));
  EXPECT_EQ(recorder.Body(), "anna");
  EXPECT_EQ(outside, "");
}

TEST(Base64, IsReadStrictly) {
  EXPECT_EQ(internal::DecodeBase64("Zg=="), "f");
  EXPECT_EQ(internal::DecodeBase64("Zm8="), "fo");
  EXPECT_EQ(internal::DecodeBase64("Zm9v"), "foo");
  EXPECT_EQ(internal::DecodeBase64("+/+/"), "\xFB\xFF\xBF");
  for (const char* bad : {"", "Z", "Zg", "Zg=", "Z===", "====", "Zm9v=", "Zm 9", "Zg==Zg==", "Zh==", "Zm9=", "-_-_"}) {
    EXPECT_FALSE(internal::DecodeBase64(bad)) << bad;
  }
}

// AccessLog is outside of authentication, whose context has ended when it is called.
TEST(BasicAuth, TheAccessLogHasTheUser) {
  std::string users;
  const Middleware log = AccessLog([&users](const AccessRecord& record) { users.append(record.user).append(";"); });
  const Handler basic = Chain(kWho, {log, BasicAuth("r", {{"Aladdin", "open sesame"}})});
  const Handler bearer = Chain(kWho, {log, BearerAuth("r", {{"robot", "t0k3n"}})});
  Recorder recorder;

  recorder.Serve(basic, With("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
  recorder.Serve(basic, With("Basic QWxhZGRpbjo="));
  recorder.Serve(bearer, With("Bearer t0k3n"));
  recorder.Serve(bearer, RequestBuilder());

  EXPECT_EQ(users, "Aladdin;;robot;;");
}

}  // namespace
}  // namespace weft
