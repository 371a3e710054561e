// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_TLS_SESSION_DATA_H_
#define WEFT_NET_INTERNAL_TLS_SESSION_DATA_H_

struct ssl_session_st;

namespace weft::internal {

class AlpnList;

// What OpenSSL's callbacks find in a connection (its "application data").
struct SessionData {
  const AlpnList* alpn = nullptr;  // of the server's side; lent
  ssl_session_st* ticket =
      nullptr;  // of the client's side: the last one that the server has given; owned
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_TLS_SESSION_DATA_H_
