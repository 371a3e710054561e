// SPDX-License-Identifier: Apache-2.0

// Weft with bodies from memory, over TLS where a certificate is given: /1k, /1m and /100m.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <weft/handlers/routing/mux.h>
#include <weft/server/listen_and_serve.h>

#include "servers/options.h"

int main(int argc, char** argv) {
  weft::ServerOptions options = weft::bench::OptionsOf(argc, argv);
  weft::TlsCertificate certificate;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--tls-cert") certificate.certificate_file = argv[i + 1];
    if (flag == "--tls-key") certificate.key_file = argv[i + 1];
  }
  if (!certificate.certificate_file.empty()) {
    weft::Result<weft::Tls> tls = weft::Tls::Load({.certificates = {certificate}});
    if (weft::Error err = tls.Err()) {
      std::fprintf(stderr, "bodies: %s\n", err.Message().c_str());
      return 1;
    }
    options.tls = *tls;
  }

  weft::Mux mux;
  for (const auto& [path, size] : {std::pair<const char*, std::size_t>{"GET /1k", 1024}, {"GET /1m", 1024 * 1024}}) {
    mux.Handle(path, [body = std::string(size, 'x')](weft::ResponseWriter& w, weft::Request&) {
      w.Header().Set("Content-Type", "application/octet-stream");
      w.Header().Set("Content-Length", std::to_string(body.size()));
      return w.Write(body);
    });
  }
  mux.Handle("GET /100m", [piece = std::string(1024 * 1024, 'x')](weft::ResponseWriter& w, weft::Request&) -> weft::Error {
    constexpr int kPieces = 100;
    w.Header().Set("Content-Type", "application/octet-stream");
    w.Header().Set("Content-Length", std::to_string(kPieces * piece.size()));
    for (int i = 0; i < kPieces; ++i) {
      if (weft::Error err = w.Write(piece)) return err;
    }
    return {};
  });
  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  if (weft::Error err = weft::ListenAndServe(ctx, options, mux)) {
    std::fprintf(stderr, "bodies: %s\n", err.Message().c_str());
    return 1;
  }
}
