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
#include <string_view>

#include <weft/handlers/routing/mux.h>
#include <weft/server/listen_and_serve.h>

#include "flags.h"
#include "tls_flags.h"

int main(int argc, char** argv) {
  weft::ServerOptions options{.address = "127.0.0.1:8080"};
  TlsFlags tls;
  Flags flags(argc, argv,
              "usage: hello [--address HOST:PORT] [--loops N] [--tls-cert FILE --tls-key FILE [--tls-client-ca FILE] | "
              "--tls-self-signed]");
  while (flags.Next()) {
    if (flags.Is("--address")) {
      options.address = flags.Text();
    } else if (flags.Is("--loops")) {
      options.loops = flags.Number(1, 1024);
    } else if (!tls.Take(flags)) {
      flags.Unknown();
    }
  }
  if (weft::Error err = options.Validate()) flags.Fail("--address: " + err.Message());
  options.tls = tls.Load(flags);
  options.on_listen = [](std::string_view bound) {
    std::printf("listening on %s\n", bound.data());
    std::fflush(stdout);
  };

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
