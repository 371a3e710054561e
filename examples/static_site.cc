// SPDX-License-Identifier: Apache-2.0

// A site from the files of one folder: types, conditional requests, ranges, index.html. Text is
// compressed for clients that want it, once and for all where site.css.gz or site.css.br lies
// next to site.css, else as it is sent.
//
//   build/release/examples/static_site --address 127.0.0.1:8080 --folder public &
//   curl --compressed -i http://127.0.0.1:8080/
//   curl -r 0-99 -i http://127.0.0.1:8080/site.css

#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>

#include <weft/handlers/content/file_server.h>
#include <weft/handlers/middleware/compress.h>
#include <weft/server/listen_and_serve.h>

#include "flags.h"

int main(int argc, char** argv) {
  weft::ServerOptions options{.address = "127.0.0.1:8080"};
  std::string folder = ".";
  Flags flags(argc, argv, "usage: static_site [--address HOST:PORT] [--folder PATH] [--loops N]");
  while (flags.Next()) {
    if (flags.Is("--address")) {
      options.address = flags.Text();
    } else if (flags.Is("--folder")) {
      folder = flags.Text();
    } else if (flags.Is("--loops")) {
      options.loops = flags.Number(1, 1024);
    } else {
      flags.Unknown();
    }
  }
  if (weft::Error err = options.Validate()) flags.Fail("--address: " + err.Message());
  options.on_listen = [](std::string_view bound) {
    std::printf("listening on %s\n", bound.data());
    std::fflush(stdout);
  };

  weft::Result<weft::Handler> files = weft::FileServer(folder, {.precompressed = true});
  if (weft::Error err = files.Err()) flags.Fail("--folder: " + err.Message());
  const weft::Handler site = weft::Chain(*files, {weft::Compress()});

  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  if (weft::Error err = weft::ListenAndServe(ctx, options, site)) {
    std::fprintf(stderr, "static_site: %s\n", err.Message().c_str());
    return 1;
  }
}
