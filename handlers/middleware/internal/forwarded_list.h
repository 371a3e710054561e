// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_INTERNAL_FORWARDED_LIST_H_
#define WEFT_HANDLERS_MIDDLEWARE_INTERNAL_FORWARDED_LIST_H_

#include <optional>
#include <string>
#include <string_view>

namespace weft::internal {

// Takes the last element that is not empty off a comma-separated list; empty at its start. Each
// comma counts, also one within quotes: what a proxy has appended must be distinguished from what was there before, and a quote
// that a client has opened must not swallow it. No address has a comma.
std::optional<std::string_view> CutLastElement(std::string_view& list);

// What a hop of Forwarded says.
struct ForwardedElement {
  std::string address;  // of "for": "192.0.2.7", "[2001:db8::1]:443", "unknown"
  std::string proto;
};

// One element of Forwarded (RFC 7239 section 4); empty if it is malformed or has a parameter twice.
std::optional<ForwardedElement> ParseForwardedElement(std::string_view text);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_MIDDLEWARE_INTERNAL_FORWARDED_LIST_H_
