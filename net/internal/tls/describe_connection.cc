// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/tls/describe_connection.h>

#include <weft/net/internal/tls/certificate_info.h>

namespace weft::internal {

std::string_view ChosenProtocol(const SSL* ssl) {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

TlsInfo DescribeConnection(SSL* ssl) {
  TlsInfo info;
  info.version = SSL_version(ssl) == TLS1_2_VERSION ? TlsVersion::k12 : TlsVersion::k13;
  info.cipher = SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl));
  info.alpn = ChosenProtocol(ssl);
  if (const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name))
    info.server_name = name;
  info.resumed = SSL_session_reused(ssl) == 1;
  if (X509* const peer = SSL_get0_peer_certificate(ssl))
    info.peer_certificate = DescribeCertificate(peer);
  ERR_clear_error();
  return info;
}

}  // namespace weft::internal
