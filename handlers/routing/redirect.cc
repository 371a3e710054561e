// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/routing/redirect.h>

#include <string>

namespace weft {
namespace {

// RFC 3986 section 2: reserved, unreserved, and the percent sign of what is encoded already.
bool BelongsInUri(char c) {
  constexpr std::string_view kMarks = "-._~:/?#[]@!$&'()*+,;=%";
  const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return plain || kMarks.find(c) != std::string_view::npos;
}

}  // namespace

Error Redirect(ResponseWriter& w, std::string_view target, int status) {
  if (status < 300 || status > 399) internal::AbortMisuse("Redirect", "the status of a redirect must be in 300..399");
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string location;
  location.reserve(target.size());
  for (const char c : target) {
    if (BelongsInUri(c)) {
      location += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    location += {'%', kHex[byte / 16], kHex[byte % 16]};
  }
  w.Header().Set("Location", location);
  w.WriteHeader(status);
  return {};
}

}  // namespace weft
