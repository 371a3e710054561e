// SPDX-License-Identifier: Apache-2.0
//
// The page of examples/hello by uWebSockets, on a free port. bench/run builds it where WEFT_UWEBSOCKETS names a folder with checkouts of
// uWebSockets and uSockets, since Debian has no package.
#include <cstdio>
#include <cstdlib>

#include "App.h"

int main() {
  uWS::App app;
  app.get("/*", [](auto* response, auto*) {
    response->writeHeader("Content-Type", "text/plain; charset=utf-8")->end("Hello, World!");
  });
  app.listen("127.0.0.1", 0, [](us_listen_socket_t* socket) {
    if (socket == nullptr) std::exit(1);
    std::printf("listening on http://127.0.0.1:%d\n", us_socket_local_port(0, reinterpret_cast<us_socket_t*>(socket)));
    std::fflush(stdout);
  });
  app.run();
}
