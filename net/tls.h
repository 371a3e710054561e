// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_TLS_H_
#define WEFT_NET_TLS_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/net/tls_info.h>
#include <weft/net/tls_options.h>

// TLS for servers and clients, by OpenSSL 3.0 or later. This header is the same in every build. In
// a build without OpenSSL (WEFT_TLS=OFF), every Load fails with "weft was built without TLS".

namespace weft {

namespace internal {
struct TlsState;
struct TlsAccess;
}  // namespace internal

// The certificates of a server, loaded and checked. It is a cheap handle: copies share the
// certificates, and several servers may use the same ones. All functions may be called from any
// thread at any time. A server takes the current certificates when a connection starts, so a Reload
// does not change open connections.
//
//   weft::Result<weft::Tls> tls = weft::Tls::Load(
//       {.certificates = {{.certificate_file = "fullchain.pem", .key_file = "privkey.pem"}}});
//   if (weft::Error err = tls.Err()) return err;  // "certificate file fullchain.pem: expired ..."
//   options.tls = *tls;                           // ServerOptions
class Tls {
 public:
  // Reads and checks everything. The Error names the file, what is wrong with it and what to do. It
  // reports a file that is missing, cannot be read or is not PEM; a key that does not belong to its
  // certificate; a key or signature that is too weak (below 112 bits of security: RSA 2,048 and
  // SHA-256 are strong enough); and a certificate that has expired or is not valid yet. It reads
  // files, which blocks the thread for a moment.
  static Result<Tls> Load(TlsServerOptions options);

  // Makes a certificate for these names ("localhost", "127.0.0.1"), in memory, self-signed and
  // valid for a year. For development and tests. Clients trust it only if they are given
  // Certificates()[0].pem.
  static Result<Tls> SelfSigned(std::vector<std::string> names);

  // Does again what Load did: new connections get what the files contain now. If anything is wrong,
  // the old certificates stay in use, and the Error is that of Load. It blocks like Load, so in a
  // fiber write Offload(ctx, [&] { return tls.Reload(); }).
  Error Reload();

  // The outcome of the last Reload, by any caller: empty if it was good, or there was none.
  // Otherwise the certificates in use are older than the files. For a metric or a health check.
  Error LastReload() const;

  // The certificates in use, in the order of the options.
  std::vector<CertificateInfo> Certificates() const;

 private:
  friend struct internal::TlsAccess;
  friend Error ReloadOnChange(const Context&, Tls, Duration, std::function<void(const Error&)>);
  explicit Tls(std::shared_ptr<internal::TlsState> state) : state_(std::move(state)) {}

  std::shared_ptr<internal::TlsState> state_;
};

// Calls Reload when one of the files has changed, which it checks every `every`. It runs until the
// context is done, and returns the context's error. For a member of a Group; it checks and reads in
// Offload. A failed reload is repeated at each check, because the files may have been read while
// they were being written. `reloaded`, if given, is called with the outcome of each Reload, which
// is empty on success. Without it each new failure is a line on stderr. Tls::LastReload has both.
//
//   group.Go("certificates", [&](const weft::Context& ctx) {
//     return weft::ReloadOnChange(ctx, tls, std::chrono::minutes(1),
//                                 [](const weft::Error& err) { CountReload(err); });
//   });
Error ReloadOnChange(const Context& ctx, Tls tls, Duration every = std::chrono::minutes(1),
                     std::function<void(const Error&)> reloaded = nullptr);

}  // namespace weft

#endif  // WEFT_NET_TLS_H_
