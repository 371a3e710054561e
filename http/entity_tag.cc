// SPDX-License-Identifier: Apache-2.0
#include <weft/http/entity_tag.h>

#include <cstddef>

namespace weft {
namespace {

// RFC 9110 section 8.8.3: etagc.
bool MayBeInTag(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0x21 || (byte >= 0x23 && byte != 0x7f);
}

// The tag in front of the text is taken off.
std::optional<EntityTag> TakeTag(std::string_view& text) {
  EntityTag tag;
  std::string_view rest = text;
  if (rest.starts_with("W/")) {
    tag.weak = true;
    rest.remove_prefix(2);
  }
  if (!rest.starts_with('"')) return std::nullopt;
  std::size_t end = 1;
  while (end < rest.size() && MayBeInTag(rest[end])) ++end;
  if (end == rest.size() || rest[end] != '"') return std::nullopt;
  tag.opaque = rest.substr(0, end + 1);
  rest.remove_prefix(end + 1);
  text = rest;
  return tag;
}

}  // namespace

std::optional<EntityTag> ParseEntityTag(std::string_view text) {
  const std::optional<EntityTag> tag = TakeTag(text);
  return text.empty() ? tag : std::nullopt;
}

bool internal::TakeEntityTag(std::string_view& list, EntityTag& tag) {
  const std::size_t start = list.find_first_not_of(", \t");
  if (start == std::string_view::npos) return false;
  list.remove_prefix(start);
  const std::optional<EntityTag> taken = TakeTag(list);
  if (!taken) return false;
  const std::size_t next = list.find_first_not_of(" \t");
  if (next != std::string_view::npos && list[next] != ',') return false;
  tag = *taken;
  return true;
}

}  // namespace weft
