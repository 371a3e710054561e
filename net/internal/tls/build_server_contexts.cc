// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/tls/build_server_contexts.h>

#include <algorithm>
#include <array>
#include <utility>

#include <weft/net/internal/tls/certificate_info.h>
#include <weft/net/internal/tls/context_settings.h>
#include <weft/net/internal/tls/identity.h>
#include <weft/net/internal/tls/self_signed.h>
#include <weft/net/internal/tls/server_callbacks.h>
#include <weft/net/internal/tls/ticket_keys.h>

namespace weft::internal {
namespace {

constexpr long kCertificatesMax = 32 * 1024;  // of a client's chain

struct Loaded {
  Identity identity;
  std::vector<std::string> names;  // sorted
};

struct ClientCas {
  std::vector<X509Ptr> certificates;  // empty: clients are not asked
  // A ticket stands for the verification of its first connection, so it is valid only where clients
  // are asked for certificates in the same way, and for the same CAs.
  std::array<unsigned char, 32> session_context{};
};

Result<ClientCas> LoadClientCas(const TlsServerOptions& options) {
  const bool given = !options.client_ca_file.empty() || !options.client_ca_pem.empty();
  const bool asked = options.client_auth != ClientAuth::kNone;
  if (asked && !given) {
    return Error::New(
        "client_auth asks clients for a certificate, but no CA is trusted: set client_ca_file or "
        "client_ca_pem");
  }
  if (given && !asked) {
    return Error::New(
        "client_ca_file or client_ca_pem is set, but clients are not asked for certificates: set client_auth to "
        "kRequest or kRequire");
  }
  ClientCas cas;
  std::string verified_by = "weft " + std::to_string(static_cast<int>(options.client_auth)) + " ";
  if (given) {
    Result<PemSource> source =
        ReadPem("client CA file", "client_ca", options.client_ca_file, options.client_ca_pem);
    if (Error err = source.Err()) return err;
    Result<std::vector<X509Ptr>> parsed = ParseCertificates(*source);
    if (Error err = parsed.Err()) return err;
    cas.certificates = *std::move(parsed);
    verified_by += source->text;
  }
  if (EVP_Digest(verified_by.data(), verified_by.size(), cas.session_context.data(), nullptr,
                 EVP_sha256(), nullptr) != 1) {
    return OpensslFailed("digest of the client CAs");
  }
  return cas;
}

Result<std::vector<Loaded>> LoadIdentities(const std::vector<TlsCertificate>& files,
                                           std::vector<CertificateInfo>& infos) {
  if (files.empty())
    return Error::New("TlsServerOptions: certificates is empty: name a certificate and its key");
  std::vector<Loaded> all;
  for (std::size_t i = 0; i < files.size(); ++i) {
    Result<Identity> identity = LoadIdentity(files[i], "certificates[" + std::to_string(i) + "]");
    if (Error err = identity.Err()) return err;
    CertificateInfo info = DescribeCertificate(identity->Certificate());
    info.source = identity->source;
    std::vector<std::string> names = HostNames(info, identity->Certificate());
    std::sort(names.begin(), names.end());
    all.push_back({*std::move(identity), std::move(names)});
    infos.push_back(std::move(info));
  }
  return all;
}

bool BelongTogether(const Loaded& one, const Loaded& other) {
  return one.names == other.names && EVP_PKEY_get_base_id(one.identity.key.get()) !=
                                         EVP_PKEY_get_base_id(other.identity.key.get());
}

// The certificates of one context: the same names, each with another kind of key.
std::vector<std::vector<const Loaded*>> GroupByNames(const std::vector<Loaded>& all) {
  std::vector<std::vector<const Loaded*>> groups;
  for (const Loaded& one : all) {
    const auto group =
        std::find_if(groups.begin(), groups.end(), [&](const std::vector<const Loaded*>& members) {
          return std::all_of(members.begin(), members.end(),
                             [&](const Loaded* member) { return BelongTogether(*member, one); });
        });
    if (group != groups.end()) {
      group->push_back(&one);
    } else {
      groups.push_back({&one});
    }
  }
  return groups;
}

Error AskClients(SSL_CTX* ctx, ClientAuth client_auth, const ClientCas& cas) {
  // Always set: without it, a resumption in a context that verifies clients is a fatal error.
  if (SSL_CTX_set_session_id_context(ctx, cas.session_context.data(), cas.session_context.size()) !=
      1) {
    return OpensslFailed("session id context");
  }
  if (cas.certificates.empty()) return {};
  if (Error err = TrustOnly(ctx, cas.certificates)) return err;
  for (const X509Ptr& ca : cas.certificates) {
    if (SSL_CTX_add_client_CA(ctx, ca.get()) != 1)
      return OpensslFailed("client CA");  // their names tell a client which certificate to present
  }
  // What OpenSSL reserves for a client's certificates before any has arrived; its own limit is 100 KiB.
  SSL_CTX_set_max_cert_list(ctx, kCertificatesMax);
  const int must = client_auth == ClientAuth::kRequire ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | must, nullptr);
  return {};
}

Error AddContext(const std::vector<const Loaded*>& group, const TlsServerOptions& options,
                 const ClientCas& cas, ServerContexts& to) {
  Result<SslCtxPtr> made = MakeSslContext(TLS_server_method(), options.version_min);
  if (Error err = made.Err()) return err;
  SSL_CTX* const ctx = made->get();
  for (const Loaded* one : group) {
    if (Error err = UseIdentity(ctx, one->identity)) return err;
  }
  if (Error err = AskClients(ctx, options.client_auth, cas)) return err;
  SetServerCallbacks(ctx, to);
  for (const std::string& name : group.front()->names) to.names.Add(name, to.contexts.size());
  to.contexts.push_back(made->release());
  return {};
}

Result<std::shared_ptr<TicketKeys>> ChooseTickets(const std::string& file,
                                                  std::shared_ptr<TicketKeys> in_memory) {
  if (!file.empty()) return TicketKeys::FromFile(file);
  if (in_memory != nullptr) return in_memory;
  return TicketKeys::InMemory();
}

}  // namespace

Result<std::shared_ptr<const ServerContexts>> BuildServerContexts(
    const TlsServerOptions& options, const std::vector<std::string>& self_signed,
    std::shared_ptr<TicketKeys> tickets) {
  std::vector<TlsCertificate> files = options.certificates;
  if (!self_signed.empty()) {
    Result<TlsCertificate> made = MakeSelfSigned(self_signed);
    if (Error err = made.Err()) return err;
    files = {*std::move(made)};
  }
  auto contexts = std::make_shared<ServerContexts>();
  Result<std::vector<Loaded>> all = LoadIdentities(files, contexts->certificates);
  if (Error err = all.Err()) return err;
  Result<ClientCas> cas = LoadClientCas(options);
  if (Error err = cas.Err()) return err;
  Result<std::shared_ptr<TicketKeys>> keys =
      ChooseTickets(options.ticket_key_file, std::move(tickets));
  if (Error err = keys.Err()) return err;
  contexts->tickets = *keys;
  for (const std::vector<const Loaded*>& group : GroupByNames(*all)) {
    if (Error err = AddContext(group, options, *cas, *contexts)) return err;
  }
  return std::shared_ptr<const ServerContexts>(std::move(contexts));
}

}  // namespace weft::internal
