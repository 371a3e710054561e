// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_CANCEL_TLS_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_CANCEL_TLS_H_

#include <memory>

#include <weft/clients/postgres/internal/cancel_layer.h>

namespace weft::postgres::internal {

// Verifies the server as sslmode and sslrootcert of the connection ask for: a man in the middle must not get the key. A build without
// TLS has cancel_without_tls.cc in its place, and its Send fails, so that the connection is closed instead.
std::unique_ptr<CancelLayer> MakeTlsLayer(PGconn* connection, int fd);

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_CANCEL_TLS_H_
