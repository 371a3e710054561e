// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/options.h>

#include <weft/clients/postgres/internal/conn_options.h>

namespace weft::postgres {

Error Validate(const PoolOptions& options) {
  char* message = nullptr;
  const internal::ConnOptions parsed(PQconninfoParse(options.conninfo.c_str(), &message));
  if (parsed == nullptr) {
    std::string text = message != nullptr ? message : "out of memory";
    PQfreemem(message);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return Error::New("PoolOptions::conninfo: " + text);
  }
  if (options.connections_max == 0) return Error::New("PoolOptions::connections_max: a pool of no connections");
  if (options.statements_max == 0) return Error::New("PoolOptions::statements_max: must be at least 1; prepare = false prepares none");
  return {};
}

}  // namespace weft::postgres
