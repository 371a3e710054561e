// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_AUTHENTICATED_USER_H_
#define WEFT_HANDLERS_MIDDLEWARE_AUTHENTICATED_USER_H_

#include <string>
#include <string_view>

#include <weft/concurrency/context.h>

namespace weft {

// The user that BasicAuth or BearerAuth has found in the request; empty outside of them. The view
// is valid as long as a context that carries it lives.
std::string_view UserOf(const Context& ctx);

// `parent` with a user, for authentication of your own. Request::User and the access log get the
// user from RequestAccess::SetUser (handlers/access.h).
Context WithUser(const Context& parent, std::string user);

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_AUTHENTICATED_USER_H_
