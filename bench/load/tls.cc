// SPDX-License-Identifier: Apache-2.0
#include "load/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cstdio>
#include <cstdlib>

namespace weft::bench {
namespace {

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "%s failed\n", what);
  ERR_print_errors_fp(stderr);
  std::exit(1);
}

SSL_CTX* MakeContext() {
  SSL_CTX* const ctx = SSL_CTX_new(TLS_client_method());
  if (ctx == nullptr) Fail("SSL_CTX_new");
  SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
  SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256");
  SSL_CTX_set1_groups_list(ctx, "X25519");
  SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return ctx;
}

ssize_t Result(SSL* tls, int outcome, std::size_t count) {
  if (outcome == 1) return static_cast<ssize_t>(count);
  switch (SSL_get_error(tls, outcome)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: errno = EAGAIN; return -1;
    case SSL_ERROR_ZERO_RETURN: return 0;
    default: errno = ECONNRESET; return -1;
  }
}

}  // namespace

ssl_st* BeginTls(int fd, bool http2) {
  static SSL_CTX* const ctx = MakeContext();
  SSL* const tls = SSL_new(ctx);
  static const unsigned char kHttp11[] = "\x08http/1.1";
  if (tls == nullptr || SSL_set_fd(tls, fd) != 1) Fail("SSL_new");
  static const unsigned char kHttp2[] = "\x02h2";
  SSL_set_alpn_protos(tls, http2 ? kHttp2 : kHttp11, http2 ? sizeof kHttp2 - 1 : sizeof kHttp11 - 1);
  SSL_set_tlsext_host_name(tls, "localhost");
  SSL_set_connect_state(tls);
  return tls;
}

TlsStep StepTls(ssl_st* tls) {
  ERR_clear_error();
  const int outcome = SSL_do_handshake(tls);
  if (outcome == 1) return TlsStep::kDone;
  const int error = SSL_get_error(tls, outcome);
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? TlsStep::kWaits : TlsStep::kFailed;
}

ssl_st* StartTls(int fd, bool http2) {
  ssl_st* const tls = BeginTls(fd, http2);
  if (StepTls(tls) != TlsStep::kDone) Fail("the TLS handshake");
  return tls;
}

void EndTls(ssl_st* tls) { SSL_free(tls); }

ssize_t SendTls(ssl_st* tls, const char* bytes, std::size_t size) {
  std::size_t count = 0;
  ERR_clear_error();
  const int outcome = SSL_write_ex(tls, bytes, size, &count);
  return Result(tls, outcome, count);
}

ssize_t ReceiveTls(ssl_st* tls, char* buffer, std::size_t size) {
  std::size_t count = 0;
  ERR_clear_error();
  const int outcome = SSL_read_ex(tls, buffer, size, &count);
  return Result(tls, outcome, count);
}

}  // namespace weft::bench
