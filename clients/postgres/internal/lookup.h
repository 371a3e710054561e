// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_LOOKUP_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_LOOKUP_H_

#include <string>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>

namespace weft::postgres::internal {

// The addresses of a host, in the order in which they are to be tried.
Result<std::vector<std::string>> LookUp(const Context& ctx, const std::string& host);

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_LOOKUP_H_
