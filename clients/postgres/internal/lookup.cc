// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/internal/lookup.h>

#include <weft/concurrency/await.h>

namespace weft::postgres::internal {

Result<std::vector<std::string>> LookUp(const Context& ctx, const std::string& host) {
  auto endpoints = Resolve(ctx, host, "postgresql");
  if (Error err = endpoints.Err()) return err;
  std::vector<std::string> addresses;
  for (const auto& endpoint : *endpoints) addresses.push_back(endpoint.address().to_string());
  return addresses;
}

}  // namespace weft::postgres::internal
