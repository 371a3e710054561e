// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_TLS_CLIENT_CONTEXT_H_
#define WEFT_NET_INTERNAL_TLS_CLIENT_CONTEXT_H_

#include <memory>
#include <string>

#include <weft/concurrency/error.h>
#include <weft/net/tls_options.h>

struct ssl_ctx_st;

namespace weft::internal {

// What all connections of one client share: whom it trusts, and what it presents. Does not change;
// from any thread.
struct ClientContext {
  // Errors are as those of Tls::Load: the file, what is wrong, what to do.
  static Result<std::shared_ptr<const ClientContext>> Load(const TlsClientOptions& options);

  ClientContext() = default;
  ~ClientContext();
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  ssl_ctx_st* ctx = nullptr;  // owned
  std::string server_name;    // of the options: for all connections
  bool verify = true;
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_TLS_CLIENT_CONTEXT_H_
