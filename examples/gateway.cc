// SPDX-License-Identifier: Apache-2.0

// A gateway in front of several copies of a service: picks one for each request, leaves out those that fail, passes on who the client is,
// and reports itself to Prometheus. WebSockets pass.
//
//   build/release/examples/hello --address 127.0.0.1:8081 &
//   build/release/examples/hello --address 127.0.0.1:8082 &
//   build/release/examples/gateway --address 127.0.0.1:8080 --upstream 127.0.0.1:8081 --upstream 127.0.0.1:8082 --check / &
//   curl http://127.0.0.1:8080/         # from the one or the other
//   curl http://127.0.0.1:8080/-/upstreams

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include <weft/weft.h>

#include "flags.h"

namespace {

weft::Error ListUpstreams(weft::ResponseWriter& w, const weft::UpstreamPool& pool) {
  for (const weft::UpstreamStats& each : pool.Stats()) {
    const std::string line = each.address + (each.out ? " out " : " in ") + std::to_string(each.in_flight) + " in flight, " +
                             std::to_string(each.requests) + " requests, " + std::to_string(each.failed) + " failed\n";
    if (weft::Error err = w.Write(line)) return err;
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  weft::ServerOptions options;
  weft::UpstreamOptions upstreams;
  weft::UpstreamCheckOptions check;
  for (Flags flags(argc, argv, "gateway --upstream ADDRESS... [--address ADDRESS] [--loops N] [--check TARGET]"); flags.Next();) {
    if (flags.Is("--address")) options.address = flags.Text();
    else if (flags.Is("--loops")) options.loops = flags.Number<int>(1, 256);
    else if (flags.Is("--upstream")) upstreams.addresses.push_back(flags.Text());
    else if (flags.Is("--check")) check.target = flags.Text();
    else flags.Unknown();
  }
  options.on_listen = [](std::string_view at) {
    std::printf("listening on %.*s\n", static_cast<int>(at.size()), at.data());
    std::fflush(stdout);
  };

  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  weft::Metrics metrics;
  weft::HttpClient client({.requests_per_origin_max = 256, .propagate = {.trace = true, .request_id = true}});
  weft::UpstreamPool pool(client, upstreams);
  metrics.Add("upstreams", [&client] { return client.Stats(); });

  weft::Mux mux;
  mux.Use(metrics.Count());
  mux.Use(weft::RequestId());
  mux.Use(weft::TraceContext());
  mux.Handle("GET /-/upstreams", [&pool](weft::ResponseWriter& w, weft::Request&) { return ListUpstreams(w, pool); });
  mux.Handle("GET /-/metrics", metrics.Serve());
  mux.Handle("/", weft::ReverseProxy(pool));

  const weft::Error err = weft::RunServices(ctx, {
      {"gateway", [&](const weft::Context& c) { return weft::ListenAndServe(c, options, mux); }},
      {"check", [&](const weft::Context& c) {
         return weft::Run(c, {.loops = 1}, [&](const weft::Context& in) { return weft::IgnoreCanceled(pool.Check(in, check)); });
       }},
  });
  if (err) std::fprintf(stderr, "gateway: %s\n", err.Message().c_str());
  return err ? 1 : 0;
}
