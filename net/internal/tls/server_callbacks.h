// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_TLS_SERVER_CALLBACKS_H_
#define WEFT_NET_INTERNAL_TLS_SERVER_CALLBACKS_H_

#include <weft/net/internal/tls/openssl.h>
#include <weft/net/internal/tls/server_contexts.h>

namespace weft::internal {

// What OpenSSL asks during a server's handshake: which certificate to use for a name, which of the
// protocols that the client offers, which key for a ticket, and whether a ticket is still valid.
// `contexts` outlives `ctx` and its connections.
void SetServerCallbacks(SSL_CTX* ctx, const ServerContexts& contexts);

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_TLS_SERVER_CALLBACKS_H_
