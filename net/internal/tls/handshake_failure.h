// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_TLS_HANDSHAKE_FAILURE_H_
#define WEFT_NET_INTERNAL_TLS_HANDSHAKE_FAILURE_H_

#include <cstdint>

namespace weft::internal {

// Why a TLS connection was not established. On the open internet that is noise, so nothing here
// allocates.
struct TlsFailure {
  enum class Kind : std::uint8_t {
    kVersion,          // the peer is too old, or asked for too much
    kNothingShared,    // no cipher, group or signature that both know
    kProtocol,         // of those above TLS, none that both speak (ALPN)
    kPeerCertificate,  // missing, or not good
    kPeerRefused,      // the peer has said why it gives up: usually that it does not trust our
                       // certificate
    kMalformed,        // what arrived violates the protocol
    kClosed,           // the peer has ended the connection in the middle
    kHere,             // something failed on our side, such as memory
  };
  Kind kind = Kind::kMalformed;
  const char* reason = "";  // in OpenSSL's words; lives as long as the process
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_TLS_HANDSHAKE_FAILURE_H_
