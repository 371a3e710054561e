// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/authenticated_user.h>

#include <utility>

namespace weft {
namespace {

constexpr Key<std::string> kUser{"user"};

}  // namespace

std::string_view UserOf(const Context& ctx) {
  const std::string* user = ctx.Value(kUser);
  return user != nullptr ? std::string_view(*user) : std::string_view();
}

Context WithUser(const Context& parent, std::string user) {
  return WithValue(parent, kUser, std::move(user));
}

}  // namespace weft
