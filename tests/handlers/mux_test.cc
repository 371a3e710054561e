// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/routing/mux.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "mux_support.h"

namespace weft {
namespace {

TEST(Mux, MatchesLiteralsWildcardsAndRests) {
  const Mux mux = MuxOf({"/lit", "/one/{a}", "/one/{a}/two/{b}", "/rest/{rest...}", "/tree/", "/only/{$}"});
  Check(mux, {
                 {"GET", "/lit", "200 /lit"},
                 {"GET", "/lit/", "404"},
                 {"GET", "/lit/x", "404"},
                 {"GET", "/LIT", "404"},
                 {"GET", "/one/x", "200 /one/{a} a=x"},
                 {"GET", "/one/", "404"},
                 {"GET", "/one", "404"},
                 {"GET", "/one/x/", "404"},
                 {"GET", "/one/x/two/y", "200 /one/{a}/two/{b} a=x b=y"},
                 {"GET", "/one/x/three/y", "404"},
                 {"GET", "/rest/", "200 /rest/{rest...}"},
                 {"GET", "/rest/x", "200 /rest/{rest...} rest=x"},
                 {"GET", "/rest/x/y/", "200 /rest/{rest...} rest=x/y/"},
                 {"GET", "/tree/", "200 /tree/"},
                 {"GET", "/tree/x/y", "200 /tree/"},
                 {"GET", "/only/", "200 /only/{$}"},
                 {"GET", "/only/x", "404"},
                 {"GET", "/", "404"},
             });
}

TEST(Mux, TheMostSpecificPatternWinsWhateverTheOrder) {
  std::vector<std::string> patterns = {"/",        "/{a}",     "/a",       "/a/",  "/a/{$}",        "/a/{b}/{rest...}",
                                       "/a/{b}",   "/a/b",     "GET /a/b", "/{$}", "/a/b/{rest...}", "GET /c/{b}",
                                       "GET /c/b", "POST /c/", "HEAD /c/b"};
  const std::vector<Case> cases = {
      {"GET", "/", "200 /{$}"},
      {"GET", "/x", "200 /{a} a=x"},
      {"GET", "/a", "200 /a"},
      {"GET", "/a/", "200 /a/{$}"},
      {"GET", "/a/b", "200 GET /a/b"},
      {"POST", "/a/b", "200 /a/b"},
      {"GET", "/a/x", "200 /a/{b} b=x"},
      {"GET", "/c/b", "200 GET /c/b"},
      {"GET", "/c/x", "200 GET /c/{b} b=x"},
      {"POST", "/c/x", "200 POST /c/"},
      {"GET", "/c/x/y", "200 /"},
      {"PUT", "/c/b", "200 /"},
      {"GET", "/a/x/", "200 /a/{b}/{rest...} b=x"},
      {"GET", "/a/x/y/z", "200 /a/{b}/{rest...} b=x rest=y/z"},
      {"GET", "/a/b/y/z", "200 /a/b/{rest...} rest=y/z"},
      {"GET", "/x/y", "200 /"},
  };
  for (int round = 0; round < 2; ++round) {
    Check(MuxOf(patterns), cases);
    patterns = std::vector<std::string>(patterns.rbegin(), patterns.rend());
  }
}

TEST(Mux, GoesBackToAWiderPatternWhenTheNarrowOneLeadsNowhere) {
  const Mux mux = MuxOf({"/a/b/c", "/{a}/b/d", "/a/{b}/e", "/{rest...}"});
  Check(mux, {
                 {"GET", "/a/b/c", "200 /a/b/c"},
                 {"GET", "/a/b/d", "200 /{a}/b/d a=a"},
                 {"GET", "/a/b/e", "200 /a/{b}/e b=b"},
                 {"GET", "/a/b/f", "200 /{rest...} rest=a/b/f"},
                 {"GET", "/a/b", "200 /{rest...} rest=a/b"},
                 {"GET", "/", "200 /{rest...}"},
             });
}

TEST(Mux, GetAlsoMatchesHeadUnlessHeadIsThereItself) {
  const Mux mux = MuxOf({"GET /both", "HEAD /own", "GET /own"});
  Recorder recorder;

  recorder.Serve(mux, RequestBuilder("HEAD", "/both"));
  EXPECT_EQ(recorder.Header().Get("Content-Length"), std::to_string(std::string("GET /both").size()));

  recorder.Serve(mux, RequestBuilder("HEAD", "/own"));
  EXPECT_EQ(recorder.Header().Get("Content-Length"), std::to_string(std::string("HEAD /own").size()));
}

TEST(Mux, AWrongMethodIs405WithTheSortedMethodsThatWouldDo) {
  const Mux mux = MuxOf({"POST /x", "GET /x", "DELETE /{a}", "PUT /y", "/z/z", "PATCH /tree/", "GET /tree/deep"});
  Check(mux, {
                 {"PUT", "/x", "405 DELETE, GET, HEAD, POST"},
                 {"DELETE", "/x", "200 DELETE /{a} a=x"},
                 {"GET", "/y", "405 DELETE, PUT"},
                 {"OPTIONS", "/x", "405 DELETE, GET, HEAD, POST"},
                 {"PUT", "/z/z", "200 /z/z"},
                 {"PUT", "/tree/deep", "405 GET, HEAD, PATCH"},
                 {"PUT", "/none/of/them", "404"},
             });
}

TEST(Mux, RejectsAnUnknownMethodWith501) {
  const Mux mux = MuxOf({"GET /x", "PURGE /y", "/any"});
  Check(mux, {
                 {"BREW", "/x", "501"},
                 {"get", "/x", "501"},
                 {"BREW", "/none", "501"},
                 {"BREW", "/any", "200 /any"},
                 {"PURGE", "/x", "405 GET, HEAD"},
                 {"TRACE", "/x", "405 GET, HEAD"},
                 {"PATCH", "/none", "404"},
             });
}

TEST(Mux, ACatchAllTakesWhatWouldBe405) {
  const Mux mux = MuxOf({"POST /x", "/"});

  EXPECT_EQ(Ask(mux, RequestBuilder("GET", "/x")), "200 /");
}

TEST(Mux, APatternWithAHostWinsOverOneWithout) {
  const Mux mux = MuxOf({"/{a}", "a.test/", "GET b.test/x", "[::1]/x"});
  const auto ask = [&](const char* host, const char* method, const char* path) {
    return Ask(mux, RequestBuilder(method, path).Host(host));
  };

  EXPECT_EQ(ask("a.test", "GET", "/x"), "200 a.test/");
  EXPECT_EQ(ask("A.TEST:8080", "GET", "/x"), "200 a.test/");
  EXPECT_EQ(ask("b.test", "GET", "/x"), "200 GET b.test/x");
  EXPECT_EQ(ask("b.test", "POST", "/x"), "200 /{a} a=x");
  EXPECT_EQ(ask("b.test", "GET", "/y"), "200 /{a} a=y");
  EXPECT_EQ(ask("c.test", "GET", "/x"), "200 /{a} a=x");
  EXPECT_EQ(ask("[::1]:8080", "GET", "/x"), "200 [::1]/x");
  EXPECT_EQ(ask("", "GET", "/x"), "200 /{a} a=x");
}

TEST(Mux, Allow405CollectsFromTheHostAndFromAllHosts) {
  const Mux mux = MuxOf({"GET a.test/x", "PUT /x"});

  EXPECT_EQ(Ask(mux, RequestBuilder("POST", "/x").Host("a.test")), "405 GET, HEAD, PUT");
  EXPECT_EQ(Ask(mux, RequestBuilder("POST", "/x").Host("b.test")), "405 PUT");
}

TEST(Mux, SegmentsAreSplitBeforeTheyAreDecoded) {
  const Mux mux = MuxOf({"/f/{a}", "/f/{a}/g/{b}", "/lit%2Feral/x", "/r/{rest...}", "/sp%20ace"});
  Check(mux, {
                 {"GET", "/f/x%2Fy", "200 /f/{a} a=x/y"},
                 {"GET", "/f/x%2fy/g/%7B%7d", "200 /f/{a}/g/{b} a=x/y b={}"},
                 {"GET", "/f/%", "200 /f/{a} a=%"},
                 {"GET", "/f/%2", "200 /f/{a} a=%2"},
                 {"GET", "/%66/x", "200 /f/{a} a=x"},
                 {"GET", "/lit%2Feral/x", "200 /lit%2Feral/x"},
                 {"GET", "/lit/eral/x", "404"},
                 {"GET", "/r/a%2Fb/c%20d", "200 /r/{rest...} rest=a/b/c d"},
                 {"GET", "/sp%20ace", "200 /sp%20ace"},
             });
}

TEST(Mux, OptionsOfTheServerNamesAllMethods) {
  const Mux mux = MuxOf({"POST /x", "GET a.test/y", "/z"});
  Recorder recorder;

  recorder.Serve(mux, RequestBuilder("OPTIONS", "*"));
  EXPECT_EQ(recorder.Status(), 200);
  EXPECT_EQ(recorder.Header().Get("Allow"), "GET, HEAD, POST");
  EXPECT_EQ(recorder.Body(), "");

  recorder.Serve(mux, RequestBuilder("GET", "*"));
  EXPECT_EQ(recorder.Status(), 400);
}

TEST(Mux, CopiesShareTheirRoutes) {
  Mux mux;
  const Mux copy = mux;
  const Handler handler = mux;

  mux.Handle("/x", Tell);

  EXPECT_EQ(Ask(copy, RequestBuilder("GET", "/x")), "200 /x");
  Recorder recorder;
  recorder.Serve(handler, RequestBuilder("GET", "/x"));
  EXPECT_EQ(recorder.Body(), "/x");
}

TEST(Mux, InsideAnotherItsPatternAndValuesComeFirst) {
  Mux inner;
  inner.Handle("/api/{b}/{a}", Tell);
  Mux outer;
  outer.Handle("/api/{a}/", inner);

  EXPECT_EQ(Ask(outer, RequestBuilder("GET", "/api/x/y")), "200 /api/{b}/{a} a=y b=x");
}

Middleware Mark(std::string name) {
  return [name](Handler next) -> Handler {
    return [name, next](ResponseWriter& w, Request& r) {
      w.Header().Add("Mark", name);
      return next(w, r);
    };
  };
}

TEST(Mux, MiddlewareWrapsItsOwnResponsesToo) {
  Mux mux;
  mux.Use(Mark("first")).Handle("/x", Tell).Use(Mark("second"));
  for (const char* path : {"/x", "/none", "//"}) {
    Recorder recorder;

    recorder.Serve(mux, RequestBuilder("GET", path));

    EXPECT_EQ(recorder.Header().Values("Mark"), (std::vector<std::string_view>{"first", "second"})) << path;
  }
}

TEST(Mux, AUsersMiddlewareCanGiveA404AnotherForm) {
  Mux mux;
  mux.Use([](Handler next) -> Handler {
    return [next](ResponseWriter& w, Request& r) -> Error {
      const Error err = next(w, r);
      const HttpStatus* status = err.As<HttpStatus>();
      if (status == nullptr || status->code != 404) return err;
      w.WriteHeader(404);
      return w.Write("lost?");
    };
  });
  Recorder recorder;

  recorder.Serve(mux, RequestBuilder("GET", "/none"));

  EXPECT_EQ(recorder.Status(), 404);
  EXPECT_EQ(recorder.Body(), "lost?");
}

TEST(Mux, WithoutPatternsEverythingIs404) { EXPECT_EQ(Ask(Mux(), RequestBuilder("GET", "/")), "404"); }

}  // namespace
}  // namespace weft
