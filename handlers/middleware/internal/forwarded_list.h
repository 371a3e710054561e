// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_INTERNAL_FORWARDED_LIST_H_
#define WEFT_HANDLERS_MIDDLEWARE_INTERNAL_FORWARDED_LIST_H_

#include <optional>
#include <string>
#include <string_view>

namespace weft::internal {

// Removes the last non-empty element from a comma-separated list and returns it; empty at the start of the list. Every
// comma counts, even within quotes: what a proxy has appended must be distinguished from what was there before, and a quote
// that a client has opened must not swallow it. No address contains a comma.
std::optional<std::string_view> CutLastElement(std::string_view& list);

// What one hop in Forwarded says.
struct ForwardedElement {
  std::string address;  // of "for": "192.0.2.7", "[2001:db8::1]:443", "unknown"
  std::string proto;
};

// One element of Forwarded (RFC 7239 section 4); empty if it is malformed or has a parameter twice.
std::optional<ForwardedElement> ParseForwardedElement(std::string_view text);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_MIDDLEWARE_INTERNAL_FORWARDED_LIST_H_
