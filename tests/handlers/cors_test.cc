// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/cors.h>

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include <weft/handlers/routing/mux.h>
#include <weft/handlers/testing.h>

namespace weft {
namespace {

constexpr const char* kApp = "https://app.example.com";

RequestBuilder Preflight(const std::string& origin, const char* method = "PUT") {
  return RequestBuilder("OPTIONS", "/a").Header("Origin", origin).Header("Access-Control-Request-Method", method);
}

std::string All(const Recorder& recorder, const char* name) {
  std::string all;
  for (const std::string_view value : recorder.Header().Values(name)) all.append(all.empty() ? "" : ", ").append(value);
  return all;
}

const Handler kHello = [](ResponseWriter& w, Request&) { return w.Write("hello"); };

TEST(Cors, APreflightOfAnAllowedOriginIsRespondedToInPlace) {
  const Handler handler = Cors({.origins = {kApp}, .methods = {"GET", "PUT"}, .fields = {"Content-Type", "X-Id"}})(kHello);
  Recorder recorder;

  recorder.Serve(handler, Preflight(kApp).Header("Access-Control-Request-Headers", "content-type"));

  EXPECT_EQ(recorder.Status(), 204);
  EXPECT_EQ(recorder.Body(), "");
  EXPECT_EQ(recorder.Header().Get("Access-Control-Allow-Origin"), kApp);
  EXPECT_EQ(recorder.Header().Get("Access-Control-Allow-Methods"), "GET, PUT");
  EXPECT_EQ(recorder.Header().Get("Access-Control-Allow-Headers"), "Content-Type, X-Id");
  EXPECT_EQ(recorder.Header().Get("Access-Control-Max-Age"), "600");
  EXPECT_FALSE(recorder.Header().Has("Access-Control-Allow-Credentials"));
  EXPECT_EQ(All(recorder, "Vary"), "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
}

TEST(Cors, APreflightOfAnotherOriginIsRejectedAndCachesKnowWhy) {
  Recorder recorder;
  recorder.Serve(Cors({.origins = {kApp}})(kHello), Preflight("https://attacker.example"));
  EXPECT_EQ(recorder.Status(), 403);
  EXPECT_FALSE(recorder.Header().Has("Access-Control-Allow-Origin"));
  EXPECT_EQ(All(recorder, "Vary"), "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
}

TEST(Cors, ComparesOriginsAsTheyAre) {
  const CorsOptions options{.origins = {"https://exact.test", "https://port.test:8443", "https://*.sub.test"}};
  const Handler handler = Cors(options)(kHello);
  struct Row {
    const char* origin;
    bool allowed;
  };
  const Row rows[] = {
      {"https://exact.test", true},
      {"http://exact.test", false},
      {"https://exact.test:443", false},
      {"https://exact.test.attacker.example", false},
      {"https://attackerexact.test", false},
      {"https://EXACT.test", false},
      {"https://port.test:8443", true},
      {"https://port.test", false},
      {"https://a.sub.test", true},
      {"https://a.b.sub.test", true},
      {"https://sub.test", false},
      {"https://.sub.test", false},
      {"https://a.sub.test:81", false},
      {"http://a.sub.test", false},
      {"https://attacker.example/.sub.test", false},
      {"https://attacker.example#.sub.test", false},
      {"https://user@a.sub.test", false},
      {"https://attacker.example\\.sub.test", false},
      {"https://a.sub.test\r\nSet-Cookie: a=b.sub.test", false},
      {"https://exact.test\r\nSet-Cookie: a=b", false},
      {"null", false},
      {"", false},
      {"*", false},
  };
  for (const Row& row : rows) {
    Recorder recorder;
    recorder.Serve(handler, RequestBuilder("GET", "/a").Header("Origin", row.origin));
    EXPECT_EQ(recorder.Status(), 200) << "CORS keeps no request away";
    EXPECT_EQ(recorder.Header().Get("Access-Control-Allow-Origin"), row.allowed ? row.origin : "") << row.origin;
    EXPECT_EQ(All(recorder, "Vary"), "Origin") << "also where nothing is allowed";
  }
}

TEST(Cors, CredentialsAndExposedFieldsAreSaid) {
  Recorder recorder;
  recorder.Serve(Cors({.origins = {kApp}, .exposed = {"X-Request-Id", "ETag"}, .credentials = true})(kHello),
                 RequestBuilder().Header("Origin", kApp));
  EXPECT_EQ(recorder.Header().Get("Access-Control-Allow-Origin"), kApp);
  EXPECT_EQ(recorder.Header().Get("Access-Control-Allow-Credentials"), "true");
  EXPECT_EQ(recorder.Header().Get("Access-Control-Expose-Headers"), "X-Request-Id, ETag");
}

TEST(Cors, AllOriginsNeedNoVary) {
  Recorder recorder;
  recorder.Serve(Cors({.origins = {"*"}})(kHello), RequestBuilder().Header("Origin", "https://any.test"));
  EXPECT_EQ(recorder.Header().Get("Access-Control-Allow-Origin"), "*");
  EXPECT_FALSE(recorder.Header().Has("Vary"));
}

TEST(Cors, ErrorsCanBeReadToo) {
  Recorder recorder;
  recorder.Serve(Cors({.origins = {kApp}})([](ResponseWriter&, Request&) { return HttpError(404); }), RequestBuilder().Header("Origin", kApp));
  EXPECT_EQ(recorder.Status(), 404);
  EXPECT_EQ(recorder.Header().Get("Access-Control-Allow-Origin"), kApp);
}

TEST(Cors, PassesOnWhatIsNoPreflight) {
  Mux mux;
  mux.Handle("OPTIONS /a", [](ResponseWriter& w, Request&) { return w.Write("mine"); });
  mux.Use(Cors({.origins = {kApp}}));
  Recorder recorder;
  recorder.Serve(mux, RequestBuilder("OPTIONS", "/a").Header("Origin", kApp));
  EXPECT_EQ(recorder.Body(), "mine");
  recorder.Serve(mux, RequestBuilder("OPTIONS", "/a").Header("Access-Control-Request-Method", "PUT"));
  EXPECT_EQ(recorder.Body(), "mine");
  recorder.Serve(mux, Preflight(kApp));
  EXPECT_EQ(recorder.Status(), 204);
}

TEST(Cors, EchoesOnlyTheTokensAmongTheRequestedFields) {
  const Handler handler = Cors({.origins = {kApp}, .fields = {"*"}})(kHello);
  struct Row {
    std::string asked;
    std::string allowed;
  };
  const Row rows[] = {
      {"authorization, x-a", "authorization, x-a"},
      {"x-a\r\nSet-Cookie: b=c, x-b", "x-b"},
      {"x-a, b c, \"d\", e:f, ,x-g", "x-a, x-g"},
      {std::string(2000, 'a') + ",x-a", "x-a"},
      {"", ""},
  };
  for (const Row& row : rows) {
    Recorder recorder;
    recorder.Serve(handler, Preflight(kApp).Header("Access-Control-Request-Headers", row.asked));
    EXPECT_EQ(recorder.Status(), 204);
    EXPECT_EQ(recorder.Header().Get("Access-Control-Allow-Headers"), row.allowed);
    EXPECT_FALSE(recorder.Header().Has("Set-Cookie"));
  }
}

TEST(Cors, AHandlersVaryIsKeptAndNotRepeated) {
  const auto vary = [](const char* handlers) {
    Recorder recorder;
    recorder.Serve(Cors({.origins = {kApp}})([=](ResponseWriter& w, Request&) { w.Header().Set("Vary", handlers); }), RequestBuilder());
    return All(recorder, "Vary");
  };
  EXPECT_EQ(vary("Accept"), "Accept, Origin");
  EXPECT_EQ(vary("Accept, origin"), "Accept, origin");
  EXPECT_EQ(vary("*"), "*");
}

TEST(Cors, BadOptionsAreNamed) {
  for (const char* origin : {"", "null", "https://a.test/", "a.test", "https://A.test", "https://*", "https://a.*.test", "https://a.test\r\n"}) {
    EXPECT_THROW(Cors({.origins = {origin}}), std::invalid_argument) << origin;
  }
  EXPECT_THROW(Cors({.origins = {"*"}, .credentials = true}), std::invalid_argument);
  EXPECT_THROW(Cors({.origins = {kApp}, .methods = {"GET PUT"}}), std::invalid_argument);
  EXPECT_THROW(Cors({.origins = {kApp}, .fields = {"X-A\r\nX-B"}}), std::invalid_argument);
  EXPECT_THROW(Cors({.origins = {kApp}, .exposed = {"X A"}}), std::invalid_argument);
}

}  // namespace
}  // namespace weft
