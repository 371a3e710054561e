// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_TLS_IDENTITY_H_
#define WEFT_NET_INTERNAL_TLS_IDENTITY_H_

#include <string>
#include <string_view>
#include <vector>

#include <weft/concurrency/error.h>
#include <weft/net/internal/tls/openssl.h>
#include <weft/net/internal/tls/pem_source.h>
#include <weft/net/tls_options.h>

namespace weft::internal {

// Who one side is: a certificate, those between it and the root, and the key.
struct Identity {
  std::vector<X509Ptr> chain;  // at least one; the first is its own
  KeyPtr key;
  std::string source;  // "certificate file fullchain.pem"

  X509* Certificate() const { return chain.front().get(); }
};

// Reads and checks: everything that would make a handshake fail later, or clients turn away.
// `field` is what errors call the option, "certificates[0]".
Result<Identity> LoadIdentity(const TlsCertificate& files, std::string_view field);

// Certificates, one after the other, at least one. Errors speak of the source.
Result<std::vector<X509Ptr>> ParseCertificates(const PemSource& source);

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_TLS_IDENTITY_H_
