// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/refusals.h>

#include <algorithm>
#include <cassert>
#include <iterator>
#include <string>
#include <utility>

#include <weft/http/fields.h>
#include <weft/http/internal/http1/response_head_writer.h>
#include <weft/http/status.h>

namespace weft::internal {
namespace {

// 413 is for bodies, which handlers read; it is here for code that rejects them earlier.
constexpr int kStatuses[] = {400, 408, 413, 414, 417, 421, 431, 501, 503, 505};

[[maybe_unused]] bool IsListed(int status) { return std::find(std::begin(kStatuses), std::end(kStatuses), status) != std::end(kStatuses); }

bool CanBeSent(const RefusalBody& body) {
  if (body.content_type.empty()) return false;
  Fields fields;
  fields.Set("Content-Type", body.content_type);
  return fields.Get("Content-Type") == body.content_type;
}

}  // namespace

Refusals::Refusals(const std::function<RefusalBody(int status)>& make) {
  if (!make) return;
  for (const int status : kStatuses) {
    RefusalBody body = make(status);
    if (CanBeSent(body)) rows_.push_back({status, std::move(body)});
  }
}

std::size_t Refusals::Write(char* out, std::size_t capacity, int status, std::string_view reason, std::string_view date_line,
                            int retry_after, bool method_is_head) const {
  assert(IsListed(status));
  for (const auto& [its, body] : rows_) {
    if (its != status) continue;
    return WriteErrorResponse(out, capacity, {status, body.content_type, body.text, date_line, retry_after, method_is_head});
  }
  return WriteSimpleError(out, capacity, status, reason, date_line, retry_after, method_is_head);
}

RefusalBody Refusals::For(int status, std::string_view reason) const {
  assert(IsListed(status));
  for (const auto& [its, body] : rows_) {
    if (its == status) return body;
  }
  std::string text = std::to_string(status) + ' ';
  text.append(ReasonPhrase(status)).append(reason.empty() ? "" : ": ").append(reason).append("\n");
  return {"text/plain; charset=utf-8", std::move(text)};
}

}  // namespace weft::internal
