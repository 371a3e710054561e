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

// The versions of TLS that weft supports: RFC 5246 and RFC 8446. Older ones are rejected (RFC
// 8996).
enum class TlsVersion : std::uint8_t { k12, k13 };

// The name: "TLSv1.2" or "TLSv1.3".
constexpr std::string_view TlsVersionName(TlsVersion version) {
  return version == TlsVersion::k12 ? "TLSv1.2" : "TLSv1.3";
}

// The contents of a certificate: one of a server's own, or one that a peer has presented.
struct CertificateInfo {
  std::string subject;  // as in RFC 4514: "CN=billing,O=Example"
  std::string issuer;
  std::string serial;  // in hexadecimal digits, as `openssl x509 -serial` writes it

  // The subject's alternative names (RFC 5280 section 4.2.1.6), in the order of the certificate.
  std::vector<std::string> dns_names;     // "example.com", "*.example.com"
  std::vector<std::string> ip_addresses;  // "192.0.2.1", "2001:db8::1"
  std::vector<std::string> emails;
  std::vector<std::string> uris;  // "spiffe://example.com/billing"

  // No client accepts it before the first or after the second. The second is a good metric.
  std::chrono::system_clock::time_point not_before;
  std::chrono::system_clock::time_point not_after;

  std::string sha256;  // The fingerprint of the whole certificate: 64 lowercase hexadecimal digits.
  std::string pem;     // the certificate itself, as text
  // For a server's own: the file, or which text of the options. Otherwise empty.
  std::string source;
};

// What was negotiated for one connection. It does not change while the connection lasts.
//
//   const weft::TlsInfo* tls = r.Tls();
//   const bool known = tls != nullptr && tls->peer_certificate.has_value();
//   const std::string who = known ? tls->peer_certificate->subject : "anybody";
struct TlsInfo {
  TlsVersion version = TlsVersion::k13;
  // IANA's name, such as "TLS_AES_256_GCM_SHA384". Valid as long as the process.
  std::string_view cipher;
  std::string alpn;         // the negotiated protocol (RFC 7301); empty: none
  std::string server_name;  // the name that the client asked for (RFC 6066 section 3); empty: none
  bool resumed = false;     // whether the keys come from an earlier connection, by a ticket

  // The certificate that the other side has presented. A client's was verified: a client whose
  // certificate is not valid is rejected earlier. After a resumption it is the one of the first
  // connection. Empty: the client presented none, or was not asked (ClientAuth).
  std::optional<CertificateInfo> peer_certificate;
};

}  // namespace weft

#endif  // WEFT_NET_TLS_INFO_H_
