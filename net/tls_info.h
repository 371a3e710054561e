// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_TLS_INFO_H_
#define WEFT_NET_TLS_INFO_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

// The versions of the protocol that weft speaks: RFC 5246 and RFC 8446. What is older is refused
// (RFC 8996).
enum class TlsVersion : std::uint8_t { k12, k13 };

// "TLSv1.2" or "TLSv1.3".
constexpr std::string_view TlsVersionName(TlsVersion version) {
  return version == TlsVersion::k12 ? "TLSv1.2" : "TLSv1.3";
}

// What a certificate says: one of a server's own, or one that a peer has shown.
struct CertificateInfo {
  std::string subject;  // as in RFC 4514: "CN=billing,O=Example"
  std::string issuer;
  std::string serial;  // in hexadecimal digits, as `openssl x509 -serial` writes it

  // The alternative names of the subject (RFC 5280 section 4.2.1.6), in the certificate's order.
  std::vector<std::string> dns_names;     // "example.com", "*.example.com"
  std::vector<std::string> ip_addresses;  // "192.0.2.1", "2001:db8::1"
  std::vector<std::string> emails;
  std::vector<std::string> uris;  // "spiffe://example.com/billing"

  // No client takes it before or after these. The second is one for a metric.
  std::chrono::system_clock::time_point not_before;
  std::chrono::system_clock::time_point not_after;

  std::string sha256;  // fingerprint of the whole certificate: 64 lower-case hexadecimal digits
  std::string pem;     // the certificate itself, as text
  std::string source;  // of a server's own: the file, or which text of the options; else empty
};

// What was agreed on for one connection. It does not change as long as the connection lasts.
struct TlsInfo {
  TlsVersion version = TlsVersion::k13;
  std::string_view cipher;  // IANA's name: "TLS_AES_256_GCM_SHA384"; valid as long as the process
  std::string alpn;         // the protocol that was agreed on (RFC 7301); empty: none
  std::string server_name;  // whom the client asked for (RFC 6066 section 3); empty: nobody
  bool resumed = false;     // the keys come from an earlier connection, by a ticket

  // The certificate that the other side has shown. A client's is verified: one whose certificate is
  // not good is refused before. It is there also after a resumption, as it was in the first
  // connection. Empty: the client has shown none, or was not asked (ClientAuth).
  std::optional<CertificateInfo> peer_certificate;
};

}  // namespace weft

#endif  // WEFT_NET_TLS_INFO_H_
