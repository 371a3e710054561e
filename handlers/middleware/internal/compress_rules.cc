// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/internal/compress_rules.h>

#include <algorithm>
#include <string>
#include <string_view>

#include <weft/http/content_coding.h>
#include <weft/http/entity_tag.h>
#include <weft/http/internal/content_length.h>
#include <weft/http/internal/text.h>
#include <weft/http/status.h>

namespace weft::internal {
namespace {

// Fields that describe exactly these bytes of the body.
constexpr std::string_view kOfTheseBytes[] = {"Content-Encoding", "Content-Range", "Content-Digest",
                                              "Repr-Digest",      "Digest",        "Content-MD5"};

// RFC 9111 section 5.2.2.6.
bool ForbidsTransforms(const Fields& response) {
  return std::any_of(response.begin(), response.end(), [](const Fields::Field& field) {
    return EqualsIgnoreCase(field.name, "Cache-Control") &&
           !ForEachElement(field.value, [](std::string_view element) {
             return !EqualsIgnoreCase(element, "no-transform");
           });
  });
}

void WeakenTag(Fields& response) {
  if (const std::string_view tag = response.Get("ETag"); tag.starts_with('"'))
    response.Set("ETag", "W/" + std::string(tag));
}

bool MayBeEncoded(int status, const Fields& response) {
  if (!StatusAllowsBody(status) || status == 206) return false;
  const bool bound = std::any_of(std::begin(kOfTheseBytes), std::end(kOfTheseBytes),
                                 [&](std::string_view name) { return response.Has(name); });
  return !bound && !ForbidsTransforms(response);
}

}  // namespace

Verdict Judge(int status, const Fields& response,
              const std::function<bool(std::string_view content_type)>& types) {
  if (!MayBeEncoded(status, response)) return Verdict::kNo;
  if (!response.Has("Content-Type")) return Verdict::kByContent;
  return types(response.Get("Content-Type")) ? Verdict::kYes : Verdict::kNo;
}

std::optional<std::uint64_t> DeclaredLength(const Fields& response) {
  const std::string_view text = response.Get("Content-Length");
  return text.empty() ? std::nullopt : ParseLength(text);
}

void MarkEncoded(Fields& response) {
  response.Set("Content-Encoding", "gzip");
  response.Del("Content-Length");
  response.Del("Accept-Ranges");
  WeakenTag(response);
}

void MarkNotModified(const Fields& request, Fields& response) {
  AddVary(response, "Accept-Encoding");
  const std::optional<EntityTag> tag = ParseEntityTag(response.Get("ETag"));
  if (!tag) return;
  const bool weak_is_stored =
      std::any_of(request.begin(), request.end(), [&](const Fields::Field& field) {
        return EqualsIgnoreCase(field.name, "If-None-Match") &&
               AnyEntityTag(field.value, [&](const EntityTag& stored) {
                 return stored.weak && WeakMatch(stored, *tag);
               });
      });
  if (weak_is_stored) WeakenTag(response);
}

}  // namespace weft::internal
