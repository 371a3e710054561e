// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/routing/internal/pattern.h>

#include <algorithm>
#include <stdexcept>
#include <string_view>

#include <weft/http/internal/char_class.h>
#include <weft/http/internal/percent.h>
#include <weft/http/internal/text.h>

namespace weft::internal {
namespace {

using Kind = PatternSegment::Kind;

[[noreturn]] void Refuse(std::string_view pattern, std::string_view why) {
  std::string message = "Mux pattern \"";
  message.append(pattern).append("\": ").append(why);
  throw std::invalid_argument(message);
}

bool IsIdentifier(std::string_view name) {
  const auto letter = [](char c) { return (ToLower(c) >= 'a' && ToLower(c) <= 'z') || c == '_'; };
  const auto later = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && letter(name.front()) && std::all_of(name.begin(), name.end(), later);
}

PatternSegment ParseSegment(std::string_view pattern, std::string_view text, bool last) {
  if (text.find_first_of("{}") == std::string_view::npos) {
    PatternSegment segment{Kind::kLiteral, {}};
    AppendDecoded(text, segment.text);
    if (segment.text.empty() || segment.text == "." || segment.text == "..") {
      Refuse(pattern, "an empty, \".\" or \"..\" segment can never match, since paths are cleaned");
    }
    return segment;
  }
  if (text.front() != '{' || text.back() != '}') Refuse(pattern, "a wildcard must be a complete segment");
  std::string_view name = text.substr(1, text.size() - 2);
  if (name == "$") {
    if (!last) Refuse(pattern, "{$} must be at the end");
    return {Kind::kEnd, {}};
  }
  Kind kind = Kind::kWildcard;
  if (name.size() >= 3 && name.substr(name.size() - 3) == "...") {
    if (!last) Refuse(pattern, "a {name...} wildcard must be at the end");
    name.remove_suffix(3);
    kind = Kind::kRest;
  }
  if (!IsIdentifier(name)) Refuse(pattern, "the name of a wildcard must be an identifier");
  return {kind, std::string(name)};
}

void ParsePath(std::string_view path, Pattern& pattern) {
  std::size_t wildcards = 0;
  for (std::size_t slash = 0; slash < path.size();) {
    const std::size_t end = std::min(path.find('/', slash + 1), path.size());
    const std::string_view text = path.substr(slash + 1, end - slash - 1);
    const bool last = end == path.size();
    if (text.empty() && last) {
      pattern.segments.push_back({Kind::kRest, {}});
      return;
    }
    PatternSegment segment = ParseSegment(pattern.text, text, last);
    if (segment.kind == Kind::kWildcard || segment.kind == Kind::kRest) {
      for (const PatternSegment& other : pattern.segments) {
        if (other.kind == Kind::kWildcard && other.text == segment.text) {
          Refuse(pattern.text, "two wildcards have the same name");
        }
      }
      if (++wildcards > Pattern::kWildcardsMax) Refuse(pattern.text, "too many wildcards");
    }
    pattern.segments.push_back(std::move(segment));
    slash = end;
  }
}

// Relations are sets of these bits while they are put together; the relation of two patterns is the
// union of those of their parts.
constexpr unsigned kSame = 0;
constexpr unsigned kFirstWider = 1;   // the first matches something that the second does not
constexpr unsigned kSecondWider = 2;  // and the other way round
constexpr unsigned kDisjoint = 4;

unsigned CompareMethods(const std::string& first, const std::string& second) {
  if (first == second) return kSame;
  if (first.empty() || (first == "GET" && second == "HEAD")) return kFirstWider;
  if (second.empty() || (first == "HEAD" && second == "GET")) return kSecondWider;
  return kDisjoint;
}

unsigned CompareSegments(const PatternSegment& first, const PatternSegment& second) {
  if (first.kind == second.kind) {
    return first.kind == Kind::kLiteral && first.text != second.text ? kDisjoint : kSame;
  }
  if (first.kind == Kind::kRest) return kFirstWider;
  if (second.kind == Kind::kRest) return kSecondWider;
  if (first.kind == Kind::kEnd || second.kind == Kind::kEnd) return kDisjoint;
  return first.kind == Kind::kWildcard ? kFirstWider : kSecondWider;
}

unsigned ComparePaths(const Pattern& first, const Pattern& second) {
  const std::size_t common = std::min(first.segments.size(), second.segments.size());
  unsigned relation = kSame;
  for (std::size_t i = 0; i < common; ++i) relation |= CompareSegments(first.segments[i], second.segments[i]);
  // What the longer one has more is inside the rest in which the shorter one ends, if it does.
  if (first.segments.size() > common && !second.EndsInRest()) relation |= kDisjoint;
  if (second.segments.size() > common && !first.EndsInRest()) relation |= kDisjoint;
  return relation;
}

}  // namespace

Pattern ParsePattern(std::string text) {
  Pattern pattern;
  pattern.text = std::move(text);
  std::string_view rest = pattern.text;
  if (const std::size_t blank = rest.find_first_of(" \t"); blank != std::string_view::npos) {
    pattern.method = rest.substr(0, blank);
    if (!IsToken(pattern.method)) Refuse(pattern.text, "the method is not a token");
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t", blank), rest.size()));
  }
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) Refuse(pattern.text, "there is no path: a path begins with a slash");
  const std::string_view host = rest.substr(0, slash);
  if (host.find_first_of("{} \t") != std::string_view::npos) Refuse(pattern.text, "a host cannot have wildcards");
  if (host.find(':', host.find(']') == std::string_view::npos ? 0 : host.find(']')) != std::string_view::npos) {
    Refuse(pattern.text, "a host must be given without a port");
  }
  std::transform(host.begin(), host.end(), std::back_inserter(pattern.host), ToLower);
  ParsePath(rest.substr(slash), pattern);
  return pattern;
}

std::string WithPrefix(const std::string& prefix, const std::string& pattern) {
  const std::size_t blank = pattern.find_last_of(" \t");
  const std::size_t at = blank == std::string::npos ? 0 : blank + 1;
  const std::size_t slash = std::min(pattern.find('/', at), pattern.size());
  const bool prefix_has_host = !prefix.empty() && prefix.front() != '/';
  if (slash == at) return pattern.substr(0, at) + prefix + pattern.substr(at);
  if (prefix_has_host) Refuse(pattern, "its group \"" + prefix + "\" has a host already");
  return pattern.substr(0, slash) + prefix + pattern.substr(slash);
}

void CheckPrefix(const std::string& prefix) {
  if (prefix.empty()) return;
  const auto refuse = [&](const char* why) { throw std::invalid_argument("Mux group \"" + prefix + "\": " + why); };
  if (prefix.find_first_of(" \t") != std::string::npos) refuse("a prefix must not have a method");
  if (prefix.back() == '/') refuse("a prefix must not end with a slash, since its patterns begin with one");
  ParsePattern(prefix + "/");
}

PatternRelation Compare(const Pattern& first, const Pattern& second) {
  const unsigned relation = CompareMethods(first.method, second.method) | ComparePaths(first, second);
  if ((relation & kDisjoint) != 0) return PatternRelation::kDisjoint;
  switch (relation) {
    case kSame: return PatternRelation::kSame;
    case kFirstWider: return PatternRelation::kFirstWider;
    case kSecondWider: return PatternRelation::kSecondWider;
    default: return PatternRelation::kOverlap;
  }
}

bool Conflict(const Pattern& first, const Pattern& second) {
  if (first.host != second.host) return false;  // one host wins over all, and two hosts never meet
  const PatternRelation relation = Compare(first, second);
  return relation == PatternRelation::kSame || relation == PatternRelation::kOverlap;
}

}  // namespace weft::internal
