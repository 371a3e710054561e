// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/form.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/testing.h>
#include <weft/concurrency/unlimited.h>
#include <weft/handlers/content/escape_html.h>
#include <weft/handlers/content/query.h>
#include <weft/handlers/handler.h>
#include <weft/handlers/testing.h>

namespace weft {
namespace {

constexpr char kUrlEncoded[] = "application/x-www-form-urlencoded";

int StatusOf(const RequestBuilder& request, FormOptions options = {}) {
  Recorder recorder;
  recorder.Serve([&](ResponseWriter&, Request& r) { return ReadForm(r, options).Err(); }, request);
  return recorder.Status();
}

TEST(ReadForm, ReadsFieldsInOrderAndDecoded) {
  Recorder recorder;
  recorder.Serve(
      [](ResponseWriter&, Request& r) {
        const Result<Form> form = ReadForm(r);
        ASSERT_TRUE(form.Ok()) << form.Err().Message();
        EXPECT_EQ(form->Size(), 6u);
        EXPECT_EQ(form->Get("name"), "J\xc3\xb6rg & co");
        EXPECT_EQ(form->Values("tag"), (std::vector<std::string_view>{"a", "b=c"}));
        EXPECT_EQ(form->Get("empty"), "");
        EXPECT_EQ(form->Get("bare"), "");
        EXPECT_EQ(form->Get("missing"), std::nullopt);
        EXPECT_EQ(form->NameAt(5), "x y");
        EXPECT_EQ(form->ValueAt(5), std::string_view("\0", 1));
      },
      RequestBuilder("POST")
          .Header("Content-Type", "Application/x-www-form-urlencoded; charset=utf-8")
          .Body("name=J%C3%b6rg+%26+co&tag=a&&tag=b=c&empty=&bare&x%20y=%00"));
  EXPECT_EQ(recorder.Status(), 200);
}

TEST(ReadForm, RefusesWhatIsNoForm) {
  EXPECT_EQ(StatusOf(RequestBuilder("POST").Body("a=1")), 415);
  EXPECT_EQ(StatusOf(RequestBuilder("POST").Header("Content-Type", "text/plain").Body("a=1")), 415);
  for (const char* bad : {"a=%", "a=%4", "a=%zz", "%=1", "a=1;b=2", "a;b"}) {
    EXPECT_EQ(StatusOf(RequestBuilder("POST").Header("Content-Type", kUrlEncoded).Body(bad)), 400) << bad;
  }
  EXPECT_EQ(StatusOf(RequestBuilder("POST").Header("Content-Type", kUrlEncoded).Body("")), 200);
}

// Compressed bytes, too, are fields of a form for who does not know better.
TEST(ReadForm, TakesNoEncodedBody) {
  const RequestBuilder plain = RequestBuilder("POST").Header("Content-Type", kUrlEncoded).Body("a=1");
  EXPECT_EQ(StatusOf(plain), 200);
  EXPECT_EQ(StatusOf(RequestBuilder(plain).Header("Content-Encoding", "identity")), 200);
  EXPECT_EQ(StatusOf(RequestBuilder(plain).Header("Content-Encoding", "gzip")), 415);
}

TEST(ReadForm, BoundsBodyAndFields) {
  EXPECT_EQ(
      StatusOf(
          RequestBuilder("POST").Header("Content-Type", kUrlEncoded).BodyLimit(10).Body("a=12345678901")),
      413);
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "a&";
  EXPECT_EQ(StatusOf(RequestBuilder("POST").Header("Content-Type", kUrlEncoded).Body(many)), 200);
  EXPECT_EQ(StatusOf(RequestBuilder("POST").Header("Content-Type", kUrlEncoded).Body(many + "a")), 413);
  EXPECT_EQ(StatusOf(RequestBuilder("POST").Header("Content-Type", kUrlEncoded).Body("a&b&c"),
                     {.fields_max = 2}),
            413);
}

TEST(Form, ConvertsValues) {
  const Result<Form> form = ParseForm("age=7&pi=3.5&yes=true&no=0&bad=x&big=300&empty=");
  EXPECT_EQ(*form->As<int>("age"), 7);
  EXPECT_EQ(*form->As<double>("pi"), 3.5);
  EXPECT_TRUE(*form->As<bool>("yes"));
  EXPECT_FALSE(*form->As<bool>("no"));
  EXPECT_EQ(*form->As<std::string>("bad"), "x");
  EXPECT_EQ(form->As<int>("bad").Err().Message(),
            "400 Bad Request: form field \"bad\": not a whole number");
  EXPECT_EQ(form->As<std::uint8_t>("big").Err().Message(),
            "400 Bad Request: form field \"big\": out of range");
  EXPECT_EQ(form->As<int>("missing").Err().Message(),
            "400 Bad Request: form field \"missing\": missing");
  EXPECT_EQ(*form->Or<int>("missing", 5), 5);
  EXPECT_EQ(*form->Or<int>("age", 5), 7);
  EXPECT_FALSE(form->Or<int>("empty", 5).Ok());
}

TEST(QueryOr, FallsBackOnlyWhereThereIsNoValue) {
  Recorder recorder;
  recorder.Serve(
      [](ResponseWriter&, Request& r) {
        EXPECT_EQ(*QueryOr<int>(r, "page", 1), 7);
        EXPECT_EQ(*QueryOr<int>(r, "size", 20), 20);
        EXPECT_EQ(*QueryOr<std::string>(r, "sort", "name"), "name");
        return QueryOr<int>(r, "bad", 1).Err();
      },
      RequestBuilder("GET", "/?page=7&bad=x"));
  EXPECT_EQ(recorder.Status(), 400);
  EXPECT_EQ(recorder.Body(), "query parameter \"bad\": not a whole number\n");
}

TEST(EscapeHtml, LeavesNothingThatMeansSomething) {
  EXPECT_EQ(EscapeHtml("<a href=\"x\" title='y'>&amp;\xc3\xa9</a>"),
            "&lt;a href=&#34;x&#34; title=&#39;y&#39;&gt;&amp;amp;\xc3\xa9&lt;/a&gt;");
  EXPECT_EQ(EscapeHtml(""), "");
}

TEST(ReadForm, ReadsALargeFormLikeASmallOneAndLetsOthersOfItsLoopGo) {
  std::string escapes;
  std::string decoded;
  for (int i = 0; i < 50'000; ++i) {
    escapes += i % 3 == 0 ? "%C3%A4" : "+x";
    decoded += i % 3 == 0 ? "\xc3\xa4" : " x";
  }
  for (const std::string shift : {"", "a", "aa"}) {
    const Error err = RunTest([&](const Context& ctx) -> Error {
      int turns = 0;
      bool ended = false;
      Group group(ctx);
      group.Go([&](const Context&) {
        Recorder recorder;
        recorder.Serve(
            [&](ResponseWriter&, Request& r) {
              const Result<Form> form = ReadForm(r);
              ASSERT_TRUE(form.Ok()) << form.Err().Message();
              EXPECT_EQ(form->Get("v"), shift + decoded);
              EXPECT_EQ(form->Get("w"), "1");
            },
            RequestBuilder("POST").Header("Content-Type", kUrlEncoded).BodyLimit(kUnlimited).Body("v=" + shift + escapes + std::string(200'000, '&') + "w=1"));
        ended = true;
      });
      group.Go([&](const Context&) {
        for (; !ended; ++turns) Yield();
      });
      const Error failed = group.Wait();
      EXPECT_GE(turns, static_cast<int>((escapes.size() + 200'000) / (64 * 1024)));
      return failed;
    });
    EXPECT_FALSE(err) << err.Message();
  }
}

}  // namespace
}  // namespace weft
