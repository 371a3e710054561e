// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_TLS_OPTIONS_H_
#define WEFT_NET_TLS_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include <weft/net/tls_info.h>

namespace weft {

// A certificate with its private key. Each is given as the name of a file or as the text itself, in
// PEM: first the certificate, then the intermediate ones up to the root, which may be omitted.
// Exactly this is sent to clients. Both may be in one file, which is then named twice. The key must
// not be encrypted.
struct TlsCertificate {
  std::string certificate_file = {};
  std::string key_file = {};
  std::string certificate_pem = {};  // instead of the file, for example from a secret store
  std::string key_pem = {};
};

// Whether clients present a certificate (mutual TLS).
enum class ClientAuth : std::uint8_t {
  kNone,     // they are not asked
  kRequest,  // they may; one that cannot be verified is rejected
  kRequire,  // they must
};

// The settings of a server. Every field except the certificates has a default.
//
//   weft::Result<weft::Tls> tls = weft::Tls::Load({
//       .certificates = {{.certificate_file = "tls/fullchain.pem", .key_file = "tls/key.pem"}},
//       .client_ca_file = "tls/clients.pem",
//       .client_auth = weft::ClientAuth::kRequire,
//   });
struct TlsServerOptions {
  // At least one. The name that a client asks for (SNI) selects it: a certificate with exactly this
  // name, or else one with a wildcard instead of its first label ("*.example.com"), or else the
  // first of all, which also serves clients that ask for no name. The names of a certificate are
  // its DNS names, or its common name if it has none. If two certificates have the same name, the
  // first one has it. Two with the same names and different kinds of keys (ECDSA and RSA) belong
  // together: the one that the client can verify is used.
  std::vector<TlsCertificate> certificates = {};

  // The certificates that may sign those of clients, in PEM. Each of them is trusted, even if it is
  // not a root, and no others are. Required for kRequest and kRequire, and an error otherwise.
  // There are no revocation lists; use short-lived certificates instead.
  std::string client_ca_file = {};
  std::string client_ca_pem = {};  // instead of the file
  ClientAuth client_auth = ClientAuth::kNone;

  // TLS 1.2 uses only ECDHE and AEAD ciphers, so that every connection has forward secrecy.
  TlsVersion version_min = TlsVersion::k12;

  // For a day, clients can resume with a ticket, which spares both sides most of the handshake (RFC
  // 8446 section 2.2). If this is empty, the key that encrypts tickets is made in memory, changes
  // every day, remains valid for one more, and survives a Reload. Processes that serve the same
  // clients, one after the other or side by side, share a file with 80 random bytes for each key
  // (`openssl rand 80`). The first key encrypts, all of them decrypt. To rotate, put a new one in
  // front, drop the last one, and reload all processes. Anyone who can read this file can read what
  // resuming clients have sent over TLS 1.2.
  std::string ticket_key_file = {};
};

// The settings of a client. Every field has a default.
//
//   const weft::TlsClientOptions tls = {.ca_file = "tls/internal-ca.pem"};
struct TlsClientOptions {
  // The certificates to trust, in PEM. Empty: those that the system trusts.
  std::string ca_file = {};
  std::string ca_pem = {};  // instead of the file

  // Presented to servers that ask for one; empty: none.
  TlsCertificate certificate = {};

  // The name to ask the server for, which its certificate must have. Empty: the host of the
  // address.
  std::string server_name = {};

  // Accepts any server, so that anyone in between can read and change what is sent. For tests.
  bool insecure_skip_verify = false;
};

}  // namespace weft

#endif  // WEFT_NET_TLS_OPTIONS_H_
