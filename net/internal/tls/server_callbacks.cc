// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/tls/server_callbacks.h>

#include <openssl/core_names.h>
#include <openssl/rand.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>
#include <string_view>

#include <weft/net/internal/tls/alpn.h>
#include <weft/net/internal/tls/session_data.h>
#include <weft/net/internal/tls/span_bio.h>
#include <weft/net/internal/tls/ticket_keys.h>

namespace weft::internal {
namespace {

// Of the context with which the connection began, or to which it has changed: they are all the same in this.
const ServerContexts& ContextsOf(SSL* ssl) {
  return *static_cast<const ServerContexts*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
}

int ChooseCertificate(SSL* ssl, int*, void*) {
  const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  SSL_CTX* const ctx = ContextsOf(ssl).For(name);
  if (ctx != SSL_get_SSL_CTX(ssl)) SSL_set_SSL_CTX(ssl, ctx);
  return SSL_TLSEXT_ERR_OK;
}

// RFC 7301 section 3.2: the server's order counts; nothing in common ends the handshake.
int ChooseProtocol(SSL* ssl, const unsigned char** out, unsigned char* out_size,
                   const unsigned char* offer, unsigned size, void*) {
  const AlpnList* const ours = static_cast<const SessionData*>(SSL_get_app_data(ssl))->alpn;
  if (ours == nullptr || ours->Empty()) return SSL_TLSEXT_ERR_NOACK;
  const std::string_view chosen = ours->Choose({reinterpret_cast<const char*>(offer), size});
  if (chosen.empty()) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = reinterpret_cast<const unsigned char*>(chosen.data());
  *out_size = static_cast<unsigned char>(chosen.size());
  return SSL_TLSEXT_ERR_OK;
}

bool SetMac(EVP_MAC_CTX* mac, TicketKey& key) {
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, params) == 1;
}

// 1: use the key. 2: use it, and send the client a new ticket. 0: no such key, so a full handshake follows. -1: failed.
int ChooseTicketKey(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                    EVP_MAC_CTX* mac, int seal) {
  TicketKeys& keys = *ContextsOf(ssl).tickets;
  if (seal != 0) {
    TicketKey key = keys.Sealing();
    std::copy(key.name.begin(), key.name.end(), name);
    const bool good =
        RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) == 1 &&
        EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv) == 1 &&
        SetMac(mac, key);
    OPENSSL_cleanse(&key, sizeof key);
    return good ? 1 : -1;
  }
  std::optional<TicketKeys::Opening> found =
      keys.Find(std::span<const unsigned char, 16>(name, 16));
  if (!found) return 0;
  const bool good =
      SetMac(mac, found->key) &&
      EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, found->key.cipher.data(), iv) == 1;
  const int taken = found->newest ? 1 : 2;
  OPENSSL_cleanse(&*found, sizeof *found);
  return good ? taken : -1;
}

// A client's certificate that has expired since the ticket was issued no longer counts;
// OpenSSL does not check it again.
SSL_TICKET_RETURN JudgeTicket(SSL*, SSL_SESSION* session, const unsigned char*, std::size_t,
                              SSL_TICKET_STATUS status, void*) {
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  const X509* const peer = SSL_SESSION_get0_peer(session);
  if (peer != nullptr && X509_cmp_current_time(X509_get0_notAfter(peer)) <= 0)
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

// A client of TLS 1.2 that wants to renegotiate is rejected by an alert, for which it could ask again and again without ever
// reading one. So the first attempt ends the connection. Attempts are legal (RFC 5246 section 7.4.1.1), but no client makes them.
void StopWhoNegotiatesAnew(const SSL* ssl, int where, int alert) {
  constexpr int kDescription = 0xff;
  if (where != SSL_CB_WRITE_ALERT || (alert & kDescription) != SSL_AD_NO_RENEGOTIATION) return;
  static_cast<SpanBio*>(BIO_get_data(SSL_get_rbio(ssl)))->stopped = true;
}

}  // namespace

void SetServerCallbacks(SSL_CTX* ctx, const ServerContexts& contexts) {
  SSL_CTX_set_app_data(ctx, const_cast<ServerContexts*>(&contexts));
  SSL_CTX_set_tlsext_servername_callback(ctx, &ChooseCertificate);
  SSL_CTX_set_alpn_select_cb(ctx, &ChooseProtocol, nullptr);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, &ChooseTicketKey);
  SSL_CTX_set_session_ticket_cb(ctx, nullptr, &JudgeTicket, nullptr);
  SSL_CTX_set_info_callback(ctx, &StopWhoNegotiatesAnew);
  SSL_CTX_set_timeout(ctx,
                      std::chrono::duration_cast<std::chrono::seconds>(kTicketLifetime).count());
}

}  // namespace weft::internal
