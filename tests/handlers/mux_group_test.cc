// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/routing/mux.h>

#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weft/concurrency/debug.h>
#include <weft/concurrency/fiber_job.h>
#include <weft/concurrency/testing.h>
#include <weft/handlers/routing/strip_prefix.h>
#include <weft/handlers/testing.h>

#include "mux_support.h"

namespace weft {
namespace {

// Says its name on the way in.
Middleware Named(std::string name) {
  return [name](Handler next) -> Handler {
    return [name, next](ResponseWriter& w, Request& r) -> Error {
      if (Error err = w.Write(name + " ")) return err;
      return next(w, r);
    };
  };
}

template <class F>
std::string Thrown(F f) {
  try {
    f();
  } catch (const std::exception& e) {
    return e.what();
  }
  return "nothing";
}

TEST(MuxGroup, PatternsAreRegisteredBelowThePrefix) {
  Mux mux;
  mux.Handle("/", Tell);
  mux.Group("/api/{a}", {}, [](Mux& api) {
    api.Handle("GET /users/{b}", Tell);
    api.Handle("/", Tell);
    api.Group("/deep", {}, [](Mux& deep) { deep.Handle("POST /x", Tell); });
  });

  Check(mux, {
                 {"GET", "/api/1/users/2", "200 GET /api/{a}/users/{b} a=1 b=2"},
                 {"GET", "/api/1/other", "200 /api/{a}/ a=1"},
                 {"POST", "/api/1/deep/x", "200 POST /api/{a}/deep/x a=1"},
                 {"GET", "/users/2", "200 /"},
             });
}

TEST(MuxGroup, APrefixMayBeAHostOrNothing) {
  Mux mux;
  mux.Group("api.test", {}, [](Mux& api) {
    api.Handle("GET /a", Tell);
    api.Group("/v1", {}, [](Mux& v1) { v1.Handle("GET /a", Tell); });
  });
  mux.Group("", {Named("with")}, [](Mux& same) { same.Handle("GET other.test/b", Tell); });

  EXPECT_EQ(Ask(mux, RequestBuilder("GET", "http://api.test/a")), "200 GET api.test/a");
  EXPECT_EQ(Ask(mux, RequestBuilder("GET", "http://api.test/v1/a")), "200 GET api.test/v1/a");
  EXPECT_EQ(Ask(mux, RequestBuilder("GET", "http://other.test/b")), "200 with GET other.test/b");
  EXPECT_EQ(Ask(mux, RequestBuilder("GET", "http://other.test/a")), "404");
}

TEST(MuxGroup, TheWholeMuxIsOutsideThenGroupsThenTheRoute) {
  Mux mux;
  mux.Use(Named("mux"));
  mux.Group("/a", {Named("outer"), Named("second")}, [](Mux& a) {
    a.Group("/b", {Named("inner")}, [](Mux& b) {
      b.Use(Named("used"));
      b.Handle("/c", Tell, {Named("route"), Named("last")});
    });
    a.Handle("/d", Tell);
  });

  EXPECT_EQ(Ask(mux, RequestBuilder("GET", "/a/b/c")), "200 mux outer second inner used route last /a/b/c");
  EXPECT_EQ(Ask(mux, RequestBuilder("GET", "/a/d")), "200 mux outer second /a/d");
}

TEST(MuxGroup, UnmatchedRequestsDoNotReachItsMiddleware) {
  bool reached = false;
  Mux mux;
  const Middleware notices = [&](Handler next) -> Handler {
    return [&reached, next](ResponseWriter& w, Request& r) {
      reached = true;
      return next(w, r);
    };
  };
  mux.Group("/a", {notices}, [](Mux& a) { a.Handle("GET /b", Tell); });

  EXPECT_EQ(Ask(mux, RequestBuilder("GET", "/a/c")), "404");
  EXPECT_EQ(Ask(mux, RequestBuilder("POST", "/a/b")), "405 GET, HEAD");
  EXPECT_FALSE(reached);
}

TEST(MuxGroup, ConflictsAreFoundAcrossGroups) {
  Mux mux;
  mux.Handle("GET /api/{any}", Tell);

  const std::string said = Thrown([&] { mux.Group("/api", {}, [](Mux& api) { api.Handle("GET /{other}", Tell); }); });

  EXPECT_EQ(said, "Mux pattern \"GET /api/{other}\" conflicts with \"GET /api/{any}\": they match the same requests");
}

TEST(MuxGroup, BadPrefixesAreNamed) {
  const auto group = [](const std::string& prefix) {
    return Thrown([&] { Mux().Group(prefix, {}, [](Mux& in) { in.Handle("b.test/x", Tell); }); });
  };
  EXPECT_EQ(group("/a/"), "Mux group \"/a/\": a prefix must not end with a slash, since its patterns begin with one");
  EXPECT_EQ(group("GET /a"), "Mux group \"GET /a\": a prefix must not have a method");
  EXPECT_EQ(group("/a/{rest...}"), "Mux pattern \"/a/{rest...}/\": a {name...} wildcard must be at the end");
  EXPECT_EQ(group("a.test/y"), "Mux pattern \"b.test/x\": its group \"a.test/y\" has a host already");
  EXPECT_EQ(group("/y"), "nothing");
}

TEST(MuxGroup, UseComesBeforePatternsAndFallbacksBelongToTheWhole) {
  const auto in_group = [](const std::function<void(Mux&)>& add) {
    return Thrown([&] { Mux().Group("/a", {}, add); });
  };
  EXPECT_NE(in_group([](Mux& a) { a.Handle("/b", Tell).Use(Named("late")); }).find("before its patterns"), std::string::npos);
  EXPECT_NE(in_group([](Mux& a) {
              a.Group("/b", {}, [](Mux& b) { b.Handle("/c", Tell); });
              a.Use(Named("late"));
            }).find("before its patterns"),
            std::string::npos);
  EXPECT_NE(in_group([](Mux& a) { a.NotFound(Tell); }).find("Mux::NotFound belongs to the whole Mux"), std::string::npos);
  EXPECT_NE(in_group([](Mux& a) { a.MethodNotAllowed(Tell); }).find("Mux::MethodNotAllowed"), std::string::npos);
}

TEST(MuxFallbacks, HandlersTakeThePlaceOf404And405) {
  Mux mux;
  mux.Use(Named("used"));
  mux.Handle("GET /a", Tell);
  mux.NotFound([](ResponseWriter& w, Request& r) {
    w.WriteHeader(404);
    return w.Write("no " + std::string(r.Path()));
  });
  mux.MethodNotAllowed([](ResponseWriter& w, Request&) -> Error {
    w.WriteHeader(405);
    return w.Write("try " + std::string(w.Header().Get("Allow")));
  });
  Recorder recorder;

  recorder.Serve(mux, RequestBuilder("GET", "/b"));
  EXPECT_EQ(recorder.Status(), 200) << "the middleware has written, so it has chosen";
  EXPECT_EQ(recorder.Body(), "used no /b");
  recorder.Serve(mux, RequestBuilder("POST", "/a"));
  EXPECT_EQ(recorder.Body(), "used try GET, HEAD");
}

TEST(MuxFallbacks, TheHandlerChoosesTheStatus) {
  Mux mux;
  mux.NotFound([](ResponseWriter& w, Request&) { return w.Write("index"); });
  mux.MethodNotAllowed([](ResponseWriter&, Request&) { return HttpError(405, "no"); });
  mux.Handle("GET /a", Tell);

  EXPECT_EQ(Ask(mux, RequestBuilder("GET", "/page")), "200 index");
  EXPECT_EQ(Ask(mux, RequestBuilder("DELETE", "/a")), "405 GET, HEAD");
}

TEST(Mux, ThePatternIsTheNameOfTheFiber) {
  const Error err = RunTest([](const Context&) {
    Mux mux;
    std::string name;
    mux.Handle("GET /users/{id}", [&](ResponseWriter&, Request&) { name = ListFibers().front().name; });
    Recorder recorder;
    recorder.Serve(mux, RequestBuilder("GET", "/users/7?token=secret"));
    EXPECT_EQ(name, "GET /users/{id}");
  });
  EXPECT_FALSE(err) << err.Message();
}

// What clients choose of a target and its host never is the name, however a pattern has matched or none has.
TEST(Mux, TheFiberIsNeverCalledWhatTheClientHasSent) {
  const Error err = RunTest([](const Context&) {
    std::string name;
    const auto tell = [&](ResponseWriter&, Request&) { name = ListFibers().front().name; };
    Mux inner;
    inner.Handle("GET /page", tell);
    Mux mux;
    mux.Handle("GET /about", tell);
    mux.Handle("GET example.com/host", tell);
    mux.Handle("/any", tell);
    mux.Handle("GET /tree/", tell);
    mux.Handle("GET /{$}", tell);
    mux.Handle("/sub/", StripPrefix("/sub", inner));
    mux.NotFound(tell);
    mux.MethodNotAllowed(tell);
    const struct {
      const char* method;
      const char* target;
      const char* name;
    } kRows[] = {
        {"GET", "/about", "GET /about"},
        {"GET", "/about?token=secret", "GET /about"},
        {"GET", "/%61bout", "GET /about"},
        {"GET", "http://example.com/about", "GET /about"},
        {"HEAD", "/about", "GET /about"},
        {"GET", "/host", "GET example.com/host"},
        {"BREW", "/any", "/any"},
        {"GET", "/tree/of/secrets", "GET /tree/"},
        {"GET", "/", "GET /{$}"},
        {"GET", "/sub/page", "GET /page"},
        {"GET", "/secret", "GET"},
        {"POST", "/about", "POST"},
        {"SECRET", "/about", "unknown method"},
    };
    for (const auto& row : kRows) {
      SetFiberName(std::string(row.method) + " " + std::string(row.target).substr(0, std::string(row.target).find('?')));
      name = "the handler was not called";
      Recorder recorder;
      recorder.Serve(mux, RequestBuilder(row.method, row.target));
      if (std::string_view(row.method) == "SECRET") name = ListFibers().front().name;
      EXPECT_EQ(name, row.name) << row.method << ' ' << row.target;
    }
  });
  EXPECT_FALSE(err) << err.Message();
}

}  // namespace
}  // namespace weft
