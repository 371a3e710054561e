// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_CLIENT_FAILURE_H_
#define WEFT_NET_CLIENT_FAILURE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include <weft/concurrency/error.h>

namespace weft {

// Why a call to another program failed. The errors of all clients carry one:
//
//   if (const auto* failure = err.As<weft::ClientFailure>(); failure && !failure->processed) {
//     return SendAgain(ctx);
//   }
//
// The error Is one of three, so that a handler that returns it responds with the right status and
// does not blame its own client: kUnavailable (503), kUpstreamFailed (502) or kUpstreamTimeout
// (504). It never Is kTimeout, kMalformed, kTooLarge, kClientGone, kRefused or kClosed, which are
// about the handler's own client. The system's code is kept, as in
// Is(std::errc::connection_refused).
struct [[gnu::visibility("default")]] ClientFailure {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"  // clang: three of the names are also names of Errors
  enum Kind : std::uint8_t {
    kResolve,      // the name does not exist, or no server knows it
    kRefused,      // nothing listens there, or the address is not allowed
    kUnreachable,  // there is no route to it
    kTls,          // no agreement on TLS, or a certificate that is not valid
    kBusy,         // the client's own limits: too many calls at once
    kReset,        // the connection was reset
    kEnded,        // the connection ended before the response did
    kTimedOut,     // no connection, or no response, in time
    kStalled,      // it started, and then made too little progress
    kMalformed,    // what arrived is not a response
    kTooLarge,     // the response exceeds a limit
    kStatus,       // a response that itself reports a failure
  };
#pragma GCC diagnostic pop

  Kind kind;
  // Whether the other side may have acted on the call. False: it has not, so any call may be sent
  // again.
  bool processed;
  std::string origin;  // "postgres://db.internal:5432"
  std::string detail;  // "certificate has expired"; for logs, never for users
};

// A description such as "connection refused" or "response malformed".
std::string_view Describe(ClientFailure::Kind kind) noexcept;

// Makes the error of a client: "redis://cache.internal:6379: connection refused: 10.0.0.7:6379". Of
// `cause`, only the system's code is kept, if it has one. The first form chooses kUnavailable for
// kBusy, kUpstreamTimeout for kTimedOut and kStalled, and kUpstreamFailed for all others. In the
// second one the caller chooses; for example, a database that was never reached is kUnavailable.
Error MakeClientFailure(ClientFailure failure, const Error& cause = {});
Error MakeClientFailure(Errc verdict, ClientFailure failure, const Error& cause = {});

}  // namespace weft

#endif  // WEFT_NET_CLIENT_FAILURE_H_
