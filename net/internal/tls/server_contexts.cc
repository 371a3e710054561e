// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/tls/server_contexts.h>

#include <weft/net/internal/tls/openssl.h>

namespace weft::internal {

ServerContexts::ServerContexts() = default;

ServerContexts::~ServerContexts() {
  for (SSL_CTX* ctx : contexts) SSL_CTX_free(ctx);
}

}  // namespace weft::internal
