// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <string>
#include <weft/handlers/routing/mux.h>
#include <weft/server/listen_and_serve.h>

int main() {
  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  weft::Mux mux;
  mux.Handle("GET /hello/{name}", [](weft::ResponseWriter& w, weft::Request& r) {
    return w.Write("Hello, " + std::string(r.PathValue("name")) + "!");
  });
  if (weft::Error err = weft::ListenAndServe(ctx, ":8080", mux)) {
    std::fprintf(stderr, "hello: %s\n", err.Message().c_str());
    return 1;
  }
}
