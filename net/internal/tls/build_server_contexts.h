// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_TLS_BUILD_SERVER_CONTEXTS_H_
#define WEFT_NET_INTERNAL_TLS_BUILD_SERVER_CONTEXTS_H_

#include <memory>
#include <string>
#include <vector>

#include <weft/concurrency/error.h>
#include <weft/net/internal/tls/server_contexts.h>
#include <weft/net/tls_options.h>

namespace weft::internal {

// Reads and checks everything that the options name. `self_signed`: the names of a certificate to make
// instead, or empty. `tickets`: the keys in memory to continue with, or null; the file that the options name takes their place.
// Errors: those of Tls::Load.
Result<std::shared_ptr<const ServerContexts>> BuildServerContexts(
    const TlsServerOptions& options, const std::vector<std::string>& self_signed,
    std::shared_ptr<TicketKeys> tickets);

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_TLS_BUILD_SERVER_CONTEXTS_H_
