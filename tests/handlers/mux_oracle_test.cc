// SPDX-License-Identifier: Apache-2.0
// Compares Mux with a search through all patterns, on random routes and paths.
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weft/handlers/routing/internal/pattern.h>
#include <weft/handlers/routing/mux.h>
#include <weft/handlers/testing.h>

namespace weft {
namespace {

using internal::Pattern;
using internal::PatternRelation;
using Kind = internal::PatternSegment::Kind;

// Whether the pattern matches the path, segment by segment as the documentation says.
bool MatchesPath(const Pattern& pattern, std::string_view path) {
  for (const internal::PatternSegment& segment : pattern.segments) {
    if (path.empty()) return false;
    if (segment.kind == Kind::kRest) return true;
    if (segment.kind == Kind::kEnd) return path == "/";
    const std::string_view text = path.substr(1, path.find('/', 1) - 1);
    if (segment.kind == Kind::kLiteral ? text != segment.text : text.empty()) return false;
    path.remove_prefix(1 + text.size());
  }
  return path.empty();
}

bool Matches(const Pattern& pattern, std::string_view method, std::string_view path) {
  const bool method_fits =
      pattern.method.empty() || pattern.method == method || (pattern.method == "GET" && method == "HEAD");
  return method_fits && MatchesPath(pattern, path);
}

// The text of the most specific pattern that matches; empty if none does.
std::string BestOf(const std::vector<Pattern>& patterns, std::string_view method, std::string_view path) {
  const Pattern* best = nullptr;
  for (const Pattern& pattern : patterns) {
    if (!Matches(pattern, method, path)) continue;
    if (best == nullptr || internal::Compare(*best, pattern) == PatternRelation::kFirstWider) best = &pattern;
  }
  return best != nullptr ? best->text : "";
}

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  std::string OneOf(const std::vector<std::string>& choices) { return choices[engine_() % choices.size()]; }
  unsigned Below(unsigned n) { return static_cast<unsigned>(engine_() % n); }

 private:
  std::mt19937 engine_;
};

std::string RandomPattern(Dice& dice) {
  std::string pattern = dice.OneOf({"", "", "GET ", "HEAD ", "POST "});
  for (unsigned i = 0, n = dice.Below(4); i < n; ++i) {
    pattern += "/" + dice.OneOf({"a", "b", "c", "{w" + std::to_string(i) + "}"});
  }
  return pattern + dice.OneOf(pattern.find('/') == std::string::npos ? std::vector<std::string>{"/", "/{$}", "/{r...}"}
                                                                     : std::vector<std::string>{"", "", "/", "/{$}"});
}

std::string RandomPath(Dice& dice) {
  std::string path;
  for (unsigned i = 0, n = dice.Below(5); i < n; ++i) path += "/" + dice.OneOf({"a", "b", "c", "d"});
  return path + (path.empty() ? "/" : dice.OneOf({"", "/"}));
}

TEST(MuxOracle, FindsTheMostSpecificOfRandomPatterns) {
  Recorder recorder;
  int matched = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    Dice dice(seed);
    Mux mux;
    std::vector<Pattern> patterns;
    for (int i = 0; i < 30; ++i) {
      const std::string text = RandomPattern(dice);
      try {
        mux.Handle(text, [](ResponseWriter& w, Request& r) { w.Header().Set("Matched", r.Pattern()); });
        patterns.push_back(internal::ParsePattern(text));
      } catch (const std::invalid_argument&) {
        continue;  // conflicts with one before
      }
    }
    for (int i = 0; i < 50; ++i) {
      const std::string method = dice.OneOf({"GET", "HEAD", "POST", "PUT"});
      const std::string path = RandomPath(dice);
      recorder.Serve(mux, RequestBuilder(method, path));
      if (recorder.Status() == 307) continue;  // the rule of the missing slash comes first
      const std::string best = BestOf(patterns, method, path);
      EXPECT_EQ(recorder.Header().Get("Matched"), best) << "seed " << seed << ": " << method << " " << path;
      matched += best.empty() ? 0 : 1;
    }
  }
  EXPECT_GT(matched, 3000);  // the dice did not only throw misses
}

}  // namespace
}  // namespace weft
