// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/error_status.h>

#include <string>

#include <weft/handlers/handler.h>
#include <weft/handlers/problem.h>
#include <weft/net/client_failure.h>

namespace weft {
namespace {

std::string BodyOf(const Problem* problem, const HttpStatus* chosen, int status) {
  if (problem != nullptr) return FormatProblem(*problem);
  const bool has_text = chosen != nullptr && !chosen->public_text.empty();
  std::string text(has_text ? std::string_view(chosen->public_text) : ReasonPhrase(status));
  return text += '\n';
}

// Some clients repeat the request on this status, even a POST. So it is not used if a part may already
// have been done.
bool MayComeAgain(const Error& error) {
  const ClientFailure* failure = error.As<ClientFailure>();
  return failure == nullptr || !failure->processed;
}

}  // namespace

int StatusOf(const Error& error) noexcept {
  if (!error) return 200;
  if (const Problem* problem = error.As<Problem>()) return problem->status;
  if (const HttpStatus* chosen = error.As<HttpStatus>()) return chosen->code;
  struct Row {
    const Error& what;
    int status;
  };
  static constexpr Row kRows[] = {
      {kClientGone, kStatusClientGone}, {kServerClosing, 503},  {kDeadlineExceeded, 504},
      {kUnavailable, 503},              {kUpstreamFailed, 502}, {kUpstreamTimeout, 504},
      {kTooLarge, 413},                 {kMalformed, 400},      {kTimeout, 408},
      {kRefused, 503},
  };
  for (const Row& row : kRows) {
    if (error.Is(row.what)) return row.status;
  }
  return 500;
}

void FinishWithError(ResponseWriter& w, const Error& error) {
  if (!error || w.Hijacked()) return;
  const Problem* problem = error.As<Problem>();
  const HttpStatus* chosen = error.As<HttpStatus>();
  const int status = StatusOf(error);
  const bool nobody_waits = chosen == nullptr && problem == nullptr && status == kStatusClientGone;
  if (nobody_waits || !w.Restart()) {
    w.Abort();
    return;
  }
  w.Header().Set("Content-Type", problem != nullptr ? "application/problem+json" : "text/plain; charset=utf-8");
  w.Header().Set("X-Content-Type-Options", "nosniff");
  if (status == 503 && MayComeAgain(error) && !w.Header().Has("Retry-After")) w.Header().Set("Retry-After", "1");
  w.WriteHeader(status);
  if (w.Write(BodyOf(problem, chosen, status))) w.Abort();
}

}  // namespace weft
