// SPDX-License-Identifier: Apache-2.0
//
// HttpClient as its users write it: some fibers of one loop that ask again and again.
#include <array>
#include <cstdio>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>

#include "common/client_run.h"

int main(int argc, char** argv) {
  weft::bench::ClientRun run(argc, argv);
  const std::string url = run.Url();
  weft::HttpClient client;
  const weft::Error err = weft::Run(weft::Background(), {.loops = 1}, [&](const weft::Context& ctx) -> weft::Error {
    weft::Group group(ctx);
    for (int i = 0; i < run.connections; ++i) {
      group.Go([&](const weft::Context& c) -> weft::Error {
        std::array<char, 4096> piece;
        do {
          weft::Result<weft::ClientResponse> response = client.Get(c, url);
          if (weft::Error failed = response.Err()) return failed;
          for (;;) {
            const weft::Result<std::size_t> got = response->Read(c, piece);
            if (weft::Error failed = got.Err()) return failed;
            if (*got == 0) break;
          }
        } while (run.Count());
        return {};
      });
    }
    return group.Wait();
  });
  if (err) {
    std::fprintf(stderr, "weft_client: %s\n", err.Message().c_str());
    return 1;
  }
  return run.Report();
}
