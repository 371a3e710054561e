// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_ERROR_STATUS_H_
#define WEFT_HANDLERS_ERROR_STATUS_H_

#include <weft/concurrency/error.h>
#include <weft/handlers/response_writer.h>
#include <weft/http/status.h>

namespace weft {

// Not a status that is ever sent: there is nobody left to answer to. Logs use it, as nginx does.
inline constexpr int kStatusClientGone = 499;

// The status that a handler's error answers with. The first line that fits counts; the error may
// wrap what is named, as a context's error wraps its cause:
//   ProblemError        its own
//   HttpError           its own
//   kClientGone         kStatusClientGone: nothing is sent
//   kServerClosing      503
//   kDeadlineExceeded   504
//   kUnavailable        503: what the handler needs cannot be reached, or takes no more
//   kUpstreamFailed     502: it was reached, and failed
//   kUpstreamTimeout    504: it was too slow
//   kTooLarge           413
//   kMalformed          400
//   kTimeout            408
//   kRefused            503: the server, or what it works with, takes no more
//   anything else       500, exceptions included
// No error is 200.
int StatusOf(const Error& error) noexcept;

// Answers with an error in place of what the handler has written so far: its status, and the JSON of
// its Problem (problem.h), or as plain text HttpError's public text,
// or else the reason phrase. The message of the
// error never goes to the client. A 503 gets `Retry-After: 1` if the handler has set none. If the
// head is out already, or the client is gone, the answer is broken off: a failed answer never looks
// whole. It may be called once per exchange, by a middleware that then returns no error. Does
// nothing without an error, and nothing to a connection that was taken over (ResponseWriter::Hijack).
void FinishWithError(ResponseWriter& w, const Error& error);

}  // namespace weft

#endif  // WEFT_HANDLERS_ERROR_STATUS_H_
