// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_TLS_SELF_SIGNED_H_
#define WEFT_NET_INTERNAL_TLS_SELF_SIGNED_H_

#include <string>
#include <vector>

#include <weft/concurrency/error.h>
#include <weft/net/tls_options.h>

namespace weft::internal {

// A P-256 key and a certificate for these host names and addresses, valid from an hour ago, for
// clocks that differ, for a year. As text.
Result<TlsCertificate> MakeSelfSigned(const std::vector<std::string>& names);

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_TLS_SELF_SIGNED_H_
