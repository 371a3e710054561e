// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_REDIRECT_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_REDIRECT_H_

#include <cstdint>

#include <weft/clients/http/client_response.h>
#include <weft/clients/http/internal/outgoing_request.h>
#include <weft/clients/http/internal/url.h>

namespace weft::internal {

enum class Redirect : std::uint8_t {
  kFinal,     // nothing to follow
  kSame,      // the same request, elsewhere (307, 308, and all of GET and HEAD)
  kWithout,   // GET, without a body (303, and 301 and 302 to POST, as every client does it)
};

// Puts the target of a redirect (RFC 9110 section 15.4) into `next`. None if it cannot be followed, either: no valid Location, from
// https to http, a body that cannot be read again.
Redirect JudgeRedirect(const ClientResponse& response, const OutgoingRequest& request, HttpUrl& next);

// Turns the request into one for `next`, which is moved into `url`. An Error: the body cannot be sent again.
Error FollowRedirect(Redirect redirect, HttpUrl& next, HttpUrl& url, OutgoingRequest& request);

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_REDIRECT_H_
