// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/tls/client_context.h>

#include <utility>
#include <vector>

#include <weft/net/internal/tls/context_settings.h>
#include <weft/net/internal/tls/identity.h>
#include <weft/net/internal/tls/session_data.h>

namespace weft::internal {
namespace {

// A ticket of TLS 1.3 comes at any time after the handshake, and is good once (RFC 8446 appendix
// C.4): the last one is kept.
int KeepTicket(SSL* ssl, SSL_SESSION* ticket) {
  auto* const data = static_cast<SessionData*>(SSL_get_app_data(ssl));
  SSL_SESSION_free(std::exchange(data->ticket, ticket));
  return 1;
}

bool IsSet(const TlsCertificate& one) {
  return !one.certificate_file.empty() || !one.certificate_pem.empty() || !one.key_file.empty() ||
         !one.key_pem.empty();
}

Error TrustSome(SSL_CTX* ctx, const TlsClientOptions& options) {
  if (options.insecure_skip_verify) return {};
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
  if (options.ca_file.empty() && options.ca_pem.empty()) {
    return SSL_CTX_set_default_verify_paths(ctx) == 1
               ? Error()
               : OpensslFailed("certificates that the system trusts");
  }
  Result<PemSource> source = ReadPem("CA file", "ca", options.ca_file, options.ca_pem);
  if (Error err = source.Err()) return err;
  Result<std::vector<X509Ptr>> cas = ParseCertificates(*source);
  if (Error err = cas.Err()) return err;
  return TrustOnly(ctx, *cas);
}

}  // namespace

ClientContext::~ClientContext() {
  SSL_CTX_free(ctx);
}

Result<std::shared_ptr<const ClientContext>> ClientContext::Load(const TlsClientOptions& options) {
  Result<SslCtxPtr> made = MakeSslContext(TLS_client_method(), TlsVersion::k12);
  if (Error err = made.Err()) return err;
  if (Error err = TrustSome(made->get(), options)) return err;
  if (IsSet(options.certificate)) {
    Result<Identity> identity = LoadIdentity(options.certificate, "certificate");
    if (Error err = identity.Err()) return err;
    if (Error err = UseIdentity(made->get(), *identity)) return err;
  }
  SSL_CTX_set_session_cache_mode(made->get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(made->get(), &KeepTicket);
  auto context = std::make_shared<ClientContext>();
  context->ctx = made->release();
  context->server_name = options.server_name;
  context->verify = !options.insecure_skip_verify;
  return std::shared_ptr<const ClientContext>(std::move(context));
}

}  // namespace weft::internal
