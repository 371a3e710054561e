// SPDX-License-Identifier: Apache-2.0
#include "certificates.h"

#include <chrono>
#include <string>

#include <weft/handlers/log.h>

namespace {

void LogCertificates(const weft::Tls& tls) {
  const auto now = std::chrono::system_clock::now();
  for (const weft::CertificateInfo& certificate : tls.Certificates()) {
    const auto left = std::chrono::duration_cast<std::chrono::hours>(certificate.not_after - now);
    weft::LogLine(weft::LogLevel::kInfo, "reloaded " + certificate.source + ": " + certificate.subject + ", which expires in " +
                                             std::to_string(left.count()) + " hours");
  }
}

}  // namespace

weft::Error ReloadOnSignal(const weft::Context& ctx, weft::Signals& signals, weft::Tls tls) {
  while (true) {
    if (weft::Error err = signals.Wait(ctx).Err()) return err;
    if (weft::Error err = tls.Reload()) {
      weft::LogLine(weft::LogLevel::kError, "the certificates stay as they were: " + err.Message());
    } else {
      LogCertificates(tls);
    }
  }
}
