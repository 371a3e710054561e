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
    return w.Write("Hello, " + std::string(r.PathValue("name")) + "!\n");
  });
  mux.Handle("GET /slow", [](weft::ResponseWriter& w, weft::Request& r) -> weft::Error {
    weft::CancelScope scope = weft::WithTimeout(r.Ctx(), std::chrono::seconds(2));
    if (weft::Error err = weft::Sleep(scope.ctx, std::chrono::seconds(5))) return err;  // responds 504
    return w.Write("slept well\n");
  });
  if (weft::Error err = weft::ListenAndServe(ctx, "127.0.0.1:8080", mux)) {
    std::fprintf(stderr, "server: %s\n", err.Message().c_str());
    return 1;
  }
}
