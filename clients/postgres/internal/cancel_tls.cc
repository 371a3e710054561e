// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/internal/cancel_tls.h>

#include <cstdlib>
#include <string>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <weft/clients/postgres/internal/conn_options.h>

namespace weft::postgres::internal {
namespace {

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

Error OfOpenSsl(const char* what) {
  char text[200] = "unexpected end";
  if (const unsigned long code = ERR_get_error(); code != 0) ERR_error_string_n(code, text, sizeof text);
  return Error::New(std::string(what) + ": " + text);
}

class TlsLayer final : public CancelLayer {
 public:
  TlsLayer(PGconn* connection, int fd) : connection_(connection), fd_(fd), plain_(MakePlainLayer(fd)) {}

  Error Send(std::string_view packet, Waits& waits) override {
    if (Error err = AskForTls(waits)) return err;
    if (Error err = Prepare()) return err;
    if (Error err = Step(waits, [&] { return SSL_connect(ssl_.get()); })) return err.Wrap("TLS handshake");
    return Step(waits, [&] { return SSL_write(ssl_.get(), packet.data(), static_cast<int>(packet.size())); });
  }
  // A FIN is the end here; what is before it does not matter.
  Error AwaitEnd(Waits& waits) override { return plain_->AwaitEnd(waits); }

 private:
  // "SSLRequest" of the protocol: eight bytes, and one that says S or N.
  Error AskForTls(Waits& waits) {
    if (Error err = plain_->Send({"\0\0\0\x08\x04\xd2\x16\x2f", 8}, waits)) return err;
    const Result<char> verdict = ReceiveByte(fd_, waits);
    if (Error err = verdict.Err()) return err;
    return *verdict == 'S' ? Error() : Error::New("the server speaks no TLS for a cancel");
  }

  Error Prepare() {
    ERR_clear_error();
    const ConnOptions settings(PQconninfo(connection_));
    const auto value = [&](std::string_view keyword) -> std::string {
      for (const PQconninfoOption* o = settings.get(); o != nullptr && o->keyword != nullptr; ++o) {
        if (o->keyword == keyword && o->val != nullptr) return o->val;
      }
      return {};
    };
    context_.reset(SSL_CTX_new(TLS_client_method()));
    if (context_ == nullptr) return OfOpenSsl("TLS");
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
    const std::string mode = value("sslmode");
    const bool verify = mode == "verify-ca" || mode == "verify-full";
    if (verify) {
      std::string root = value("sslrootcert");
      if (root.empty() && std::getenv("HOME") != nullptr) root = std::string(std::getenv("HOME")) + "/.postgresql/root.crt";
      if (SSL_CTX_load_verify_locations(context_.get(), root.c_str(), nullptr) != 1) return OfOpenSsl("sslrootcert");
      SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    }
    ssl_.reset(SSL_new(context_.get()));
    if (ssl_ == nullptr || SSL_set_fd(ssl_.get(), fd_) != 1) return OfOpenSsl("TLS");
    const char* host = PQhost(connection_);
    if (host != nullptr && *host != '\0') {
      if (mode == "verify-full" && X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), host) != 1 &&
          SSL_set1_host(ssl_.get(), host) != 1) {
        return OfOpenSsl("host");
      }
      SSL_set_tlsext_host_name(ssl_.get(), host);
    }
    return {};
  }

  template <class F>
  Error Step(Waits& waits, F f) {
    for (;;) {
      ERR_clear_error();
      const int done = f();
      if (done > 0) return {};
      const int reason = SSL_get_error(ssl_.get(), done);
      if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) return OfOpenSsl("TLS");
      if (Error err = waits.Wait(reason == SSL_ERROR_WANT_READ ? FdEvents::kRead : FdEvents::kWrite).Err()) return err;
    }
  }

  PGconn* const connection_;
  const int fd_;
  const std::unique_ptr<CancelLayer> plain_;
  std::unique_ptr<SSL_CTX, FreeContext> context_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
};

}  // namespace

std::unique_ptr<CancelLayer> MakeTlsLayer(PGconn* connection, int fd) { return std::make_unique<TlsLayer>(connection, fd); }

}  // namespace weft::postgres::internal
