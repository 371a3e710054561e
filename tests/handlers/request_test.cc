// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/request.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include <weft/handlers/access.h>
#include <weft/handlers/routing/mux.h>
#include <weft/handlers/testing.h>

namespace weft {
namespace {

void WithRequest(const RequestBuilder& request, const std::function<void(Request&)>& look) {
  Recorder recorder;
  recorder.Serve([&](ResponseWriter&, Request& r) { look(r); }, request);
}

TEST(Request, ShowsWhatTheClientHasSent) {
  const RequestBuilder request = RequestBuilder("PUT", "/a%20b/c?x=1&y=2")
                                     .Host("api.test:8080")
                                     .Header("Accept", "text/plain")
                                     .Peer("192.0.2.7:50123")
                                     .Version(1, 0)
                                     .Secure();
  WithRequest(request, [](Request& r) {
    EXPECT_EQ(r.Method(), "PUT");
    EXPECT_EQ(r.Target(), "/a%20b/c?x=1&y=2");
    EXPECT_EQ(r.RawPath(), "/a%20b/c");
    EXPECT_EQ(r.Path(), "/a b/c");
    EXPECT_EQ(r.RawQuery(), "x=1&y=2");
    EXPECT_EQ(r.Host(), "api.test:8080");
    EXPECT_EQ(r.Peer(), "192.0.2.7:50123");
    EXPECT_EQ(r.Version(), std::make_pair(1, 0));
    EXPECT_TRUE(r.Secure());
    EXPECT_EQ(r.Header().Get("accept"), "text/plain");
  });
}

struct PathRow {
  const char* raw;
  const char* path;
};

TEST(Request, PathIsDecodedAndBrokenEscapesStandForThemselves) {
  const PathRow rows[] = {{"/", "/"},          {"/a%2Fb", "/a/b"},  {"/%e4%bd%a0", "/\xe4\xbd\xa0"},
                          {"/100%", "/100%"},  {"/%4", "/%4"},      {"/%zz%41", "/%zzA"},
                          {"/a+b", "/a+b"},    {"/%%41", "/%A"},    {"/%25%32%30", "/%20"}};
  for (const PathRow& row : rows) {
    WithRequest(RequestBuilder("GET", row.raw), [&](Request& r) { EXPECT_EQ(r.Path(), row.path) << row.raw; });
  }
}

struct QueryRow {
  const char* query;
  const char* values;  // of "a", each followed by a comma
};

TEST(Request, QueryFindsDecodedValues) {
  const QueryRow rows[] = {
      {"", ""},           {"a", ","},           {"a=", ","},       {"a=1", "1,"},        {"b=1", ""},
      {"a=1&a=2", "1,2,"}, {"a=x+y", "x y,"},    {"a=x%2By", "x+y,"}, {"%61=1", "1,"},     {"a=1=2", "1=2,"},
      {"&&a=1&", "1,"},   {"a=%zz&a=2", "2,"},  {"a=1;b=2", ""},   {"A=1", ""},
      {"a=%e4%bd%a0", "\xe4\xbd\xa0,"},
  };
  for (const QueryRow& row : rows) {
    WithRequest(RequestBuilder("GET", std::string("/?") + row.query), [&](Request& r) {
      std::string values;
      for (const std::string_view value : r.QueryValues("a")) values.append(value).append(",");
      EXPECT_EQ(values, row.values) << row.query;
      EXPECT_EQ(r.Query("a").has_value(), !values.empty()) << row.query;
      EXPECT_EQ(r.Query("a").value_or(""), values.substr(0, values.find(','))) << row.query;
    });
  }
}

TEST(Request, ViewsOfTheQueryDoNotMoveWhenMoreIsDecoded) {
  WithRequest(RequestBuilder("GET", "/?a=%41%41%41&b=%42&c=" + std::string(500, '+')), [](Request& r) {
    const std::string_view a = *r.Query("a");

    EXPECT_EQ(r.Query("c")->size(), 500u);
    EXPECT_EQ(a, "AAA");
    EXPECT_EQ(a.data(), r.Query("a")->data());
  });
}

// What QueryAs<T>("n") gives for a text: the value, or the status and text of the answer to its error.
template <class T>
std::string Parsed(const std::string& text) {
  std::string out;
  Recorder recorder;
  recorder.Serve(
      [&](ResponseWriter& w, Request& r) -> Error {
        const Result<T> value = r.QueryAs<T>("n");
        if (Error err = value.Err()) return err;
        return w.Write(std::to_string(*value));
      },
      RequestBuilder("GET", "/?" + text));
  return recorder.Status() == 200 ? recorder.Body() : std::to_string(recorder.Status()) + " " + recorder.Body();
}

TEST(Request, ParametersConvertToNumbersOrRespond400) {
  const std::string no_number = "400 query parameter \"n\": not a whole number\n";
  const std::string out_of_range = "400 query parameter \"n\": out of range\n";
  EXPECT_EQ(Parsed<int>("n=17"), "17");
  EXPECT_EQ(Parsed<int>("n=-17"), "-17");
  EXPECT_EQ(Parsed<int>("n=2147483647"), "2147483647");
  EXPECT_EQ(Parsed<int>("n=2147483648"), out_of_range);
  EXPECT_EQ(Parsed<int>("n=99999999999999999999"), out_of_range);
  EXPECT_EQ(Parsed<std::int8_t>("n=128"), out_of_range);
  EXPECT_EQ(Parsed<int>("n="), no_number);
  EXPECT_EQ(Parsed<int>("n=x"), no_number);
  EXPECT_EQ(Parsed<int>("n=1x"), no_number);
  EXPECT_EQ(Parsed<int>("n=+1"), no_number);
  EXPECT_EQ(Parsed<int>("m=1"), "400 query parameter \"n\": missing\n");
  EXPECT_EQ(Parsed<unsigned>("n=-1"), "400 query parameter \"n\": not a whole number of zero or more\n");
  EXPECT_EQ(Parsed<std::uint64_t>("n=18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(Parsed<std::uint8_t>("n=256"), out_of_range);
  EXPECT_EQ(Parsed<double>("n=1.5e2"), std::to_string(150.0));
  EXPECT_EQ(Parsed<double>("n=inf"), "400 query parameter \"n\": not a number\n");
  EXPECT_EQ(Parsed<bool>("n=true"), "1");
  EXPECT_EQ(Parsed<bool>("n=0"), "0");
  EXPECT_EQ(Parsed<bool>("n=yes"), "400 query parameter \"n\": neither true nor false\n");
}

TEST(Request, PathValuesConvertLikewise) {
  Mux mux;
  mux.Handle("/users/{id}", [](ResponseWriter& w, Request& r) -> Error {
    const Result<int> id = r.PathValueAs<int>("id");
    if (Error err = id.Err()) return err;
    return w.Write(std::to_string(*id + 1) + *r.PathValueAs<std::string>("id"));
  });
  Recorder recorder;

  recorder.Serve(mux, RequestBuilder("GET", "/users/41"));
  EXPECT_EQ(recorder.Body(), "4241");

  recorder.Serve(mux, RequestBuilder("GET", "/users/anna"));
  EXPECT_EQ(recorder.Status(), 400);
  EXPECT_EQ(recorder.Body(), "path value \"id\": not a whole number\n");
}

inline constexpr Key<int> kLevel{"level"};

TEST(Request, UseReplacesTheContextUntilTheGuardEnds) {
  WithRequest(RequestBuilder(), [](Request& r) {
    {
      auto outer = r.Use(WithValue(r.Ctx(), kLevel, 1));
      {
        auto inner = r.Use(WithValue(r.Ctx(), kLevel, 2));
        EXPECT_EQ(*r.Ctx().Value(kLevel), 2);
        EXPECT_EQ(*CurrentContext().Value(kLevel), 2);
      }
      EXPECT_EQ(*r.Ctx().Value(kLevel), 1);
      EXPECT_EQ(*CurrentContext().Value(kLevel), 1);
    }
    EXPECT_EQ(r.Ctx().Value(kLevel), nullptr);
    EXPECT_EQ(CurrentContext().Value(kLevel), nullptr);
  });
}

TEST(Request, ItsContextIsCanceledWhenTheHandlerHasReturned) {
  Context kept;

  WithRequest(RequestBuilder(), [&](Request& r) {
    kept = r.Ctx();
    EXPECT_FALSE(kept.Err());
  });

  EXPECT_TRUE(kept.Err().Is(kCanceled));
}

TEST(Request, LongLivedInformsTheServer) {
  Recorder recorder;

  recorder.Serve([](ResponseWriter&, Request&) {}, RequestBuilder());
  EXPECT_FALSE(recorder.LongLived());

  recorder.Serve([](ResponseWriter&, Request& r) { r.LongLived(); }, RequestBuilder());
  EXPECT_TRUE(recorder.LongLived());
}

TEST(Request, NothingOfOneRequestIsSeenByTheNext) {
  Mux mux;
  mux.Handle("/{name}", [](ResponseWriter& w, Request& r) {
    return w.Write(std::string(r.PathValue("name")) + std::string(r.Query("q").value_or("-")) +
                   std::string(r.Header().Get("X")) + *r.Body().ReadAll());
  });
  Recorder recorder;

  recorder.Serve(mux, RequestBuilder("GET", "/%61?q=%62").Header("X", "c").Body("d"));
  EXPECT_EQ(recorder.Body(), "abcd");

  recorder.Serve(mux, RequestBuilder("GET", "/e"));
  EXPECT_EQ(recorder.Body(), "e-");
}

// Counts how often the header is filled.
class LateFields final : public RequestHooks {
 public:
  std::string Peer() const override { return {}; }
  bool LongLived() override { return false; }
  void FillHeader(Fields& header) override {
    ++fills;
    header.AddBorrowed("Accept", "text/plain");
  }
  void ContextChanged() override {}

  int fills = 0;
};

TEST(Request, HeaderIsFilledWhenSomethingAsksForIt) {
  Request r;
  LateFields hooks;
  for (const int wanted : {0, 1, 2}) {
    const Context none;
    hooks.fills = 0;
    RequestAccess::Begin(r, RequestHead(), none, none, nullptr, 0, &hooks);
    RequestAccess::FillHeaderLater(r);

    for (int i = 0; i < wanted; ++i) EXPECT_EQ(r.Header().Get("accept"), "text/plain");

    EXPECT_EQ(hooks.fills, wanted == 0 ? 0 : 1);
    RequestAccess::End(r);
    EXPECT_EQ(r.Header().Size(), 0u);
  }
}

}  // namespace
}  // namespace weft
