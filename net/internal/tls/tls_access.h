// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_TLS_TLS_ACCESS_H_
#define WEFT_NET_INTERNAL_TLS_TLS_ACCESS_H_

#include <memory>

#include <weft/net/internal/tls/tls_state.h>
#include <weft/net/tls.h>

namespace weft::internal {

// How weft's own code gets from the handle to its state.
struct TlsAccess {
  // What a connection that begins now uses, for as long as it lasts.
  static std::shared_ptr<const ServerContexts> Current(const Tls& tls) {
    return tls.state_->Current();
  }
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_TLS_TLS_ACCESS_H_
