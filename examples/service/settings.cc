// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include <chrono>

#include "../flags.h"
#include "../tls_flags.h"

#ifndef WEFT_SERVICE_PAGE
#define WEFT_SERVICE_PAGE "page"
#endif

Settings ReadFlags(int argc, char** argv) {
  Settings settings;
  settings.page = WEFT_SERVICE_PAGE;
  const std::string usage =
      "usage: service [--address HOST:PORT] [--debug-address HOST:PORT] [--loops N] [--drain-timeout SECONDS] [--database FILE|URL] "
      "[--files FOLDER] [--page FOLDER] [--access-log] [--verbose] [--http2-cleartext] " + std::string(TlsFlags::kUsage);
  Flags flags(argc, argv, usage.c_str());
  TlsFlags tls;
  while (flags.Next()) {
    if (flags.Is("--address")) {
      settings.app.address = flags.Text();
    } else if (flags.Is("--debug-address")) {
      settings.debug.address = flags.Text();
    } else if (flags.Is("--loops")) {
      settings.app.loops = flags.Number(1, 1024);
    } else if (flags.Is("--drain-timeout")) {
      const std::chrono::duration<double> seconds(flags.Number(0.0, 86400.0));
      settings.app.drain_timeout = std::chrono::duration_cast<weft::Duration>(seconds);
    } else if (flags.Is("--database")) {
      settings.database = flags.Text();
    } else if (flags.Is("--files")) {
      settings.files = flags.Text();
    } else if (flags.Is("--page")) {
      settings.page = flags.Text();
    } else if (flags.Is("--access-log")) {
      settings.access_log = true;
    } else if (flags.Is("--verbose")) {
      settings.verbose = true;
    } else if (flags.Is("--http2-cleartext")) {
      settings.app.http2_cleartext = true;
    } else if (!tls.Take(flags)) {
      flags.Unknown();
    }
  }
  settings.app.tls = tls.Load(flags);
  if (weft::Error err = settings.app.Validate()) flags.Fail("--address: " + err.Message());
  if (weft::Error err = settings.debug.Validate()) flags.Fail("--debug-address: " + err.Message());
  return settings;
}
