// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/tls/judge_failure.h>

namespace weft::internal {
namespace {

using Kind = TlsFailure::Kind;

Kind KindOf(int reason) {
  switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_UNKNOWN_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_INAPPROPRIATE_FALLBACK:
      return Kind::kVersion;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_NO_SUITABLE_GROUPS:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_UNSUPPORTED_ELLIPTIC_CURVE:
      return Kind::kNothingShared;
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return Kind::kProtocol;
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return Kind::kPeerCertificate;
    case ERR_R_MALLOC_FAILURE:
    case ERR_R_INTERNAL_ERROR:
      return Kind::kHere;
    default:
      return reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256
                 ? Kind::kPeerRefused
                 : Kind::kMalformed;
  }
}

}  // namespace

TlsFailure JudgeFailure(SSL* ssl) {
  // The first one: those after it only pass it on.
  const unsigned long code = ERR_peek_error();
  TlsFailure failure{Kind::kHere, "no reason given"};
  if (code != 0) {
    const int reason = ERR_GET_REASON(code);
    failure.kind = KindOf(reason);
    const long verified = SSL_get_verify_result(ssl);
    if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason == SSL_R_CERTIFICATE_VERIFY_FAILED &&
        verified != X509_V_OK) {
      failure.reason = X509_verify_cert_error_string(verified);
    } else if (const char* const text = ERR_reason_error_string(code); text != nullptr) {
      failure.reason = text;
    }
  }
  ERR_clear_error();
  return failure;
}

}  // namespace weft::internal
