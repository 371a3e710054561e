// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_CLIENT_FAILURE_H_
#define WEFT_NET_CLIENT_FAILURE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include <weft/concurrency/error.h>

namespace weft {

// Why a call to another program failed: what the errors of every client carry.
//
//   if (const weft::ClientFailure* failure = err.As<weft::ClientFailure>(); failure != nullptr && !failure->processed) ...  // send it again
//
// The error Is one of three, so that a handler that returns it gets the right status and its own client is not blamed:
// kUnavailable (503), kUpstreamFailed (502) or kUpstreamTimeout (504). It never Is kTimeout, kMalformed, kTooLarge, kClientGone,
// kRefused or kClosed, which are about the handler's own client. The system's code stays: Is(std::errc::connection_refused).
struct [[gnu::visibility("default")]] ClientFailure {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"  // clang's: three of them are names of Errors, too
  enum Kind : std::uint8_t {
    kResolve,      // there is no such name, or nobody who knows
    kRefused,      // nobody listens there, or an address that is not allowed
    kUnreachable,  // no way there
    kTls,          // no agreement on TLS, or a certificate that is not good
    kBusy,         // the client's own limits: too many calls at once
    kReset,        // the connection broke
    kEnded,        // the connection ended before the response did
    kTimedOut,     // no connection or no response in time
    kStalled,      // it began, and went on too slowly
    kMalformed,    // what came is no response
    kTooLarge,     // the response is above a limit
    kStatus,       // a response that says so itself
  };
#pragma GCC diagnostic pop

  Kind kind;
  // The other side may have acted on the call. False: it has not, and the call may be sent again, whatever it is.
  bool processed;
  std::string origin;  // "postgres://db.internal:5432"
  std::string detail;  // "certificate has expired"; for logs, never for users
};

// "connection refused", "response malformed".
std::string_view Describe(ClientFailure::Kind kind) noexcept;

// The error of a client: "redis://cache.internal:6379: connection refused: 10.0.0.7:6379". Of `cause` only the system's code stays, if it has
// one. The first has kUnavailable for kBusy, kUpstreamTimeout for kTimedOut and kStalled, kUpstreamFailed for all others; in the
// second the caller chooses: a database that was never reached is kUnavailable.
Error MakeClientFailure(ClientFailure failure, const Error& cause = {});
Error MakeClientFailure(Errc verdict, ClientFailure failure, const Error& cause = {});

}  // namespace weft

#endif  // WEFT_NET_CLIENT_FAILURE_H_
