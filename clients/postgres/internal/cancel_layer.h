// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_CANCEL_LAYER_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_CANCEL_LAYER_H_

#include <memory>
#include <string_view>

#include <weft/clients/postgres/internal/wire.h>

namespace weft::postgres::internal {

// How a cancel travels: in plain text, or over TLS, so that no one on the way can read the key and cancel with it later.
class CancelLayer {
 public:
  virtual ~CancelLayer() = default;
  virtual Error Send(std::string_view packet, Waits& waits) = 0;
  // Until the server has closed its side.
  virtual Error AwaitEnd(Waits& waits) = 0;
};

std::unique_ptr<CancelLayer> MakePlainLayer(int fd);
// One byte of the server's; an error at its end.
Result<char> ReceiveByte(int fd, Waits& waits);

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_CANCEL_LAYER_H_
