// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <weft/concurrency/context.h>
#include <weft/handlers/routing/mux.h>
#include <weft/net/tls.h>
#include <weft/server/listen_and_serve.h>

int main() {
  weft::Mux mux;
  mux.Handle("GET /", [](weft::ResponseWriter& w, weft::Request&) { return w.Write("hello"); });
  weft::CancelScope scope = weft::WithCancel(weft::Background());
  scope.cancel();

  weft::Error err = weft::ListenAndServe(scope.ctx, "127.0.0.1:0", mux);

  // Linked if it was built so; the header is the same if not.
  const weft::Error tls = weft::Tls::SelfSigned({"localhost"}).Err();
  std::printf("TLS: %s\n", tls ? tls.Message().c_str() : "yes");
  std::printf("an installed weft served: %s\n", err ? err.Message().c_str() : "and ended");
  return err && !err.Is(weft::kCanceled) ? 1 : 0;
}
