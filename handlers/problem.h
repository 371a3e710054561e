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

// A member of a problem beside those that RFC 9457 names.
struct ProblemMember {
  std::string name;
  std::string json;  // its value, as JSON: "30", "[1,2]"; see JsonString for texts
};

// Why a request failed, for the program that sent it. Texts that are empty are left out of the
// response. Nothing in here is secret: put into the Error that a handler returns only what the
// client may read.
struct [[gnu::visibility("default")]] Problem {
  int status = 500;           // 400..599
  std::string type = {};      // a URI for this kind of problem; empty: the status says all
  std::string title = {};     // the same for all of this type; empty: the status's reason phrase
  std::string detail = {};    // about this one
  std::string instance = {};  // a URI that names this one occurrence
  std::vector<ProblemMember> members = {};
};

// HttpError's big brother: what a handler returns to respond with a problem. The response is
// application/problem+json, with or without the middleware ProblemDetails, which gives all other
// errors this form too. Aborts the process if the status is not in 400..599. Of members with one
// name, or with the name of one of the five above, the first counts. Never suspends.
//
//   return weft::ProblemError({.status = 403,
//                              .type = "https://example.com/probs/out-of-credit",
//                              .title = "You do not have enough credit",
//                              .detail = "Your balance is 30, but that costs 50",
//                              .members = {{"balance", "30"}}});
Error ProblemError(Problem problem);

// The JSON of a problem: {"type":...,"title":...,"status":...,...}. "type" is left out where it is
// about:blank.
std::string FormatProblem(const Problem& problem);

// `text` as a string of JSON, with its quotes; for ProblemMember. Bytes that are no good UTF-8
// become U+FFFD.
std::string JsonString(std::string_view text);

// For ServerOptions::refusal: what the server refuses (400, 408, 413, 431, 503 and their like) is a
// problem with its status and title as well.
std::function<RefusalBody(int status)> ProblemRefusals();

}  // namespace weft

#endif  // WEFT_HANDLERS_PROBLEM_H_
