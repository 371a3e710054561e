// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_TLS_JUDGE_FAILURE_H_
#define WEFT_NET_INTERNAL_TLS_JUDGE_FAILURE_H_

#include <weft/net/internal/tls/handshake_failure.h>
#include <weft/net/internal/tls/openssl.h>

namespace weft::internal {

// What the call that has just failed on this thread has left in its queue of errors; clears it.
TlsFailure JudgeFailure(SSL* ssl);

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_TLS_JUDGE_FAILURE_H_
