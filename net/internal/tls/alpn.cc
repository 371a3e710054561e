// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/tls/alpn.h>

#include <cstddef>

#include <weft/concurrency/error.h>

namespace weft::internal {
namespace {

// Takes the next name off the front; false at the end, or if a length goes beyond it.
bool NextName(std::string_view& wire, std::string_view& name) {
  if (wire.empty()) return false;
  const std::size_t size = static_cast<unsigned char>(wire.front());
  if (size == 0 || size >= wire.size()) return false;
  name = wire.substr(1, size);
  wire.remove_prefix(1 + size);
  return true;
}

bool Offers(std::string_view offer, std::string_view wanted) {
  for (std::string_view name; NextName(offer, name);) {
    if (name == wanted) return true;
  }
  return false;
}

}  // namespace

AlpnList::AlpnList(std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (name.empty() || name.size() > 255)
      AbortMisuse("AlpnList", "a protocol's name must have 1 to 255 bytes");
    wire_ += static_cast<char>(name.size());
    wire_ += name;
  }
}

std::string_view AlpnList::Choose(std::string_view offer) const {
  std::string_view ours = wire_;
  for (std::string_view name; NextName(ours, name);) {
    if (Offers(offer, name)) return name;
  }
  return {};
}

}  // namespace weft::internal
