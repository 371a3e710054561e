// SPDX-License-Identifier: Apache-2.0

// What docs/handlers.md says about tests of a whole service.
#include <chrono>
#include <weft/server/testing.h>
#include <weft/weft.h>
#include "check.h"

weft::Mux MakeMux() {
  weft::Mux mux;
  const auto slow = [](weft::ResponseWriter&, weft::Request& r) { return weft::Sleep(r.Ctx(), std::chrono::seconds(5)); };
  mux.Handle("GET /slow", slow, {weft::Timeout(std::chrono::seconds(2))});
  return mux;
}

weft::Error TestSlow(const weft::Context& ctx) {
  weft::TestServer server(ctx, MakeMux());
  weft::Result<weft::TestClient> client = server.Connect(ctx);
  if (weft::Error err = client.Err()) return err;
  const weft::TimePoint start = weft::Now();
  const weft::Result<weft::TestResponse> response = client->Get(ctx, "/slow");
  if (weft::Error err = response.Err()) return err;
  Check(response->status == 504);
  Check(weft::Now() - start == std::chrono::seconds(2));      // exactly, and at once
  return server.Stop();
}

int main() { return RunChecks(TestSlow); }
