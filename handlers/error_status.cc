// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/error_status.h>

#include <string>

#include <weft/handlers/handler.h>

namespace weft {

int StatusOf(const Error& error) noexcept {
  if (!error) return 200;
  if (const HttpStatus* chosen = error.As<HttpStatus>()) return chosen->code;
  struct Row {
    const Error& what;
    int status;
  };
  static constexpr Row kRows[] = {
      {kClientGone, kStatusClientGone}, {kServerClosing, 503}, {kDeadlineExceeded, 504},
      {kTooLarge, 413},                 {kMalformed, 400},     {kTimeout, 408},
      {kRefused, 503},
  };
  for (const Row& row : kRows) {
    if (error.Is(row.what)) return row.status;
  }
  return 500;
}

void FinishWithError(ResponseWriter& w, const Error& error) {
  if (!error || w.Hijacked()) return;
  const HttpStatus* chosen = error.As<HttpStatus>();
  const int status = StatusOf(error);
  if ((chosen == nullptr && status == kStatusClientGone) || !w.Restart()) {
    w.Abort();
    return;
  }
  const bool has_body = chosen != nullptr && !chosen->content_type.empty();
  w.Header().Set("Content-Type", has_body ? std::string_view(chosen->content_type) : "text/plain; charset=utf-8");
  w.Header().Set("X-Content-Type-Options", "nosniff");
  if (status == 503 && !w.Header().Has("Retry-After")) w.Header().Set("Retry-After", "1");
  w.WriteHeader(status);
  if (has_body) {
    if (w.Write(chosen->body)) w.Abort();
    return;
  }
  std::string text(chosen != nullptr && !chosen->public_text.empty() ? chosen->public_text : ReasonPhrase(status));
  text += '\n';
  if (w.Write(text)) w.Abort();
}

}  // namespace weft
