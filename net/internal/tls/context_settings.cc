// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/tls/context_settings.h>

#include <string>

namespace weft::internal {
namespace {

// Forward secrecy and AEAD. For TLS 1.3, OpenSSL's own list is used.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
// The fast ones first. The others are for peers that have no choice, and for certificates with such keys under TLS 1.2.
constexpr const char* kGroups = "X25519:P-256:P-384:P-521";
constexpr const char* kGroupsWithMlKem =
    "X25519MLKEM768:X25519:P-256:P-384:P-521";  // OpenSSL 3.5 and later

constexpr int kSecurityLevel = 2;  // 112 bits; the default on Debian, but not everywhere

bool SetGroups(SSL_CTX* ctx) {
  if (SSL_CTX_set1_groups_list(ctx, kGroupsWithMlKem) == 1) return true;
  ERR_clear_error();
  return SSL_CTX_set1_groups_list(ctx, kGroups) == 1;
}

}  // namespace

Error OpensslFailed(std::string_view what) {
  return Error::New("OpenSSL refuses the " + std::string(what) + ": " + LastReason());
}

Result<SslCtxPtr> MakeSslContext(const SSL_METHOD* method, TlsVersion version_min) {
  ERR_clear_error();
  SslCtxPtr owner(SSL_CTX_new(method));
  SSL_CTX* const ctx = owner.get();
  if (ctx == nullptr) return OpensslFailed("new context");
  SSL_CTX_set_security_level(ctx, kSecurityLevel);
  SSL_CTX_set_min_proto_version(ctx,
                                version_min == TlsVersion::k13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  if (SSL_CTX_set_cipher_list(ctx, kCiphers) != 1) return OpensslFailed("ciphers");
  if (!SetGroups(ctx)) return OpensslFailed("groups");
  // After a bare FIN, the other direction continues. The server chooses the cipher, and takes ChaCha20 for clients that prefer
  // it.
  SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_PRIORITIZE_CHACHA);
  // An idle connection keeps no buffers. Chains are sent as they are in the file, and not completed
  // from what is trusted.
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  // One call of the BIO for a record, instead of one for its head and one for the rest: RecordReader
  // never returns more than one record.
  SSL_CTX_set_read_ahead(ctx, 1);
  return owner;
}

Error UseIdentity(SSL_CTX* ctx, const Identity& identity) {
  ERR_clear_error();
  if (SSL_CTX_use_certificate(ctx, identity.Certificate()) != 1)
    return OpensslFailed("certificate of " + identity.source);
  if (SSL_CTX_use_PrivateKey(ctx, identity.key.get()) != 1)
    return OpensslFailed("key of " + identity.source);
  for (std::size_t i = 1; i < identity.chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(ctx, identity.chain[i].get()) != 1)
      return OpensslFailed("chain of " + identity.source);
  }
  return {};
}

Error TrustOnly(SSL_CTX* ctx, const std::vector<X509Ptr>& cas) {
  X509_STORE* const store = SSL_CTX_get_cert_store(ctx);
  for (const X509Ptr& ca : cas) {
    if (X509_STORE_add_cert(store, ca.get()) != 1) return OpensslFailed("CA");
  }
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  return {};
}

}  // namespace weft::internal
