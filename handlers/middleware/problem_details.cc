// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/problem_details.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weft/handlers/access.h>
#include <weft/handlers/error_status.h>

namespace weft {
namespace {

Problem ProblemOf(const Error& error, int status) {
  if (const Problem* problem = error.As<Problem>()) return *problem;
  Problem problem{.status = status};
  if (const HttpStatus* chosen = error.As<HttpStatus>()) problem.detail = chosen->public_text;
  return problem;
}

// A problem that leaves the error as it is for Is, As and Message.
Error WithProblem(const Error& error, Problem problem) {
  struct Payload {
    Problem problem;
    std::vector<Error> joined;
  };
  auto payload = std::make_shared<const Payload>(Payload{std::move(problem), {error}});
  const std::shared_ptr<const void> carried(payload, &payload->problem);
  return internal::MakeTypedError(error.Message(), carried, &internal::kTypeTag<Problem>, Errc{},
                                  &payload->joined);
}

}  // namespace

Middleware ProblemDetails() {
  return [](Handler next) -> Handler {
    return [next = std::move(next)](ResponseWriter& w, Request& r) -> Error {
      const Error error = CallHandler(next, w, r);
      const int status = StatusOf(error);
      if (!error || status < 400 || status > 599) return error;
      const bool nobody_waits = status == kStatusClientGone && error.As<HttpStatus>() == nullptr &&
                                error.As<Problem>() == nullptr;
      if (nobody_waits) return error;
      Problem problem = ProblemOf(error, status);
      if (!r.Id().empty()) problem.members.push_back({"request_id", JsonString(r.Id())});
      return WithProblem(error, std::move(problem));
    };
  };
}

}  // namespace weft
