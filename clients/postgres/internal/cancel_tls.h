// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_CANCEL_TLS_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_CANCEL_TLS_H_

#include <memory>

#include <weft/clients/postgres/internal/cancel_layer.h>

namespace weft::postgres::internal {

// Whether weft is built with TLS. Otherwise no connection may be over TLS, which libpq may speak without us.
bool SpeaksTls();

// For the cancels of one pool. Verifies the server as sslmode and sslrootcert of the connection ask for: a man in the middle must not get the
// key. A build without TLS has cancel_without_tls.cc in its place.
class CancelTls {
 public:
  CancelTls();
  ~CancelTls();
  CancelTls(const CancelTls&) = delete;
  CancelTls& operator=(const CancelTls&) = delete;

  std::unique_ptr<CancelLayer> MakeLayer(const Context& ctx, PGconn* connection, int fd);

 private:
  struct Trusted;
  const std::unique_ptr<Trusted> trusted_;
};

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_CANCEL_TLS_H_
