// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_ERROR_STATUS_H_
#define WEFT_HANDLERS_ERROR_STATUS_H_

#include <weft/concurrency/error.h>
#include <weft/handlers/response_writer.h>
#include <weft/http/status.h>

namespace weft {

// This status is never sent, because there is no client left to receive it. Logs use it, as nginx
// does.
inline constexpr int kStatusClientGone = 499;

// The status of the response to a handler's error. The first line that matches counts. The error
// may wrap what is named here, as a context's error wraps its cause:
//   ProblemError        its own
//   HttpError           its own
//   kClientGone         kStatusClientGone: nothing is sent
//   kServerClosing      503
//   kDeadlineExceeded   504
//   kUnavailable        503: a dependency cannot be reached, or accepts no more
//   kUpstreamFailed     502: it was reached, and failed
//   kUpstreamTimeout    504: it was too slow
//   kTooLarge           413
//   kMalformed          400
//   kTimeout            408
//   kRefused            503: the server, or a part of it, accepts no more
//   anything else       500, including exceptions
// No error is 200.
int StatusOf(const Error& error) noexcept;

// Responds with an error instead of what the handler has written so far. The status is
// StatusOf(error). The body is the JSON of its Problem (problem.h), or else the public text of
// HttpError, or else the reason phrase, as plain text. The error's message is never sent to the
// client. A 503 gets `Retry-After: 1` if the handler has set none, except for a ClientFailure that
// is `processed`: some clients repeat what gets a Retry-After, even a POST.
//
// If the head was already sent, or the client is gone, the response is aborted instead: a failed
// response never looks complete. It may be called once for each exchange, by a middleware that then
// returns no error. It does nothing without an error, or for a connection that was hijacked
// (ResponseWriter::Hijack).
//
//   weft::Middleware errors_as_html = [](weft::Handler next) {
//     return [next](weft::ResponseWriter& w, weft::Request& r) -> weft::Error {
//       const weft::Error err = next(w, r);
//       if (weft::StatusOf(err) != 404) return err;
//       weft::FinishWithError(w, weft::HttpError(404, "There is no such page.\n"));
//       return {};
//     };
//   };
void FinishWithError(ResponseWriter& w, const Error& error);

}  // namespace weft

#endif  // WEFT_HANDLERS_ERROR_STATUS_H_
