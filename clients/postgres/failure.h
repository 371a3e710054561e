// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_FAILURE_H_
#define WEFT_CLIENTS_POSTGRES_FAILURE_H_

#include <string>
#include <string_view>

#include <weft/concurrency/error.h>

namespace weft::postgres {

// The server's error for a statement: err.As<postgres::Failure>().
//
//   const auto* failure = err.As<weft::postgres::Failure>();
//   if (failure != nullptr && failure->constraint == "users_email_key") {
//     return weft::HttpError(409, "this address is taken");
//   }
//
// A handler that returns such an Error responds with 500. Calls that did not reach the server, or
// lost the connection, carry a ClientFailure, and also this if the server has given a reason. They
// are kUnavailable (503). A statement that exceeded statement_timeout is kUpstreamTimeout (504).
// One for which the server has no disk space or memory (class 53) is kUnavailable.
struct [[gnu::visibility("default")]] Failure {
  // Five characters (appendix A of PostgreSQL's manual); empty: the server has said nothing.
  std::string sqlstate;
  std::string constraint;  // the name of the violated constraint
  std::string table, detail;
  // The connection was lost in COMMIT, so it is not known whether the transaction was committed.
  bool commit_unknown = false;
};

// The values of sqlstate that programs check most often.
inline constexpr std::string_view kUniqueViolation = "23505";
inline constexpr std::string_view kForeignKeyViolation = "23503";
inline constexpr std::string_view kSerializationFailure = "40001";
inline constexpr std::string_view kDeadlockDetected = "40P01";

// Whether the server has rejected a statement with this sqlstate.
bool IsSqlState(const Error& error, std::string_view sqlstate);

}  // namespace weft::postgres

#endif  // WEFT_CLIENTS_POSTGRES_FAILURE_H_
