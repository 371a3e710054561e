// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_TLS_CONTEXT_SETTINGS_H_
#define WEFT_NET_INTERNAL_TLS_CONTEXT_SETTINGS_H_

#include <string_view>
#include <vector>

#include <weft/concurrency/error.h>
#include <weft/net/internal/tls/identity.h>
#include <weft/net/internal/tls/openssl.h>
#include <weft/net/tls_info.h>

namespace weft::internal {

// A context with the settings that servers and clients have in common: versions, ciphers, groups,
// the use of memory.
Result<SslCtxPtr> MakeSslContext(const SSL_METHOD* method, TlsVersion version_min);

// Presents this certificate, in addition to one with another kind of key if there is one.
Error UseIdentity(SSL_CTX* ctx, const Identity& identity);

// Verifies peers by these certificates and no others, whether they are roots or not.
Error TrustOnly(SSL_CTX* ctx, const std::vector<X509Ptr>& cas);

// "OpenSSL refuses the ciphers: REASON"
Error OpensslFailed(std::string_view what);

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_TLS_CONTEXT_SETTINGS_H_
