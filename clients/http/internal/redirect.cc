// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/redirect.h>

#include <utility>

namespace weft::internal {

Redirect JudgeRedirect(const ClientResponse& response, const OutgoingRequest& request, HttpUrl& next) {
  const int status = response.Status();
  const bool known = status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  if (!known || response.Header().Values("Location").size() != 1) return Redirect::kFinal;
  if (ResolveLocation(*request.url, response.Header().Get("Location"), next)) return Redirect::kFinal;
  if (request.url->secure && !next.secure) return Redirect::kFinal;
  // A server elsewhere must not make the client talk to a socket of this machine.
  if (next.address.IsUnix() && !request.url->address.IsUnix()) return Redirect::kFinal;
  const bool stays = request.method == "GET" || request.method == "HEAD";
  if (stays || status == 307 || status == 308) return Redirect::kSame;
  return status == 303 || request.method == "POST" ? Redirect::kWithout : Redirect::kSame;
}

Error FollowRedirect(Redirect redirect, HttpUrl& next, HttpUrl& url, OutgoingRequest& request) {
  if (redirect == Redirect::kWithout) {
    request.method = "GET";
    request.body = OutgoingRequest::Body::kWithout;
    request.whole = {};
    request.reader = nullptr;
    request.length.reset();
    request.expect.reset();
  } else if (request.reader != nullptr && !request.reader->Rewind()) {
    return Error::New("the body cannot be sent again");
  }
  request.without_credentials = request.without_credentials || next.origin != url.origin;
  url = std::move(next);
  return {};
}

}  // namespace weft::internal
