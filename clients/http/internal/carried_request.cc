// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/carried_request.h>

#include <utility>

#include <weft/clients/http/internal/wire.h>

namespace weft::internal {

Error CarriedRequest::Failure(ClientFailure::Kind kind, std::string detail, const Error& cause) const {
  return MakeClientFailure({kind, sent_any, url.origin, std::move(detail)}, cause);
}

Error CarriedRequest::Failed(const Context& ctx, const Error& error, const char* detail) const {
  if (head_late) return Failure(ClientFailure::kTimedOut, detail);
  if (Error err = ctx.Err()) return err.Wrap(method + " " + url.Shown());
  if (error.Is(ClientWire::Stalled())) return Failure(ClientFailure::kStalled, detail);
  if (error.Is(kTimeout)) return Failure(ClientFailure::kTimedOut, detail);
  return Failure(ClientFailure::kReset, std::string(detail) + ": " + error.Message(), error);
}

}  // namespace weft::internal
