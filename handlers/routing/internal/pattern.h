// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_ROUTING_INTERNAL_PATTERN_H_
#define WEFT_HANDLERS_ROUTING_INTERNAL_PATTERN_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace weft::internal {

// One segment of a pattern's path.
struct PatternSegment {
  enum class Kind : std::uint8_t {
    kLiteral,   // /text
    kWildcard,  // /{text}
    kRest,      // /{text...}, or a slash at the end, whose text is empty
    kEnd,       // /{$}
  };
  Kind kind;
  std::string text;  // a literal is decoded
};

// A pattern of Mux, taken apart.
struct Pattern {
  static constexpr std::size_t kWildcardsMax = 16;

  std::string text;    // as it was given
  std::string method;  // empty: all
  std::string host;    // in small letters; empty: all
  std::vector<PatternSegment> segments;

  bool EndsInRest() const { return segments.back().kind == PatternSegment::Kind::kRest; }
};

// Throws std::invalid_argument that says what is wrong.
Pattern ParsePattern(std::string text);

// The pattern "[METHOD ][HOST]/PATH", or the prefix of a group, below the prefix of its group. Throws
// std::invalid_argument if both name a host.
std::string WithPrefix(const std::string& prefix, const std::string& pattern);

// Throws std::invalid_argument, which says what is wrong, unless the text is empty or
// "[HOST][/PATH]" without a slash at its end.
void CheckPrefix(const std::string& prefix);

// How the sets of requests that two patterns match lie to each other.
enum class PatternRelation : std::uint8_t {
  kSame,
  kFirstWider,   // the first matches all that the second matches, and more
  kSecondWider,
  kOverlap,      // they have some in common, and each has some for itself
  kDisjoint,
};

// Without regard to hosts.
PatternRelation Compare(const Pattern& first, const Pattern& second);

// Whether a request could come for which it is undecided which one wins.
bool Conflict(const Pattern& first, const Pattern& second);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_ROUTING_INTERNAL_PATTERN_H_
