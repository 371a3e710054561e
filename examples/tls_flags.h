// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_TLS_FLAGS_H_
#define WEFT_EXAMPLES_TLS_FLAGS_H_

#include <optional>
#include <string>

#include <weft/net/tls.h>

#include "flags.h"

// The flags of a server for its TLS. --tls-self-signed is a certificate for localhost, in memory.
class TlsFlags {
 public:
  static constexpr char kUsage[] =
      "[--tls-cert FILE --tls-key FILE [--tls-client-ca FILE] [--tls-ticket-keys FILE] | --tls-self-signed]";

  // Whether the present flag is one of them.
  bool Take(Flags& flags);

  // After the last flag: what they ask for. None of them: plain text. Ends the program where they make no sense or the
  // files are no good.
  std::optional<weft::Tls> Load(const Flags& flags) const;

 private:
  weft::TlsCertificate certificate_;
  std::string client_ca_;
  std::string ticket_keys_;
  bool self_signed_ = false;
};

#endif  // WEFT_EXAMPLES_TLS_FLAGS_H_
