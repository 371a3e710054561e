// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_TLS_ALPN_H_
#define WEFT_NET_INTERNAL_TLS_ALPN_H_

#include <initializer_list>
#include <string>
#include <string_view>

namespace weft::internal {

// The protocols that one side speaks above TLS, in order of preference, as RFC 7301 section 3.1
// writes them. Made once, and lent to the sessions: it outlives them.
class AlpnList {
 public:
  AlpnList() = default;
  // Each name has 1 to 255 bytes; aborts otherwise.
  AlpnList(std::initializer_list<std::string_view> names);

  bool Empty() const { return wire_.empty(); }
  // Each name after its length.
  const std::string& Wire() const { return wire_; }

  // The first of our protocols that is in the offer; a view of our own text. Empty: none. The offer
  // may be any bytes.
  std::string_view Choose(std::string_view offer) const;

 private:
  std::string wire_;
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_TLS_ALPN_H_
