// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/routing/internal/pattern.h>

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include <weft/handlers/routing/mux.h>

namespace weft {
namespace {

using internal::Compare;
using internal::Conflict;
using internal::ParsePattern;
using internal::PatternRelation;

struct BadRow {
  const char* pattern;
  const char* why;
};

TEST(Pattern, AMalformedOneIsRefusedWithTheReason) {
  const BadRow rows[] = {
      {"", "there is no path"},
      {"GET", "there is no path"},
      {"GET ", "there is no path"},
      {"a.test", "there is no path"},
      {"G@T /", "the method is not a token"},
      {" /", "the method is not a token"},
      {"GET a.test:80/", "without a port"},
      {"{host}/", "a host cannot have wildcards"},
      {"GET a b/", "a host cannot have wildcards"},
      {"/a//b", "can never match"},
      {"//", "can never match"},
      {"/a/../b", "can never match"},
      {"/./", "can never match"},
      {"/%2e", "can never match"},
      {"/a{b}", "a wildcard must be a complete segment"},
      {"/{a}b", "a wildcard must be a complete segment"},
      {"/{a", "a wildcard must be a complete segment"},
      {"/a}", "a wildcard must be a complete segment"},
      {"/{}", "must be an identifier"},
      {"/{1a}", "must be an identifier"},
      {"/{a-b}", "must be an identifier"},
      {"GET /{a b}", "must be an identifier"},
      {"/{a b}", "the method is not a token"},
      {"/{...}", "must be an identifier"},
      {"/{$...}", "must be an identifier"},
      {"/{{a}}", "must be an identifier"},
      {"/{a...}/b", "must be at the end"},
      {"/{a...}/", "must be at the end"},
      {"/{$}/a", "{$} must be at the end"},
      {"/{$}/", "{$} must be at the end"},
      {"/{a}/b/{a}", "two wildcards have the same name"},
      {"/{a}/{a...}", "two wildcards have the same name"},
  };
  for (const BadRow& row : rows) {
    try {
      Mux().Handle(row.pattern, [](ResponseWriter&, Request&) {});
      ADD_FAILURE() << "accepted: " << row.pattern;
    } catch (const std::invalid_argument& e) {
      const std::string what = e.what();
      EXPECT_NE(what.find(row.why), std::string::npos) << what;
      EXPECT_NE(what.find("\"" + std::string(row.pattern) + "\""), std::string::npos) << what;
    }
  }
}

TEST(Pattern, TooManyWildcardsAreRefused) {
  std::string most;
  for (std::size_t i = 0; i < internal::Pattern::kWildcardsMax; ++i) most += "/{a" + std::to_string(i) + "}";

  EXPECT_NO_THROW(ParsePattern(most));
  EXPECT_THROW(ParsePattern(most + "/{b}"), std::invalid_argument);
}

const char* Name(PatternRelation relation) {
  switch (relation) {
    case PatternRelation::kSame: return "same";
    case PatternRelation::kFirstWider: return "first wider";
    case PatternRelation::kSecondWider: return "second wider";
    case PatternRelation::kOverlap: return "overlap";
    case PatternRelation::kDisjoint: return "disjoint";
  }
  return "";
}

struct RelationRow {
  const char* first;
  const char* second;
  const char* relation;
};

TEST(Pattern, Relations) {
  const RelationRow rows[] = {
      {"/a", "/a", "same"},
      {"/a", "/b", "disjoint"},
      {"/{x}", "/{y}", "same"},
      {"/{x}", "/a", "first wider"},
      {"/", "/a", "first wider"},
      {"/", "/{x...}", "same"},
      {"/", "/{$}", "first wider"},
      {"/{x}", "/{$}", "disjoint"},
      {"/a", "/{$}", "disjoint"},
      {"/a/", "/a", "disjoint"},
      {"/a/", "/a/{$}", "first wider"},
      {"/a/", "/a/b", "first wider"},
      {"/a/", "/a/b/c", "first wider"},
      {"/a/", "/a/b/", "first wider"},
      {"/a/b", "/a", "disjoint"},
      {"/a/{x}", "/{y}/b", "overlap"},
      {"/a/{x}/c", "/{y}/b/d", "disjoint"},
      {"/a/", "/{x}/b", "overlap"},
      {"/a/{$}", "/{x}/", "second wider"},
      {"/{x}/", "/a/b/c", "first wider"},
      {"/{x}/{y...}", "/a/{z}", "first wider"},
      {"/a%2Fb", "/a%2fb", "same"},
      {"GET /a", "/a", "second wider"},
      {"GET /a", "POST /a", "disjoint"},
      {"GET /a", "HEAD /a", "first wider"},
      {"GET /a", "get /a", "disjoint"},
      {"GET /{x}", "/a", "overlap"},
      {"GET /a", "/{x}", "second wider"},
      {"GET /{x}", "HEAD /a", "first wider"},
      {"HEAD /{x}", "GET /a", "overlap"},
      {"GET /", "POST /a", "disjoint"},
  };
  for (const RelationRow& row : rows) {
    EXPECT_STREQ(Name(Compare(ParsePattern(row.first), ParsePattern(row.second))), row.relation)
        << row.first << " and " << row.second;
  }
}

TEST(Pattern, RelationsSeenFromTheOtherSideAreTheirMirror) {
  const char* patterns[] = {"/",      "/{$}",     "/a",     "/{x}",   "/a/",      "/a/{$}", "/a/b",
                            "/{x}/b", "/a/{y...}", "GET /a", "HEAD /a", "GET /{x}", "POST /", "/a/{x}/c"};
  const auto mirrored = [](PatternRelation relation) {
    if (relation == PatternRelation::kFirstWider) return PatternRelation::kSecondWider;
    if (relation == PatternRelation::kSecondWider) return PatternRelation::kFirstWider;
    return relation;
  };
  for (const char* first : patterns) {
    for (const char* second : patterns) {
      EXPECT_EQ(Compare(ParsePattern(first), ParsePattern(second)),
                mirrored(Compare(ParsePattern(second), ParsePattern(first))))
          << first << " and " << second;
    }
  }
}

struct ConflictRow {
  const char* first;
  const char* second;
  bool conflict;
};

TEST(Pattern, Conflicts) {
  const ConflictRow rows[] = {
      {"/a", "/a", true},          {"/{x}", "/{y}", true},          {"/a/{x}", "/{y}/b", true},
      {"/", "/a", false},          {"/a", "a.test/a", false},       {"a.test/a", "A.TEST/a", true},
      {"/{x}", "a.test/a", false}, {"a.test/a", "b.test/a", false}, {"GET /{x}", "/a", true},
      {"GET /a", "POST /a", false}, {"/a/", "/{x}/b", true},
  };
  for (const ConflictRow& row : rows) {
    EXPECT_EQ(Conflict(ParsePattern(row.first), ParsePattern(row.second)), row.conflict)
        << row.first << " and " << row.second;
  }
}

TEST(Pattern, AConflictAtRegistrationNamesBoth) {
  Mux mux;
  const auto handler = [](ResponseWriter&, Request&) {};
  mux.Handle("GET /users/{id}", handler);
  const auto message = [&](const char* pattern) -> std::string {
    try {
      mux.Handle(pattern, handler);
    } catch (const std::invalid_argument& e) {
      return e.what();
    }
    return "no conflict";
  };

  EXPECT_EQ(message("GET /users/{name}"),
            "Mux pattern \"GET /users/{name}\" conflicts with \"GET /users/{id}\": they match the same requests");
  EXPECT_EQ(message("/users/me"),
            "Mux pattern \"/users/me\" conflicts with \"GET /users/{id}\": some requests match both, and neither is "
            "more specific");
  EXPECT_EQ(message("GET /users/me"), "no conflict");
}

}  // namespace
}  // namespace weft
