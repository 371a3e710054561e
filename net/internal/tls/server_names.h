// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_TLS_SERVER_NAMES_H_
#define WEFT_NET_INTERNAL_TLS_SERVER_NAMES_H_

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace weft::internal {

// Maps the name that a client asks for (RFC 6066 section 3) to one of several certificates.
class ServerNames {
 public:
  // "example.com" or "*.example.com", as in certificates; case does not matter, nor does a dot at
  // the end. Text with a star elsewhere is not a name (RFC 6125 section 6.4.3). If several
  // certificates have the same name, the first one has it.
  void Add(std::string_view name, std::size_t index);

  // The certificate with this name, else the one with a wildcard for its first label, else 0. Does
  // not allocate for names of usual length.
  std::size_t Find(std::string_view name) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> names_;
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_TLS_SERVER_NAMES_H_
