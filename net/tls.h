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
// one without OpenSSL (WEFT_TLS=OFF) each Load fails with "weft was built without TLS".

namespace weft {

namespace internal {
struct TlsState;
struct TlsAccess;
}  // namespace internal

// The certificates of a server, loaded and checked. A cheap handle: copies share the certificates,
// and so may several servers. All of it may be called from any thread at any time. A server takes
// what is current when a connection begins: open connections go on after a Reload, as they were.
//
//   weft::Result<weft::Tls> tls = weft::Tls::Load(
//       {.certificates = {{.certificate_file = "fullchain.pem", .key_file = "privkey.pem"}}});
//   if (weft::Error err = tls.Err()) return err;  // "certificate file fullchain.pem: expired on ..."
//   options.tls = *tls;                           // ServerOptions
class Tls {
 public:
  // Reads and checks everything. The Error names the file, what is wrong with it and what to do: it
  // is missing, cannot be read or is not PEM, the key does not belong to the certificate, a key or
  // a signature is too weak (below 112 bits of security: RSA 2,048 or SHA-256 are enough), a
  // certificate has expired or is not valid yet. Reads files, which blocks the thread for a moment.
  static Result<Tls> Load(TlsServerOptions options);

  // A certificate for these names ("localhost", "127.0.0.1"), made now, in memory, signed by itself
  // and valid for a year: for development and tests. Clients do not trust it unless they are given
  // Certificates()[0].pem.
  static Result<Tls> SelfSigned(std::vector<std::string> names);

  // Does what Load has done, again: new connections get what the files say now. All or nothing: if
  // anything is wrong, the old certificates stay, and the Error is Load's. As blocking as Load, so
  // in a fiber: Offload(ctx, [&] { return tls.Reload(); }).
  Error Reload();

  // Those in use, in the order of the options.
  std::vector<CertificateInfo> Certificates() const;

 private:
  friend struct internal::TlsAccess;
  friend Error ReloadOnChange(const Context&, Tls, Duration, std::function<void(const Error&)>);
  explicit Tls(std::shared_ptr<internal::TlsState> state) : state_(std::move(state)) {}

  std::shared_ptr<internal::TlsState> state_;
};

// Calls Reload when one of the files has changed, looking every `every`; blocks until the context
// is done, and returns its error. For a member of a Group; it looks and reads in Offload. A reload
// that failed is tried again each time, since the files may have been read half written.
// `reloaded`, if any, is called with the outcome of each Reload, empty on success: without it a
// failure is seen in Certificates only.
//
//   group.Go("certificates", [&](const weft::Context& ctx) {
//     return weft::ReloadOnChange(ctx, tls, std::chrono::minutes(1),
//                                 [](const weft::Error& err) { CountReload(err); });
//   });
Error ReloadOnChange(const Context& ctx, Tls tls, Duration every = std::chrono::minutes(1),
                     std::function<void(const Error&)> reloaded = nullptr);

}  // namespace weft

#endif  // WEFT_NET_TLS_H_
