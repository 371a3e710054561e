// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/field_errors.h>

#include <utility>

#include <weft/handlers/problem.h>

namespace weft {
namespace {

// The pointer as the fragment of a URI (RFC 6901 section 6): bytes that a fragment cannot contain are
// percent-encoded.
std::string Fragment(std::string_view pointer) {
  constexpr std::string_view kMarks = "-._~!$&'()*+,;=:@/?";  // RFC 3986 section 3.5
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string fragment = pointer.starts_with('/') || pointer.empty() ? "#" : "#/";
  for (const char c : pointer) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       kMarks.find(c) != std::string_view::npos;
    if (plain) {
      fragment += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      fragment += {'%', kHex[byte / 16], kHex[byte % 16]};
    }
  }
  return fragment;
}

}  // namespace

void FieldErrors::Add(std::string_view pointer, std::string text) {
  entries_.push_back({std::string(pointer), std::move(text)});
}

Error FieldErrors::Take() {
  const std::vector<Entry> entries = std::exchange(entries_, {});
  if (entries.empty()) return {};
  std::string json = "[";
  std::string text;
  for (const Entry& entry : entries) {
    if (json.size() > 1) json += ',';
    json.append(R"({"pointer":)").append(JsonString(Fragment(entry.pointer)));
    json.append(R"(,"detail":)").append(JsonString(entry.text)).append("}");
    if (!text.empty()) text += "; ";
    text.append(entry.pointer).append(": ").append(entry.text);
  }
  json += ']';
  return ProblemError({.status = 422, .members = {{"errors", std::move(json)}}}).Wrap(text);
}

}  // namespace weft
