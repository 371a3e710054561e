// SPDX-License-Identifier: Apache-2.0
//
// What a weft without OpenSSL has in place of the other files of this folder (WEFT_TLS=OFF).
// Nothing can be loaded, so that there never are contexts, and functions that take them are never called.
#include <weft/net/internal/tls/build_server_contexts.h>
#include <weft/net/internal/tls/client_context.h>
#include <weft/net/internal/tls/session.h>

namespace weft::internal {
namespace {

Error BuiltWithout() {
  return Error::New(
      "weft was built without TLS: build it with -DWEFT_TLS=ON, for which it needs OpenSSL");
}

[[noreturn]] void Unreachable() {
  AbortMisuse("TlsSession", "weft was built without TLS");
}

}  // namespace

Result<std::shared_ptr<const ServerContexts>> BuildServerContexts(const TlsServerOptions&,
                                                                  const std::vector<std::string>&,
                                                                  std::shared_ptr<TicketKeys>) {
  return BuiltWithout();
}
Result<std::shared_ptr<const ClientContext>> ClientContext::Load(const TlsClientOptions&) {
  return BuiltWithout();
}

ServerContexts::ServerContexts() = default;
ServerContexts::~ServerContexts() = default;
ClientContext::~ClientContext() = default;

std::unique_ptr<TlsSession> TlsSession::Server(std::shared_ptr<const ServerContexts>,
                                               const AlpnList*) {
  Unreachable();
}
Result<std::unique_ptr<TlsSession>> TlsSession::Client(std::shared_ptr<const ClientContext>,
                                                       const std::string&, const AlpnList&,
                                                       Ticket) {
  Unreachable();
}
TlsSession::~TlsSession() = default;
TlsSession::Step TlsSession::Handshake(std::span<const char>, ByteBuffer&) {
  Unreachable();
}
TlsSession::ReadResult TlsSession::Read(std::span<const char>, std::span<char>, ByteBuffer&) {
  Unreachable();
}
bool TlsSession::Write(std::span<const iovec>, ByteBuffer&) {
  Unreachable();
}
void TlsSession::Finish(ByteBuffer&) {
  Unreachable();
}
bool TlsSession::HasPending() const {
  Unreachable();
}
bool TlsSession::ServesHost(std::string_view) const { return true; }
std::string_view TlsSession::Alpn() const {
  Unreachable();
}
const TlsInfo& TlsSession::Info() {
  Unreachable();
}
TlsSession::Ticket TlsSession::TakeTicket() {
  Unreachable();
}
void TlsSession::TicketFree::operator()(ssl_session_st*) const {
  Unreachable();
}

}  // namespace weft::internal
