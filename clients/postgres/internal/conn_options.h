// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_CONN_OPTIONS_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_CONN_OPTIONS_H_

#include <libpq-fe.h>

#include <memory>

namespace weft::postgres::internal {

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
// What libpq makes of a conninfo; the entry without a keyword is the end.
using ConnOptions = std::unique_ptr<PQconninfoOption, FreeOptions>;

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_CONN_OPTIONS_H_
