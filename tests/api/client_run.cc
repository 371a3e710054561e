// SPDX-License-Identifier: Apache-2.0

// docs/client.md: a service that asks another one, in a test without a network.
#include <chrono>
#include <cstdio>
#include <string>
#include <weft/clients/http/http_client.h>
#include <weft/clients/retry.h>
#include <weft/concurrency/file_write.h>
#include <weft/concurrency/testing.h>
#include <weft/handlers/proxy/reverse_proxy.h>
#include <weft/handlers/routing/mux.h>
#include <weft/server/test_network.h>
#include "check.h"

weft::Error Greet(const weft::Context& ctx, weft::HttpClient& client, const std::string& url) {
  weft::Result<weft::ClientResponse> response = client.Get(ctx, url);
  if (weft::Error err = response.Err()) return err;                  // a handler that returns it responds 502, 503 or 504
  if (weft::Error err = response->ExpectSuccess()) return err;       // a status is no Error: 404 is a response
  const weft::Result<std::string> body = response->ReadAll(ctx);     // at most 16 MiB
  if (weft::Error err = body.Err()) return err;
  std::printf("%d %s\n", response->Status(), body->c_str());
  return {};
}

weft::Error GreetAll(const weft::Context& ctx) {
  weft::TestNetwork network(ctx);
  network.Serve("http://users.internal", [](weft::ResponseWriter& w, weft::Request& r) {
    return r.Path() == "/u/1" ? w.Write("anna") : weft::HttpError(404);
  });
  weft::HttpClient client(network.ClientOptions());
  Check(!Greet(ctx, client, "http://users.internal/u/1"));
  const weft::Error missing = Greet(ctx, client, "http://users.internal/u/2");
  Check(missing.Is(weft::kUpstreamFailed));
  Check(missing.As<weft::ClientFailure>()->kind == weft::ClientFailure::kStatus);

  weft::Mux mux;
  weft::UpstreamPool users(client, {.addresses = {"users.internal"}});
  mux.Handle("/users/", weft::ReverseProxy(users, {.strip_prefix = "/users"}));
  network.Serve("http://front", mux);
  Check(!Greet(ctx, client, "http://front/users/u/1"));

  network.Stall("http://users.internal");
  const weft::CancelScope limit = weft::WithTimeout(ctx, std::chrono::seconds(1));
  Check(Greet(limit.ctx, client, "http://users.internal/u/1").Is(weft::kDeadlineExceeded));
  Check(Greet(ctx, client, "http://users.internal/u/1").Is(weft::kUpstreamTimeout));
  network.Refuse("http://users.internal");
  weft::RetryBudget budget(0.1);
  int calls = 0;
  const weft::Error err = weft::Retry(ctx, {.retry_if = weft::NotProcessed, .budget = &budget}, [&](const weft::Context& c) {
    if (++calls == 2) network.Heal("http://users.internal");
    return Greet(c, client, "http://users.internal/u/1");
  });
  Check(!err && calls == 2);
  return {};
}

int main() { return RunChecks(GreetAll); }
