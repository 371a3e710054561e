// SPDX-License-Identifier: Apache-2.0
#include <weft/http/content_coding.h>

#include <algorithm>
#include <optional>
#include <string>

#include <weft/http/internal/quality.h>
#include <weft/http/internal/text.h>

namespace weft {
namespace {

using internal::EqualsIgnoreCase;

constexpr std::string_view kAcceptEncoding = "Accept-Encoding";

// Calls `each` with the elements of all fields of this name, while it returns true; false if one
// call did not.
template <class F>
bool ForEachElementOf(const Fields& fields, std::string_view name, F each) {
  return std::all_of(fields.begin(), fields.end(), [&](const Fields::Field& field) {
    return !EqualsIgnoreCase(field.name, name) || internal::ForEachElement(field.value, each);
  });
}

// RFC 9110 section 8.4.1.3: x-gzip is gzip.
bool NamesCoding(std::string_view name, std::string_view coding) {
  return EqualsIgnoreCase(name, coding) ||
         (EqualsIgnoreCase(name, "x-gzip") && EqualsIgnoreCase(coding, "gzip"));
}

// The weight that the client gives this coding, by its name or else by "*". Nothing: it names neither.
std::optional<int> QualityOf(const Fields& request, std::string_view coding) {
  std::optional<int> by_name;
  std::optional<int> by_star;
  ForEachElementOf(request, kAcceptEncoding, [&](std::string_view element) {
    const std::optional<internal::Weighted> wanted = internal::ParseWeighted(element);
    if (!wanted) return true;
    if (NamesCoding(wanted->name, coding)) by_name = wanted->quality;
    if (wanted->name == "*") by_star = wanted->quality;
    return true;
  });
  return by_name ? by_name : by_star;
}

}  // namespace

std::string_view ChooseCoding(const Fields& request, std::span<const std::string_view> offered) {
  if (!request.Has(kAcceptEncoding)) return {};
  // A client that lists codings but not identity prefers those.
  const int of_identity = QualityOf(request, "identity").value_or(0);
  std::string_view best;
  int best_quality = 0;
  for (const std::string_view coding : offered) {
    const int quality = QualityOf(request, coding).value_or(0);
    if (quality > best_quality && quality >= of_identity) {
      best = coding;
      best_quality = quality;
    }
  }
  return best;
}

std::string_view ChooseCoding(const Fields& request,
                              std::initializer_list<std::string_view> offered) {
  return ChooseCoding(request, std::span<const std::string_view>(offered.begin(), offered.size()));
}

void AddVary(Fields& response, std::string_view field_name) {
  std::string all;
  const bool missing = ForEachElementOf(response, "Vary", [&](std::string_view element) {
    all.append(element).append(", ");
    return element != "*" && !EqualsIgnoreCase(element, field_name);
  });
  if (missing) response.Set("Vary", all.append(field_name));
}

}  // namespace weft
