// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_TLS_OPTIONS_H_
#define WEFT_NET_TLS_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include <weft/net/tls_info.h>

namespace weft {

// A certificate with its private key: each is the name of a file or the text itself, in PEM. First
// the certificate, then the intermediate ones up to the root, which may be left out; what is sent
// to clients is exactly that. Both may be in one file, named twice. The key must not be encrypted.
struct TlsCertificate {
  std::string certificate_file = {};
  std::string key_file = {};
  std::string certificate_pem = {};  // instead of the file, for example from a secret store
  std::string key_pem = {};
};

// Whether clients show a certificate (mutual TLS).
enum class ClientAuth : std::uint8_t {
  kNone,     // they are not asked
  kRequest,  // they may; one that does not verify is refused
  kRequire,  // they must
};

// What a server needs. Every field but the certificates has a default.
struct TlsServerOptions {
  // At least one. The name that a client asks for (SNI) chooses: a certificate with this very name,
  // else one with a wildcard in place of its first label ("*.example.com"), else the first of all,
  // which also serves clients that name nobody. Names are the DNS names of the certificate, or its
  // common name if it has none. Where two have the same name, the first has it. Two of the same
  // names and different kinds of keys (ECDSA and RSA) belong together: what the client can verify
  // is taken.
  std::vector<TlsCertificate> certificates = {};

  // Whose signature makes a client's certificate good: certificates in PEM, each of which is
  // trusted, also one that is not a root. They are the only ones. Needed for kRequest and kRequire,
  // and refused without. There are no revocation lists: short-lived certificates take their place.
  std::string client_ca_file = {};
  std::string client_ca_pem = {};  // instead of the file
  ClientAuth client_auth = ClientAuth::kNone;

  // TLS 1.2 with ECDHE and AEAD ciphers only, so that each connection has forward secrecy.
  TlsVersion version_min = TlsVersion::k12;

  // Clients come back with a ticket and spare both sides the larger part of a handshake (RFC 8446
  // section 2.2), for a day. Empty: the key under which tickets are sealed is made in memory,
  // changes every day, is good for one more, and lives through a Reload. Processes that serve the
  // same clients, one after the other or side by side, share a file: 80 random bytes for each key
  // (`openssl rand 80`), the first seals, all open. To rotate: put a new one in front, drop the
  // last, and reload all of them. Whoever reads this file can read what was sent over TLS 1.2 by
  // clients that came back.
  std::string ticket_key_file = {};
};

// How a client talks to a server. Every field has a default.
struct TlsClientOptions {
  // Whom to trust, in PEM. Empty: those whom the system trusts.
  std::string ca_file = {};
  std::string ca_pem = {};  // instead of the file

  // To show to servers that ask; empty: none.
  TlsCertificate certificate = {};

  // The name that the server's certificate must have, and that it is asked for. Empty: the host of
  // the address.
  std::string server_name = {};

  // Talks to anybody, so that whoever is in between can read and change what is sent. For tests.
  bool insecure_skip_verify = false;
};

}  // namespace weft

#endif  // WEFT_NET_TLS_OPTIONS_H_
