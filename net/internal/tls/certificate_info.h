// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_TLS_CERTIFICATE_INFO_H_
#define WEFT_NET_INTERNAL_TLS_CERTIFICATE_INFO_H_

#include <string>
#include <vector>

#include <weft/net/internal/tls/openssl.h>
#include <weft/net/tls_info.h>

namespace weft::internal {

// Everything but `source`.
CertificateInfo DescribeCertificate(X509* certificate);

// The DNS names, or the common name if there is none.
std::vector<std::string> HostNames(const CertificateInfo& info, X509* certificate);

// "2026-03-01 00:00:00 UTC"
std::string TimeText(const ASN1_TIME* time);

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_TLS_CERTIFICATE_INFO_H_
