// SPDX-License-Identifier: Apache-2.0
#include "tls_flags.h"

#include <utility>

bool TlsFlags::Take(Flags& flags) {
  if (flags.Is("--tls-cert")) {
    certificate_.certificate_file = flags.Text();
  } else if (flags.Is("--tls-key")) {
    certificate_.key_file = flags.Text();
  } else if (flags.Is("--tls-client-ca")) {
    client_ca_ = flags.Text();
  } else if (flags.Is("--tls-ticket-keys")) {
    ticket_keys_ = flags.Text();
  } else if (flags.Is("--tls-self-signed")) {
    self_signed_ = true;
  } else {
    return false;
  }
  return true;
}

std::optional<weft::Tls> TlsFlags::Load(const Flags& flags) const {
  const bool has_certificate = !certificate_.certificate_file.empty();
  if (has_certificate != !certificate_.key_file.empty()) flags.Fail("--tls-cert and --tls-key belong together");
  if (has_certificate && self_signed_) flags.Fail("either --tls-cert or --tls-self-signed");
  if (!client_ca_.empty() && !has_certificate) flags.Fail("--tls-client-ca needs --tls-cert");
  if (!ticket_keys_.empty() && !has_certificate) flags.Fail("--tls-ticket-keys needs --tls-cert");
  if (!has_certificate && !self_signed_) return std::nullopt;

  const auto load = [&]() -> weft::Result<weft::Tls> {
    if (self_signed_) return weft::Tls::SelfSigned({"localhost", "127.0.0.1", "::1"});
    weft::TlsServerOptions options{.certificates = {certificate_}, .ticket_key_file = ticket_keys_};
    if (!client_ca_.empty()) {
      options.client_ca_file = client_ca_;
      options.client_auth = weft::ClientAuth::kRequire;
    }
    return weft::Tls::Load(std::move(options));
  };
  weft::Result<weft::Tls> tls = load();
  if (weft::Error err = tls.Err()) flags.Fail(err.Message());
  return *std::move(tls);
}
