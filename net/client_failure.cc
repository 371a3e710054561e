// SPDX-License-Identifier: Apache-2.0
#include <weft/net/client_failure.h>

#include <memory>
#include <utility>
#include <vector>

namespace weft {
namespace {

struct Payload {
  ClientFailure failure;
  std::vector<Error> system;  // at most one
};

// The system's first error code. An error of weft's own would make this look like a failure of the caller's own client.
std::error_code SystemCode(const Error& cause) {
  const std::error_code code = cause.Code();
  return code.category() == ErrorCategory() ? std::error_code() : code;
}

Errc VerdictOf(ClientFailure::Kind kind) {
  switch (kind) {
    case ClientFailure::kBusy: return Errc::kUnavailable;
    case ClientFailure::kTimedOut:
    case ClientFailure::kStalled: return Errc::kUpstreamTimeout;
    default: return Errc::kUpstreamFailed;
  }
}

}  // namespace

std::string_view Describe(ClientFailure::Kind kind) noexcept {
  switch (kind) {
    case ClientFailure::kResolve: return "name not resolved";
    case ClientFailure::kRefused: return "connection refused";
    case ClientFailure::kUnreachable: return "unreachable";
    case ClientFailure::kTls: return "TLS failed";
    case ClientFailure::kBusy: return "too many calls at once";
    case ClientFailure::kReset: return "connection lost";
    case ClientFailure::kEnded: return "connection ended early";
    case ClientFailure::kTimedOut: return "no response in time";
    case ClientFailure::kStalled: return "stalled";
    case ClientFailure::kMalformed: return "response malformed";
    case ClientFailure::kTooLarge: return "response too large";
    case ClientFailure::kStatus: return "status";
  }
  return "failed";
}

Error MakeClientFailure(ClientFailure failure, const Error& cause) {
  const Errc verdict = VerdictOf(failure.kind);
  return MakeClientFailure(verdict, std::move(failure), cause);
}

Error MakeClientFailure(Errc verdict, ClientFailure failure, const Error& cause) {
  std::string message = failure.origin;
  message.append(": ").append(Describe(failure.kind));
  if (!failure.detail.empty()) message.append(": ").append(failure.detail);
  auto payload = std::make_shared<Payload>();
  payload->failure = std::move(failure);
  if (const std::error_code code = SystemCode(cause)) payload->system.emplace_back(code);
  const std::vector<Error>* joined = payload->system.empty() ? nullptr : &payload->system;
  const ClientFailure* shown = &payload->failure;
  return internal::MakeTypedError(std::move(message), std::shared_ptr<const void>(std::move(payload), shown),
                                  &internal::kTypeTag<ClientFailure>, verdict, joined);
}

}  // namespace weft
