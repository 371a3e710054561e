// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_ERROR_OF_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_ERROR_OF_H_

#include <libpq-fe.h>

#include <string>
#include <string_view>

#include <weft/clients/postgres/failure.h>
#include <weft/concurrency/error.h>

namespace weft::postgres::internal {

// What a server has said against a statement; `lost`: the connection is lost with it.
Error OfResult(const PGresult* result, const std::string& origin, bool lost);
// Why no connection came about, by libpq's message, which it was told to make verbose: the sqlstate is nowhere else.
Error OfConnect(std::string message, const std::string& origin);
Error ConnectTimedOut(const std::string& origin, std::string_view detail);
// The pool has none, by its own limits.
Error OfAcquire(const Error& refusal, const std::string& origin);
// The connection was lost before COMMIT was sent.
Error NotCommitted(const Failure& farewell, const std::string& origin);
// The connection was lost in COMMIT, or given up.
Error CommitUnknown(const Error& cause, const std::string& origin);

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_ERROR_OF_H_
