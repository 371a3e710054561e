// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_PROBLEM_DETAILS_H_
#define WEFT_HANDLERS_MIDDLEWARE_PROBLEM_DETAILS_H_

#include <weft/handlers/handler.h>
#include <weft/handlers/problem.h>

namespace weft {

// Turns every error of the handlers inside into a problem (RFC 9457), including those of a Mux
// (404, 405) and of other middleware. It has the status that the error has anyway (error_status.h),
// and HttpError's public text as its detail. A ProblemError is not changed. If the request has an
// id (RequestId), the problem has it as "request_id". For logging, the Error is passed on outwards,
// unchanged for Is, As and Message. An exception becomes an Error that carries it, and a problem
// with status 500 (so Recover belongs inside). Responses that a handler writes itself are not
// changed.
//
//   mux.Use(weft::ProblemDetails());
//   options.refusal = weft::ProblemRefusals();   // what the server itself rejects
Middleware ProblemDetails();

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_PROBLEM_DETAILS_H_
