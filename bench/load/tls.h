// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_BENCH_LOAD_TLS_H_
#define WEFT_BENCH_LOAD_TLS_H_

#include <sys/types.h>

#include <cstddef>

struct ssl_st;

namespace weft::bench {

// TLS 1.3 over a connected socket, by OpenSSL; any certificate is good. TLS_AES_128_GCM_SHA256 and X25519, so that all
// servers do the same work.

// Before the socket becomes non-blocking: the handshake, for HTTP/1.1 or HTTP/2. Ends the program if it fails.
ssl_st* StartTls(int fd, bool http2 = false);
// On a non-blocking socket: the same in steps, one for each event, until it is done or has failed.
enum class TlsStep { kWaits, kDone, kFailed };
ssl_st* BeginTls(int fd, bool http2 = false);
TlsStep StepTls(ssl_st* tls);
void EndTls(ssl_st* tls);
// As send and recv on a non-blocking socket, with their errno.
ssize_t SendTls(ssl_st* tls, const char* bytes, std::size_t size);
ssize_t ReceiveTls(ssl_st* tls, char* buffer, std::size_t size);

}  // namespace weft::bench

#endif  // WEFT_BENCH_LOAD_TLS_H_
