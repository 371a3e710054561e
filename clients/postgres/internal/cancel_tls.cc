// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/internal/cancel_tls.h>

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <weft/clients/postgres/internal/conn_options.h>
#include <weft/concurrency/clock.h>
#include <weft/concurrency/internal/base/thread_mutex.h>
#include <weft/concurrency/offload.h>

namespace weft::postgres::internal {
namespace {

// Then certificates are read again: they may have been replaced.
constexpr Duration kTrustedFor = std::chrono::minutes(1);

using TlsContext = std::shared_ptr<SSL_CTX>;
struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

Error OfOpenSsl(const char* what) {
  char text[200] = "unexpected end";
  if (const unsigned long code = ERR_get_error(); code != 0) ERR_error_string_n(code, text, sizeof text);
  return Error::New(std::string(what) + ": " + text);
}

std::string Setting(PGconn* connection, std::string_view keyword) {
  const ConnOptions settings(PQconninfo(connection));
  for (const PQconninfoOption* o = settings.get(); o != nullptr && o->keyword != nullptr; ++o) {
    if (o->keyword == keyword && o->val != nullptr) return o->val;
  }
  return {};
}

// The file of certificates by which the server is verified, or "system", libpq's name since 16 for those of OpenSSL.
struct Root {
  std::string file;
  bool required = false;  // else it is used if it is there, as libpq does in every mode
  bool operator==(const Root&) const = default;
};

Result<TlsContext> MakeContext(const Root& root) {
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  if (context == nullptr) return OfOpenSsl("TLS");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  const bool system = root.file == "system";
  if (!system && !root.required && access(root.file.c_str(), F_OK) != 0) return context;
  const int loaded = system ? SSL_CTX_set_default_verify_paths(context.get()) : SSL_CTX_load_verify_locations(context.get(), root.file.c_str(), nullptr);
  if (loaded != 1) return OfOpenSsl("sslrootcert");
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  return context;
}

}  // namespace

// A file of certificates is read, and parsed, in tens of milliseconds: not on a loop, and not for each cancel.
struct CancelTls::Trusted {
  Result<TlsContext> For(const Context& ctx, const Root& root) {
    {
      const std::lock_guard hold(lock);
      if (context != nullptr && root == made_for && Now() - made_at < kTrustedFor) return context;
    }
    Result<TlsContext> made = Offload(ctx, [&] { return MakeContext(root); });
    if (Error err = made.Err()) return err;
    const std::lock_guard hold(lock);
    context = *std::move(made);
    made_for = root;
    made_at = Now();
    return context;
  }

  weft::internal::ThreadMutex lock;
  TlsContext context WEFT_GUARDED_BY(lock);
  Root made_for WEFT_GUARDED_BY(lock);
  TimePoint made_at WEFT_GUARDED_BY(lock);
};

namespace {

// OpenSSL writes without MSG_NOSIGNAL, and on a plain thread the signal is not blocked. One that was pending before stays.
class NoSigpipe {
 public:
  NoSigpipe() {
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoSigpipe() {
    const timespec now{};
    if (!was_pending_) sigtimedwait(&pipe_, nullptr, &now);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;

 private:
  sigset_t pipe_, before_;
  bool was_pending_;
};

class TlsLayer final : public CancelLayer {
 public:
  using ContextFor = std::function<Result<TlsContext>(const Root& root)>;
  TlsLayer(ContextFor context_for, PGconn* connection, int fd)
      : context_for_(std::move(context_for)), connection_(connection), fd_(fd), plain_(MakePlainLayer(fd)) {}

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
    return *verdict == 'S' ? Error() : Error::New("the server does not accept TLS for a cancel");
  }

  Error Prepare() {
    const std::string mode = Setting(connection_, "sslmode");
    Root root{Setting(connection_, "sslrootcert"), mode == "verify-ca" || mode == "verify-full"};
    const char* home = std::getenv("HOME");
    if (root.file.empty()) root.file = std::string(home != nullptr ? home : "") + "/.postgresql/root.crt";
    const Result<TlsContext> context = context_for_(root);
    if (Error err = context.Err()) return err;
    ERR_clear_error();
    ssl_.reset(SSL_new(context->get()));
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
      const int done = [&f] {
        const NoSigpipe quiet;
        return f();
      }();
      if (done > 0) return {};
      const int reason = SSL_get_error(ssl_.get(), done);
      if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) return OfOpenSsl("TLS");
      if (Error err = waits.Wait(reason == SSL_ERROR_WANT_READ ? FdEvents::kRead : FdEvents::kWrite).Err()) return err;
    }
  }

  const ContextFor context_for_;
  PGconn* const connection_;
  const int fd_;
  const std::unique_ptr<CancelLayer> plain_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
};

}  // namespace

CancelTls::CancelTls() : trusted_(std::make_unique<Trusted>()) {}
CancelTls::~CancelTls() = default;

std::unique_ptr<CancelLayer> CancelTls::MakeLayer(const Context& ctx, PGconn* connection, int fd) {
  return std::make_unique<TlsLayer>([this, ctx](const Root& root) { return trusted_->For(ctx, root); }, connection, fd);
}

bool SpeaksTls() { return true; }

bool TlsHolds(PGconn* connection) {
  auto* ssl = static_cast<SSL*>(PQsslStruct(connection, "OpenSSL"));
  return ssl != nullptr && SSL_pending(ssl) > 0;
}

}  // namespace weft::postgres::internal
