// SPDX-License-Identifier: Apache-2.0
#include <weft/http/conditional.h>

#include <algorithm>

#include <weft/http/date.h>
#include <weft/http/entity_tag.h>
#include <weft/http/internal/single_field.h>
#include <weft/http/internal/text.h>

namespace weft {
namespace {

using std::chrono::sys_seconds;

// RFC 9110 sections 13.1.1 and 13.1.2: "*", or a list of tags, one of which is the current one.
bool NamesCurrent(const Fields& request, std::string_view name, const Validators& current,
                  bool (*match)(const EntityTag&, const EntityTag&)) {
  if (!current.exists) return false;
  const std::optional<EntityTag> tag = ParseEntityTag(current.etag);
  return std::any_of(request.begin(), request.end(), [&](const Fields::Field& field) {
    if (!internal::EqualsIgnoreCase(field.name, name)) return false;
    if (internal::TrimBlanks(field.value) == "*") return true;
    return tag &&
           AnyEntityTag(field.value, [&](const EntityTag& asked) { return match(asked, *tag); });
  });
}

// The date in a field. Nothing if it is not a date, or if the field occurs twice.
std::optional<sys_seconds> DateOf(const Fields& request, std::string_view name) {
  const std::optional<std::string_view> value = internal::SingleValue(request, name);
  return value ? ParseHttpDate(*value) : std::nullopt;
}

bool IsModifiedAfter(const Validators& current, sys_seconds date) {
  return current.modified && *current.modified > date;
}

}  // namespace

Precondition CheckPreconditions(std::string_view method, const Fields& request,
                                const Validators& current) {
  if (method == "CONNECT" || method == "OPTIONS" || method == "TRACE")
    return Precondition::kProceed;
  const bool reads = method == "GET" || method == "HEAD";
  if (request.Has("If-Match")) {
    if (!NamesCurrent(request, "If-Match", current, &StrongMatch)) return Precondition::kFailed;
  } else if (const std::optional<sys_seconds> date = DateOf(request, "If-Unmodified-Since")) {
    if (IsModifiedAfter(current, *date)) return Precondition::kFailed;
  }
  if (request.Has("If-None-Match")) {
    if (!NamesCurrent(request, "If-None-Match", current, &WeakMatch)) return Precondition::kProceed;
    return reads ? Precondition::kNotModified : Precondition::kFailed;
  }
  if (!reads || !current.modified) return Precondition::kProceed;
  const std::optional<sys_seconds> date = DateOf(request, "If-Modified-Since");
  return !date || IsModifiedAfter(current, *date) ? Precondition::kProceed
                                                  : Precondition::kNotModified;
}

bool RangeIsForCurrent(const Fields& request, const Validators& current) {
  if (!request.Has("If-Range")) return true;
  const std::optional<std::string_view> value = internal::SingleValue(request, "If-Range");
  if (!value) return false;
  const std::optional<EntityTag> tag = ParseEntityTag(current.etag);
  if (const std::optional<EntityTag> asked = ParseEntityTag(*value)) {
    return tag && StrongMatch(*asked, *tag);
  }
  if (tag && tag->weak) return false;
  const std::optional<sys_seconds> date = ParseHttpDate(*value);
  return date && current.modified && *date == *current.modified;
}

}  // namespace weft
