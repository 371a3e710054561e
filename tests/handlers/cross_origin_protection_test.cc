// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/cross_origin_protection.h>

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include <weft/handlers/middleware/security_headers.h>
#include <weft/handlers/testing.h>

namespace weft {
namespace {

const Handler kOk = [](ResponseWriter&, Request&) {};

int StatusOf(const Middleware& middleware, const char* method, const std::string& path, const char* site, const char* origin,
             const char* host = "example.com") {
  RequestBuilder request(method, path);
  request.Host(host);
  if (*site != '\0') request.Header("Sec-Fetch-Site", site);
  if (*origin != '\0') request.Header("Origin", origin);
  Recorder recorder;
  recorder.Serve(middleware(kOk), request);
  return recorder.Status();
}

// The documented cases of Go's http.CrossOriginProtection, and some more.
TEST(CrossOriginProtection, FollowsGosRule) {
  struct Row {
    const char* method;
    const char* site;
    const char* origin;
    int status;
  };
  const Row rows[] = {
      {"POST", "same-origin", "", 200},
      {"POST", "none", "", 200},
      {"POST", "cross-site", "", 403},
      {"POST", "same-site", "", 403},
      {"POST", "", "", 200},
      {"POST", "", "https://example.com", 200},
      {"POST", "", "https://attacker.example", 403},
      {"POST", "", "null", 403},
      {"GET", "cross-site", "", 200},
      {"HEAD", "cross-site", "", 200},
      {"OPTIONS", "cross-site", "", 200},
      {"PUT", "cross-site", "", 403},
      {"PATCH", "cross-site", "", 403},
      {"DELETE", "cross-site", "", 403},
      {"get", "cross-site", "", 403},
      {"POST", "something-new", "", 403},
      {"POST", "Same-Origin", "", 403},
      {"POST", "cross-site", "https://example.com", 403},
      {"POST", "same-origin", "https://attacker.example", 200},
      {"POST", "", "http://example.com", 200},
      {"POST", "", "https://example.com:8443", 403},
      {"POST", "", "https://example.com/", 403},
      {"POST", "", "https://example.com.attacker.example", 403},
      {"POST", "", "example.com", 403},
      {"POST", "", "https://", 403},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(StatusOf(CrossOriginProtection(), row.method, "/", row.site, row.origin), row.status)
        << row.method << ' ' << row.site << ' ' << row.origin;
  }
}

TEST(CrossOriginProtection, TheHostIsComparedWithItsPort) {
  EXPECT_EQ(StatusOf(CrossOriginProtection(), "POST", "/", "", "https://example.com:8443", "example.com:8443"), 200);
  EXPECT_EQ(StatusOf(CrossOriginProtection(), "POST", "/", "", "https://example.com", "Example.COM"), 200);
  EXPECT_EQ(StatusOf(CrossOriginProtection(), "POST", "/", "", "https://", ""), 403) << "nobody is not the same as nobody";
}

TEST(CrossOriginProtection, TrustedOriginsPass) {
  const Middleware middleware = CrossOriginProtection({.trusted = {"https://trusted.example"}});
  EXPECT_EQ(StatusOf(middleware, "POST", "/", "", "https://trusted.example"), 200);
  EXPECT_EQ(StatusOf(middleware, "POST", "/", "cross-site", "https://trusted.example"), 200);
  EXPECT_EQ(StatusOf(middleware, "POST", "/", "", "https://attacker.example"), 403);
  EXPECT_EQ(StatusOf(middleware, "POST", "/", "cross-site", "https://attacker.example"), 403);
  EXPECT_EQ(StatusOf(middleware, "POST", "/", "cross-site", "http://trusted.example"), 403);
  EXPECT_EQ(StatusOf(middleware, "POST", "/", "cross-site", ""), 403);
}

TEST(CrossOriginProtection, BypassPatternsAreThoseOfAMuxWithoutItsRedirects) {
  const Middleware middleware = CrossOriginProtection({.bypass = {"/bypass/", "POST /only/{foo}"}});
  const auto post = [&](const char* path) { return StatusOf(middleware, "POST", path, "cross-site", "https://attacker.example"); };
  EXPECT_EQ(post("/bypass/"), 200);
  EXPECT_EQ(post("/bypass/a/b"), 200);
  EXPECT_EQ(post("/api/"), 403);
  EXPECT_EQ(post("/bypass"), 403);
  EXPECT_EQ(post("/foo/../bypass/bar"), 403);
  EXPECT_EQ(post("/bypass/../api"), 403);
  EXPECT_EQ(post("/bypass/%2e%2e/api"), 403);
  EXPECT_EQ(post("//bypass/"), 403);
  EXPECT_EQ(post("/only/123"), 200);
  EXPECT_EQ(post("/only/123/foo"), 403);
  EXPECT_EQ(StatusOf(middleware, "PUT", "/only/123", "cross-site", ""), 403);
}

TEST(CrossOriginProtection, FieldsThatComeTwiceHelpNobody) {
  const auto twice = [](const char* name, const char* first, const char* second) {
    Recorder recorder;
    recorder.Serve(CrossOriginProtection({.trusted = {"https://trusted.example"}})(kOk),
                   RequestBuilder("POST").Header(name, first).Header(name, second));
    return recorder.Status();
  };
  EXPECT_EQ(twice("Sec-Fetch-Site", "same-origin", "cross-site"), 403);
  EXPECT_EQ(twice("Origin", "https://example.com", "https://attacker.example"), 403);
  EXPECT_EQ(twice("Origin", "https://trusted.example", "https://attacker.example"), 403);
}

TEST(CrossOriginProtection, RefusesToTrustWhatIsNoOrigin) {
  for (const char* origin : {"https://example.com", "https://example.com:8080", "http://example.com"}) {
    EXPECT_NO_THROW(CrossOriginProtection({.trusted = {origin}})) << origin;
  }
  for (const char* origin : {"example.com", "https://", "https://example.com/", "https://example.com/path", "https://example.com?query=value",
                             "https://example.com#fragment", "https://ex ample.com", "", "null"}) {
    EXPECT_THROW(CrossOriginProtection({.trusted = {origin}}), std::invalid_argument) << origin;
  }
  EXPECT_THROW(CrossOriginProtection({.bypass = {"bypass"}}), std::invalid_argument);
}

TEST(SecurityHeaders, AreSetAlsoOnErrorsAndAHandlerMayChangeThem) {
  Recorder recorder;
  recorder.Serve(SecurityHeaders({.content_security_policy = "default-src 'self'"})([](ResponseWriter& w, Request&) {
                   w.Header().Set("X-Frame-Options", "SAMEORIGIN");
                   return HttpError(404);
                 }),
                 RequestBuilder());
  EXPECT_EQ(recorder.Status(), 404);
  EXPECT_EQ(recorder.Header().Get("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(recorder.Header().Get("X-Frame-Options"), "SAMEORIGIN");
  EXPECT_EQ(recorder.Header().Get("Referrer-Policy"), "strict-origin-when-cross-origin");
  EXPECT_EQ(recorder.Header().Get("Cross-Origin-Opener-Policy"), "same-origin");
  EXPECT_EQ(recorder.Header().Get("Content-Security-Policy"), "default-src 'self'");
  EXPECT_FALSE(recorder.Header().Has("Permissions-Policy"));
  EXPECT_FALSE(recorder.Header().Has("Strict-Transport-Security"));
}

TEST(SecurityHeaders, TransportSecurityIsForTlsOnly) {
  const Handler handler = SecurityHeaders({.frame_options = "", .hsts_max_age = std::chrono::hours(24), .hsts_subdomains = true})(kOk);
  Recorder recorder;
  recorder.Serve(handler, RequestBuilder());
  EXPECT_FALSE(recorder.Header().Has("Strict-Transport-Security"));
  recorder.Serve(handler, RequestBuilder().Secure());
  EXPECT_EQ(recorder.Header().Get("Strict-Transport-Security"), "max-age=86400; includeSubDomains");
  EXPECT_FALSE(recorder.Header().Has("X-Frame-Options"));
}

TEST(SecurityHeaders, ThrowsOnAnInvalidFieldValue) {
  EXPECT_THROW(SecurityHeaders({.content_security_policy = "a\r\nSet-Cookie: b"}), std::invalid_argument);
}

}  // namespace
}  // namespace weft
