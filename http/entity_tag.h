// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_ENTITY_TAG_H_
#define WEFT_HTTP_ENTITY_TAG_H_

#include <optional>
#include <string_view>

namespace weft {

// An entity tag (RFC 9110 section 8.8.3), which names one version of a representation: `"v7"`, or
// `W/"v7"` for one that is only equivalent. A view of the text that it was read from.
struct EntityTag {
  std::string_view opaque;  // with its quotes
  bool weak = false;
};

// Reads one entity tag and nothing else.
std::optional<EntityTag> ParseEntityTag(std::string_view text);

// The two comparisons of RFC 9110 section 8.8.3.2: strong, for what must be the same bytes
// (If-Match, If-Range), and weak, for caches (If-None-Match).
constexpr bool StrongMatch(const EntityTag& a, const EntityTag& b) {
  return !a.weak && !b.weak && a.opaque == b.opaque;
}
constexpr bool WeakMatch(const EntityTag& a, const EntityTag& b) {
  return a.opaque == b.opaque;
}

// Calls `each` with the tags of a list such as `"a", W/"b"`, until it returns true; whether one
// call did. The list ends where it is not well-formed any more.
template <class F>
bool AnyEntityTag(std::string_view list, F each);

namespace internal {
// Takes the tag in front of a list, with the commas and blanks before it. False at the end.
bool TakeEntityTag(std::string_view& list, EntityTag& tag);
}  // namespace internal

template <class F>
bool AnyEntityTag(std::string_view list, F each) {
  EntityTag tag;
  while (internal::TakeEntityTag(list, tag)) {
    if (each(tag)) return true;
  }
  return false;
}

}  // namespace weft

#endif  // WEFT_HTTP_ENTITY_TAG_H_
