// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_PROBLEM_H_
#define WEFT_HANDLERS_PROBLEM_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <weft/concurrency/error.h>
#include <weft/handlers/refusal_body.h>

// Problem details: errors as JSON that a program can read (RFC 9457, application/problem+json).

namespace weft {

// A member of a problem in addition to those that RFC 9457 names.
struct ProblemMember {
  std::string name;
  std::string json;  // the value, as JSON: "30", "[1,2]"; for text see JsonString
};

// Why a request failed, for the program that sent it. Empty texts are left out of the response.
// Everything in it is sent to the client, so it must not contain secrets.
struct [[gnu::visibility("default")]] Problem {
  int status = 500;           // 400..599
  std::string type = {};      // a URI for this kind of problem; empty: the status says enough
  std::string title = {};     // the same for all of this type; empty: the reason phrase
  std::string detail = {};    // about this occurrence
  std::string instance = {};  // a URI that identifies this occurrence
  std::vector<ProblemMember> members = {};
};

// What a handler returns to respond with a problem; HttpError in a longer form. The response is
// application/problem+json, with or without the middleware ProblemDetails, which also gives all
// other errors this form. Aborts the process if the status is not in 400..599. If several members
// have one name, or the name of one of the five above, the first one counts. Never suspends.
//
//   return weft::ProblemError({.status = 403,
//                              .type = "https://example.com/probs/out-of-credit",
//                              .title = "You do not have enough credit",
//                              .detail = "Your balance is 30, but that costs 50",
//                              .members = {{"balance", "30"}}});
Error ProblemError(Problem problem);

// The JSON of a problem: {"type":...,"title":...,"status":...,...}. "type" is left out if it is
// about:blank.
std::string FormatProblem(const Problem& problem);

// `text` as a JSON string, with its quotes; for ProblemMember. Bytes that are not valid UTF-8
// become U+FFFD.
std::string JsonString(std::string_view text);

// For ServerOptions::refusal: what the server itself rejects (400, 408, 413, 431, 503 and so on)
// also becomes a problem, with its status and title.
std::function<RefusalBody(int status)> ProblemRefusals();

}  // namespace weft

#endif  // WEFT_HANDLERS_PROBLEM_H_
