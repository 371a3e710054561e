// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_ERROR_OF_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_ERROR_OF_H_

#include <libpq-fe.h>

#include <string>
#include <string_view>

#include <weft/clients/postgres/failure.h>
#include <weft/concurrency/error.h>

namespace weft::postgres::internal {

// Why a statement failed. `farewell`, if not null: the connection was lost with it. What the server said at its end is the reason
// if the result itself has none.
Error OfResult(const PGresult* result, const std::string& origin, const Failure* farewell);
// Why no connection came about, by libpq's message, which was set to be verbose: the sqlstate is nowhere else.
Error OfConnect(std::string message, const std::string& origin);
Error ConnectTimedOut(const std::string& origin, std::string_view detail);
// The pool has none, by its own limits.
Error OfAcquire(const Error& refusal, const std::string& origin);
// The connection was lost before `what` was sent: "COMMIT".
Error LostBefore(std::string what, const Failure& farewell, const std::string& origin);
// The connection was lost while the statement was being prepared, which has no effect.
Error LostWhilePreparing(const Error& cause);
// The connection was lost in COMMIT, or given up.
Error CommitUnknown(const Error& cause, const std::string& origin);

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_ERROR_OF_H_
