// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_TLS_DESCRIBE_CONNECTION_H_
#define WEFT_NET_INTERNAL_TLS_DESCRIBE_CONNECTION_H_

#include <string_view>

#include <weft/net/internal/tls/openssl.h>
#include <weft/net/tls_info.h>

namespace weft::internal {

// After the handshake.
TlsInfo DescribeConnection(SSL* ssl);
std::string_view ChosenProtocol(const SSL* ssl);

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_TLS_DESCRIBE_CONNECTION_H_
