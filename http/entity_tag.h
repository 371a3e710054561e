// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_ENTITY_TAG_H_
#define WEFT_HTTP_ENTITY_TAG_H_

#include <optional>
#include <string_view>

namespace weft {

// An entity tag (RFC 9110 section 8.8.3), which identifies one version of a representation: `"v7"`,
// or `W/"v7"` for one that is only equivalent. It is a view of the text that it was read from.
struct EntityTag {
  std::string_view opaque;  // including its quotes
  bool weak = false;
};

// Reads one entity tag. Nothing else may be in the text.
std::optional<EntityTag> ParseEntityTag(std::string_view text);

// The two comparisons of RFC 9110 section 8.8.3.2: strong, for bytes that must be identical
// (If-Match, If-Range), and weak, for caches (If-None-Match).
constexpr bool StrongMatch(const EntityTag& a, const EntityTag& b) {
  return !a.weak && !b.weak && a.opaque == b.opaque;
}
constexpr bool WeakMatch(const EntityTag& a, const EntityTag& b) {
  return a.opaque == b.opaque;
}

// Calls `each` with the tags of a list such as `"a", W/"b"` until it returns true. Returns whether
// it did. A list that is malformed ends at the mistake.
//
//   bool unchanged = weft::AnyEntityTag(r.Header().Get("If-None-Match"), [&](weft::EntityTag tag) {
//     return weft::WeakMatch(tag, current);
//   });
//
// "*" is not a tag: code that accepts it checks for it first (RFC 9110 section 13.1).
template <class F>
bool AnyEntityTag(std::string_view list, F each);

namespace internal {
// Takes the first tag of a list, with the commas and blanks before it. False at the end.
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
