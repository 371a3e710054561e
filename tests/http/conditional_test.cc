// SPDX-License-Identifier: Apache-2.0
//
// RFC 9110 section 13, case by case.
#include <weft/http/conditional.h>

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weft/http/date.h>

namespace weft {
namespace {

using enum Precondition;
using Lines = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kBefore = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr std::string_view kThen = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::string_view kAfter = "Sun, 06 Nov 1994 08:49:38 GMT";

Validators Strong() {
  return {.etag = "\"v1\"", .modified = ParseHttpDate(kThen)};
}
Validators Weak() {
  return {.etag = "W/\"v1\"", .modified = ParseHttpDate(kThen)};
}
Validators OnlyDate() {
  return {.modified = ParseHttpDate(kThen)};
}
Validators Nothing() {
  return {.exists = false};
}

struct ConditionalCase {
  const char* method;
  Validators current;
  Lines fields;
  Precondition expected;
};

void Check(const std::vector<ConditionalCase>& cases) {
  for (const ConditionalCase& each : cases) {
    Fields request;
    std::string shown = each.method;
    for (const auto& [name, value] : each.fields) {
      request.Add(name, value);
      shown += " " + name + ": " + value;
    }
    EXPECT_EQ(CheckPreconditions(each.method, request, each.current), each.expected)
        << shown << " current: " << each.current.etag;
  }
}

std::pair<std::string, std::string> Line(const char* name, std::string_view value) {
  return {name, std::string(value)};
}

TEST(Preconditions, NoneIsNoCondition) {
  Check({{"GET", Strong(), {}, kProceed}, {"PUT", Nothing(), {}, kProceed}});
}

TEST(Preconditions, IfMatchComparesStrongly) {
  Check({
      {"PUT", Strong(), {{"If-Match", "\"v1\""}}, kProceed},
      {"PUT", Strong(), {{"If-Match", "\"v0\", \"v1\""}}, kProceed},
      {"PUT", Strong(), {{"If-Match", "\"v0\""}, {"If-Match", "\"v1\""}}, kProceed},
      {"PUT", Strong(), {{"If-Match", "\"v0\""}}, kFailed},
      {"PUT", Strong(), {{"If-Match", "W/\"v1\""}}, kFailed},
      {"PUT", Weak(), {{"If-Match", "W/\"v1\""}}, kFailed},
      {"PUT", Weak(), {{"If-Match", "\"v1\""}}, kFailed},
      {"PUT", OnlyDate(), {{"If-Match", "\"v1\""}}, kFailed},
      {"PUT", Strong(), {{"If-Match", "v1"}}, kFailed},
      {"PUT", Strong(), {{"If-Match", ""}}, kFailed},
      {"GET", Strong(), {{"If-Match", "\"v0\""}}, kFailed},
      {"GET", Strong(), {{"If-Match", "\"v1\""}}, kProceed},
  });
}

TEST(Preconditions, IfMatchOfAStarWantsAnyVersion) {
  Check({
      {"PUT", Strong(), {{"If-Match", "*"}}, kProceed},
      {"PUT", OnlyDate(), {{"If-Match", " * "}}, kProceed},
      {"PUT", Nothing(), {{"If-Match", "*"}}, kFailed},
      {"PUT", Nothing(), {{"If-Match", "\"v1\""}}, kFailed},
      {"PUT", Strong(), {{"If-Match", "*, \"v0\""}}, kFailed},
  });
}

TEST(Preconditions, IfUnmodifiedSinceCountsWithoutIfMatch) {
  Check({
      {"PUT", Strong(), {Line("If-Unmodified-Since", kBefore)}, kFailed},
      {"PUT", Strong(), {Line("If-Unmodified-Since", kThen)}, kProceed},
      {"PUT", Strong(), {Line("If-Unmodified-Since", kAfter)}, kProceed},
      {"GET", OnlyDate(), {Line("If-Unmodified-Since", kBefore)}, kFailed},
      {"PUT", Strong(), {{"If-Match", "\"v1\""}, Line("If-Unmodified-Since", kBefore)}, kProceed},
      {"PUT", Strong(), {{"If-Match", "\"v0\""}, Line("If-Unmodified-Since", kAfter)}, kFailed},
      {"PUT", Strong(), {{"If-Unmodified-Since", "yesterday"}}, kProceed},
      {"PUT",
       Strong(),
       {Line("If-Unmodified-Since", kBefore), Line("If-Unmodified-Since", kBefore)},
       kProceed},
      {"PUT", Validators{.etag = "\"v1\""}, {Line("If-Unmodified-Since", kBefore)}, kProceed},
  });
}

TEST(Preconditions, IfNoneMatchComparesWeakly) {
  Check({
      {"GET", Strong(), {{"If-None-Match", "\"v1\""}}, kNotModified},
      {"HEAD", Strong(), {{"If-None-Match", "\"v1\""}}, kNotModified},
      {"GET", Strong(), {{"If-None-Match", "W/\"v1\""}}, kNotModified},
      {"GET", Weak(), {{"If-None-Match", "\"v1\""}}, kNotModified},
      {"GET", Strong(), {{"If-None-Match", "\"v0\", W/\"v1\""}}, kNotModified},
      {"GET", Strong(), {{"If-None-Match", "\"v0\""}, {"If-None-Match", "\"v1\""}}, kNotModified},
      {"GET", Strong(), {{"If-None-Match", "\"v0\""}}, kProceed},
      {"GET", Strong(), {{"If-None-Match", "v1"}}, kProceed},
      {"GET", OnlyDate(), {{"If-None-Match", "\"v1\""}}, kProceed},
      {"PUT", Strong(), {{"If-None-Match", "\"v1\""}}, kFailed},
      {"DELETE", Strong(), {{"If-None-Match", "\"v0\""}}, kProceed},
  });
}

TEST(Preconditions, IfNoneMatchOfAStarWantsNoVersion) {
  Check({
      {"PUT", Nothing(), {{"If-None-Match", "*"}}, kProceed},
      {"PUT", Strong(), {{"If-None-Match", "*"}}, kFailed},
      {"GET", Strong(), {{"If-None-Match", "*"}}, kNotModified},
      {"GET", OnlyDate(), {{"If-None-Match", "*"}}, kNotModified},
  });
}

TEST(Preconditions, IfModifiedSinceCountsForReadsWithoutIfNoneMatch) {
  Check({
      {"GET", Strong(), {Line("If-Modified-Since", kBefore)}, kProceed},
      {"GET", Strong(), {Line("If-Modified-Since", kThen)}, kNotModified},
      {"GET", Strong(), {Line("If-Modified-Since", kAfter)}, kNotModified},
      {"HEAD", OnlyDate(), {Line("If-Modified-Since", kThen)}, kNotModified},
      {"PUT", Strong(), {Line("If-Modified-Since", kThen)}, kProceed},
      {"GET", Strong(), {{"If-None-Match", "\"v0\""}, Line("If-Modified-Since", kThen)}, kProceed},
      {"GET",
       Strong(),
       {{"If-None-Match", "\"v1\""}, Line("If-Modified-Since", kBefore)},
       kNotModified},
      {"GET", Strong(), {{"If-Modified-Since", "Sun, 06 Nov 1994"}}, kProceed},
      {"GET",
       Strong(),
       {Line("If-Modified-Since", kThen), Line("If-Modified-Since", kThen)},
       kProceed},
      {"GET", Validators{.etag = "\"v1\""}, {Line("If-Modified-Since", kAfter)}, kProceed},
      {"GET", Strong(), {{"If-Modified-Since", "Sunday, 06-Nov-94 08:49:37 GMT"}}, kNotModified},
      {"GET", Strong(), {{"If-Modified-Since", "Sun Nov  6 08:49:37 1994"}}, kNotModified},
  });
}

// RFC 9110 section 13.2.2: each step is looked at only when those before it let the request pass.
TEST(Preconditions, AreLookedAtInTheirOrder) {
  Check({
      {"GET", Strong(), {{"If-Match", "\"v0\""}, {"If-None-Match", "\"v1\""}}, kFailed},
      {"GET", Strong(), {{"If-Match", "\"v1\""}, {"If-None-Match", "\"v1\""}}, kNotModified},
      {"GET",
       Strong(),
       {Line("If-Unmodified-Since", kBefore), {"If-None-Match", "\"v1\""}},
       kFailed},
      {"GET",
       Strong(),
       {Line("If-Unmodified-Since", kThen), Line("If-Modified-Since", kThen)},
       kNotModified},
  });
}

// RFC 9110 section 13.2.1.
TEST(Preconditions, AreNothingToMethodsWithoutARepresentation) {
  for (const char* method : {"OPTIONS", "CONNECT", "TRACE"}) {
    Check({{method, Strong(), {{"If-Match", "\"v0\""}}, kProceed},
           {method, Strong(), {{"If-None-Match", "*"}}, kProceed}});
  }
}

TEST(IfRange, NamesTheCurrentVersionOrRangesAreNothing) {
  const struct {
    Validators current;
    Lines fields;
    bool expected;
  } cases[] = {
      {Strong(), {}, true},
      {Strong(), {{"If-Range", "\"v1\""}}, true},
      {Strong(), {{"If-Range", "\"v0\""}}, false},
      {Strong(), {{"If-Range", "W/\"v1\""}}, false},
      {Weak(), {{"If-Range", "W/\"v1\""}}, false},
      {Weak(), {{"If-Range", "\"v1\""}}, false},
      {OnlyDate(), {{"If-Range", "\"v1\""}}, false},
      {Strong(), {Line("If-Range", kThen)}, true},
      {OnlyDate(), {Line("If-Range", kThen)}, true},
      {Weak(), {Line("If-Range", kThen)}, false},
      {Strong(), {Line("If-Range", kBefore)}, false},
      {Strong(), {Line("If-Range", kAfter)}, false},
      {Validators{.etag = "\"v1\""}, {Line("If-Range", kThen)}, false},
      {Strong(), {{"If-Range", "*"}}, false},
      {Strong(), {{"If-Range", "\"v1\", \"v2\""}}, false},
      {Strong(), {{"If-Range", ""}}, false},
      {Strong(), {{"If-Range", "\"v1\""}, {"If-Range", "\"v1\""}}, false},
  };
  for (const auto& each : cases) {
    Fields request;
    for (const auto& [name, value] : each.fields) request.Add(name, value);
    EXPECT_EQ(RangeIsForCurrent(request, each.current), each.expected)
        << (each.fields.empty() ? "" : each.fields[0].second);
  }
}

}  // namespace
}  // namespace weft
