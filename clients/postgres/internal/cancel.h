// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_CANCEL_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_CANCEL_H_

#include <libpq-fe.h>

#include <weft/clients/postgres/internal/cancel_tls.h>
#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>

namespace weft::postgres::internal {

// Asks the server to end the statement of `connection`, by a second connection, and waits until the server has closed that: then its
// process has the signal, and what it reads next is not hit any more. At most for `bound`, in real time. PQcancel, which blocks its thread and
// knows no bound, is not called.
//
// `in_doubt` is set while a packet is under way: if it stays set, the signal may come at any time, and the connection is of no more use.
Error SendCancel(const Context& ctx, CancelTls& tls, PGconn* connection, Duration bound, bool& in_doubt);

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_CANCEL_H_
