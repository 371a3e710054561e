// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_PROBLEM_DETAILS_H_
#define WEFT_HANDLERS_MIDDLEWARE_PROBLEM_DETAILS_H_

#include <weft/handlers/handler.h>
#include <weft/handlers/problem.h>

namespace weft {

// Gives each error of the handlers inside the form of a problem (RFC 9457), those of a Mux (404,
// 405) and of other middleware too: with the status that it has anyway (error_status.h), and
// HttpError's public text as detail. A ProblemError stays what it is. Where the request has an id
// (RequestId), the problem has it as "request_id". The Error goes on outwards as it was, by Is, As
// and Message, for what is logged. An exception becomes an Error here, which carries it, and a
// problem with status 500 (Recover belongs inside). Responses that a handler writes itself are not
// touched.
//
//   mux.Use(weft::ProblemDetails());
//   options.refusal = weft::ProblemRefusals();   // what the server itself refuses
Middleware ProblemDetails();

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_PROBLEM_DETAILS_H_
