// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/trace_context.h>

#include <string>

#include <gtest/gtest.h>

#include <weft/handlers/testing.h>

namespace weft {
namespace {

constexpr const char* kTrace = "0af7651916cd43dd8448eb211c80319c";
constexpr const char* kParent = "b7ad6b7169203331";

TEST(Traceparent, IsReadStrictly) {
  const std::string good = std::string("00-") + kTrace + "-" + kParent + "-01";
  struct Row {
    std::string text;
    bool good;
  };
  const auto with = [&](std::size_t at, std::string part) { return std::string(good).replace(at, part.size(), part); };
  const Row rows[] = {
      {good, true},
      {with(53, "00"), true},
      {with(53, "ff"), true},
      {with(53, "FF"), false},
      {with(53, "0g"), false},
      {"", false},
      {good.substr(0, 54), false},
      {good + "-", false},
      {good + "-what-comes", false},
      {"01" + good.substr(2), true},
      {"01" + good.substr(2) + "-what-comes", true},
      {"01" + good.substr(2) + "what-comes", false},
      {"ff" + good.substr(2), false},
      {"0A" + good.substr(2), false},
      {with(3, std::string(32, '0')), false},
      {with(36, std::string(16, '0')), false},
      {with(3, "0AF7"), false},
      {with(36, "xyz"), false},
      {with(35, "_"), false},
      {with(2, " "), false},
      {" " + good, false},
  };
  for (const Row& row : rows) EXPECT_EQ(ParseTraceparent(row.text).has_value(), row.good) << row.text;
}

TEST(Traceparent, GivesTraceParentAndWhetherItIsSampled) {
  const std::optional<TraceIds> ids = ParseTraceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03");
  ASSERT_TRUE(ids);
  EXPECT_EQ(ids->trace_id, kTrace);
  EXPECT_EQ(ids->parent_id, kParent);
  EXPECT_TRUE(ids->sampled);
  EXPECT_FALSE(ParseTraceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02")->sampled);
  EXPECT_EQ(FormatTraceparent({.trace_id = kTrace, .span_id = kParent, .sampled = true}),
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
}

TraceIds IdsIn(const Middleware& middleware, const RequestBuilder& request) {
  TraceIds ids;
  Recorder recorder;
  recorder.Serve(middleware([&](ResponseWriter&, Request& r) {
                   ids = *TraceOf(r.Ctx());
                   EXPECT_EQ(TraceIdOf(r.Ctx()), ids.trace_id);
                 }),
                 request);
  return ids;
}

RequestBuilder Called() {
  return RequestBuilder().Header("traceparent", std::string("00-") + kTrace + "-" + kParent + "-01");
}

TEST(TraceContext, JoinsTheCallersTraceWithASpanOfItsOwn) {
  const TraceIds ids = IdsIn(TraceContext(), Called().Header("tracestate", "a=1, b=2").Header("tracestate", "c=3"));
  EXPECT_EQ(ids.trace_id, kTrace);
  EXPECT_EQ(ids.parent_id, kParent);
  EXPECT_EQ(ids.span_id.size(), 16u);
  EXPECT_NE(ids.span_id, kParent);
  EXPECT_TRUE(ids.sampled);
  EXPECT_EQ(ids.state, "a=1,b=2,c=3");
}

TEST(TraceContext, StartsATraceWhereThereIsNoneToJoin) {
  const std::pair<Middleware, RequestBuilder> cases[] = {
      {TraceContext(), RequestBuilder().Header("tracestate", "a=1")},
      {TraceContext(), RequestBuilder().Header("traceparent", "00-zz")},
      {TraceContext(), Called().Header("traceparent", "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")},
      {TraceContext({.accept = false}), Called().Header("tracestate", "a=1")},
  };
  for (const auto& [middleware, request] : cases) {
    const TraceIds ids = IdsIn(middleware, request);
    EXPECT_EQ(ids.trace_id.size(), 32u);
    EXPECT_NE(ids.trace_id, kTrace);
    EXPECT_EQ(ids.parent_id, "");
    EXPECT_FALSE(ids.sampled);
    EXPECT_EQ(ids.state, "");
  }
}

TEST(TraceContext, DropsAStateThatIsTooLarge) {
  EXPECT_EQ(IdsIn(TraceContext(), Called().Header("tracestate", "a=" + std::string(511, 'x'))).state, "");
  std::string many = "a=1";
  for (int i = 0; i < 32; ++i) many += ",a=1";
  EXPECT_EQ(IdsIn(TraceContext(), Called().Header("tracestate", many)).state, "");
}

}  // namespace
}  // namespace weft
