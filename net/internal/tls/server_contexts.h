// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_TLS_SERVER_CONTEXTS_H_
#define WEFT_NET_INTERNAL_TLS_SERVER_CONTEXTS_H_

#include <memory>
#include <string_view>
#include <vector>

#include <weft/net/internal/tls/server_names.h>
#include <weft/net/tls_info.h>

struct ssl_ctx_st;

namespace weft::internal {

class TicketKeys;

// The result of one Load or Reload (BuildServerContexts). It never changes, and lives as long as any
// connection that began with it. There is one OpenSSL context for each set of certificates that
// belong together. They differ in nothing else, since a connection that changes to another context
// takes over its certificates and little more.
struct ServerContexts {
  ServerContexts();
  ~ServerContexts();
  ServerContexts(const ServerContexts&) = delete;
  ServerContexts& operator=(const ServerContexts&) = delete;

  ssl_ctx_st* Default() const { return contexts.front(); }
  ssl_ctx_st* For(std::string_view server_name) const { return contexts[names.Find(server_name)]; }

  std::vector<ssl_ctx_st*> contexts;  // owned; at least one
  ServerNames names;                  // to an index of `contexts`
  std::vector<CertificateInfo> certificates;
  std::shared_ptr<TicketKeys> tickets;
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_TLS_SERVER_CONTEXTS_H_
