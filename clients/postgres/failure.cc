// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/failure.h>

namespace weft::postgres {

bool IsSqlState(const Error& error, std::string_view sqlstate) {
  const auto* failure = error.As<Failure>();
  return failure != nullptr && failure->sqlstate == sqlstate;
}

}  // namespace weft::postgres
