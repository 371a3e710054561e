// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_CONN_INFO_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_CONN_INFO_H_

#include <libpq-fe.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>

namespace weft::postgres::internal {

using ConnInfo = std::vector<std::pair<std::string, std::string>>;

// The settings of `conninfo`, with the addresses of its hosts next to their names: libpq would block its thread to look them up, and could
// not be called back. A host with several addresses becomes several hosts, which libpq tries in turn.
Result<ConnInfo> ResolveHosts(const Context& ctx, const std::string& conninfo, const std::string& origin);

// How many hosts libpq has to try.
std::size_t HostsOf(const ConnInfo& info);
// Which of them a connection that is being established tries; empty: it is not known.
std::optional<std::size_t> FindHost(const ConnInfo& info, PGconn* connection);
ConnInfo WithoutHost(ConnInfo info, std::size_t index);

// Of the environment; empty where there is none. PQconndefaults would ask the system who the user is, and read files, on a loop.
std::string Variable(const char* name);

// What is wrong with this sslmode, in a build of weft with TLS or without.
Error CheckSslMode(std::string_view mode, bool speaks_tls);

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_CONN_INFO_H_
