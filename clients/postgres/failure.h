// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_FAILURE_H_
#define WEFT_CLIENTS_POSTGRES_FAILURE_H_

#include <string>
#include <string_view>

#include <weft/concurrency/error.h>

namespace weft::postgres {

// What the server has said against a statement: err.As<postgres::Failure>().
//
//   if (const auto* failure = err.As<weft::postgres::Failure>(); failure != nullptr && failure->constraint == "users_email_key") {
//     return weft::HttpError(409, "this address is taken");
//   }
//
// A handler that returns such an Error responds with 500. Calls that did not reach the server, or
// lost it, carry a ClientFailure, with this beside it where the server has said why: they are
// kUnavailable (503). A statement that ran into statement_timeout is kUpstreamTimeout (504); one for
// which the server has no disk or no memory (class 53) is kUnavailable.
struct [[gnu::visibility("default")]] Failure {
  std::string sqlstate;    // five characters (appendix A of PostgreSQL's manual); empty: no word from the server
  std::string constraint;  // the name of the one that was violated
  std::string table, detail;
  // The connection was lost in COMMIT: whether the transaction has happened is not known.
  bool commit_unknown = false;
};

// The values of sqlstate that programs ask for most.
inline constexpr std::string_view kUniqueViolation = "23505";
inline constexpr std::string_view kForeignKeyViolation = "23503";
inline constexpr std::string_view kSerializationFailure = "40001";
inline constexpr std::string_view kDeadlockDetected = "40P01";

// Whether the server has rejected a statement with this sqlstate.
bool IsSqlState(const Error& error, std::string_view sqlstate);

}  // namespace weft::postgres

#endif  // WEFT_CLIENTS_POSTGRES_FAILURE_H_
