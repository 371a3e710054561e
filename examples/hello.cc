// SPDX-License-Identifier: Apache-2.0

// The smallest server: one page, until Ctrl-C.
//
//   build/release/examples/hello --address 127.0.0.1:8080 &
//   curl http://127.0.0.1:8080/
//
//   build/release/examples/hello --address 127.0.0.1:8443 --tls-self-signed &
//   curl --insecure https://127.0.0.1:8443/

#include <csignal>
#include <cstdio>

#include <weft/handlers/routing/mux.h>
#include <weft/server/listen_and_serve.h>

#include "server_flags.h"

int main(int argc, char** argv) {
  const weft::ServerOptions options = ServerFlags(argc, argv, "hello", "127.0.0.1:8080");

  weft::Mux mux;
  mux.Handle("GET /{$}", [](weft::ResponseWriter& w, weft::Request&) {
    w.Header().Set("Content-Type", "text/plain; charset=utf-8");
    return w.Write("Hello, World!");
  });

  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  if (weft::Error err = weft::ListenAndServe(ctx, options, mux)) {
    std::fprintf(stderr, "hello: %s\n", err.Message().c_str());
    return 1;
  }
}
