// SPDX-License-Identifier: Apache-2.0
//
// ReverseProxy and nothing around it, to compare with nginx and Go.
#include <csignal>
#include <cstdio>
#include <string_view>

#include <weft/clients/http/http_client.h>
#include <weft/handlers/proxy/reverse_proxy.h>
#include <weft/server/listen_and_serve.h>

#include "servers/options.h"

int main(int argc, char** argv) {
  weft::ServerOptions options = weft::bench::OptionsOf(argc, argv);
  weft::UpstreamOptions upstreams;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::string_view(argv[i]) == "--upstream") upstreams.addresses.emplace_back(argv[i + 1]);
  }
  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  weft::HttpClient client({.requests_per_origin_max = 256, .idle_per_origin_max = 256});
  weft::UpstreamPool pool(client, upstreams);
  if (weft::Error err = weft::ListenAndServe(ctx, options, weft::ReverseProxy(pool))) {
    std::fprintf(stderr, "proxy: %s\n", err.Message().c_str());
    return 1;
  }
}
