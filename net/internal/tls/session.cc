// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/tls/session.h>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include <weft/net/internal/tls/alpn.h>
#include <weft/net/internal/tls/client_context.h>
#include <weft/net/internal/tls/describe_connection.h>
#include <weft/net/internal/tls/judge_failure.h>
#include <weft/net/internal/tls/openssl.h>
#include <weft/net/internal/tls/parts_left.h>
#include <weft/net/internal/tls/server_contexts.h>

namespace weft::internal {
namespace {

constexpr char kHandshakeRecord = 0x16;  // RFC 8446 section 5.1
constexpr char kClosedEarly[] = "the connection was closed during the handshake";
constexpr std::size_t kPlainMax = 16 * 1024;
constexpr std::size_t kSealedMax = kPlainMax + 256 + 5;  // a record with whatever TLS adds
constexpr unsigned kWithoutDataInATurn = 16;  // records; one that changes keys takes some 15 us
constexpr std::size_t kOverhead = 64;  // more than a record of 1.2 or 1.3 has around its data

bool IsAddress(const std::string& host) {
  std::array<unsigned char, 16> bytes;
  return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

// What the server's certificate must be for, and what it is asked for.
bool SetHost(SSL* ssl, std::string host, bool verify) {
  if (IsAddress(host))
    return !verify || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
  if (host.ends_with('.')) host.pop_back();
  if (host.empty()) return !verify;
  if (SSL_set_tlsext_host_name(ssl, host.c_str()) != 1) return false;
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return !verify || SSL_set1_host(ssl, host.c_str()) == 1;
}

}  // namespace

// Lends the caller's memory for one call. Within it, the queue of errors is cleared before each
// call of OpenSSL: it is the thread's, and what another connection has left in it would be taken
// for ours by SSL_get_error.
class TlsSession::Call {
 public:
  Call(TlsSession& session, std::span<const char> ciphertext, ByteBuffer& out) : session_(session) {
    session_.bio_.reader.Lend(ciphertext);
    session_.bio_.out = &out;
  }
  // What has arrived and cannot be kept is lost, and with it the connection.
  ~Call() {
    try {
      session_.bio_.reader.Keep();
    } catch (const std::bad_alloc&) {
      session_.bio_.reader.Clear();
      session_.FailHandshake({TlsFailure::Kind::kHere, "no memory"});
    }
    session_.bio_.out = nullptr;
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

 private:
  TlsSession& session_;
};

void TlsSession::TicketFree::operator()(ssl_session_st* ticket) const {
  SSL_SESSION_free(ticket);
}

bool TlsSession::Begin(ssl_ctx_st* ctx) {
  ssl_ = SSL_new(ctx);
  BIO* const bio = ssl_ != nullptr ? bio_.Make() : nullptr;
  if (bio == nullptr) return false;
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_app_data(ssl_, &data_);
  return true;
}

std::unique_ptr<TlsSession> TlsSession::Server(std::shared_ptr<const ServerContexts> contexts,
                                               const AlpnList* alpn) {
  std::unique_ptr<TlsSession> session(new TlsSession);
  session->server_ = true;
  session->data_.alpn = alpn;
  session->contexts_ = std::move(contexts);
  return session;
}

Result<std::unique_ptr<TlsSession>> TlsSession::Client(std::shared_ptr<const ClientContext> context,
                                                       const std::string& host,
                                                       const AlpnList& alpn, Ticket ticket) {
  std::unique_ptr<TlsSession> session(new TlsSession);
  ClearErrors();
  if (!session->Begin(context->ctx)) return Error::New("TLS: no memory for a connection");
  SSL* const ssl = session->ssl_;
  SSL_set_connect_state(ssl);
  const std::string& name = context->server_name.empty() ? host : context->server_name;
  if (!SetHost(ssl, name, context->verify))
    return Error::New("TLS: \"" + name + "\" is not a name that a server can have");
  const auto* const wire = reinterpret_cast<const unsigned char*>(alpn.Wire().data());
  if (!alpn.Empty() &&
      SSL_set_alpn_protos(ssl, wire, static_cast<unsigned>(alpn.Wire().size())) != 0) {
    return Error::New("TLS: no memory for a connection");
  }
  // A ticket that no longer fits is no reason to fail: the handshake is then a full one.
  if (ticket != nullptr) SSL_set_session(ssl, ticket.get());
  session->contexts_ = std::move(context);
  return session;
}

TlsSession::~TlsSession() {
  // Otherwise OpenSSL considers the session broken, removes it from its cache, and lets no client resume it with its ticket.
  if (done_) SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl_);
  SSL_SESSION_free(data_.ticket);
}

bool TlsSession::BeginAsServer() {
  if (!Begin(static_cast<const ServerContexts*>(contexts_.get())->Default())) return false;
  SSL_set_accept_state(ssl_);
  return true;
}

TlsSession::Step TlsSession::FailHandshake(const TlsFailure& failure) {
  failure_ = failure;
  failed_ = true;
  return Step::kFailed;
}

TlsSession::Step TlsSession::Handshake(std::span<const char> ciphertext, ByteBuffer& out) {
  if (failed_) return Step::kFailed;
  if (done_) {
    const Call keeps(*this, ciphertext, out);
    return Step::kDone;
  }
  if (server_ && !ciphertext.empty()) {
    if (!seen_ && ciphertext.front() != kHandshakeRecord) {
      FailHandshake({TlsFailure::Kind::kMalformed, "the first byte is not that of a handshake"});
      return Step::kNotTls;
    }
    // A client that has closed after its first byte cannot take part in a handshake: nothing is computed for it.
    if (!seen_ && fin_) return FailHandshake({TlsFailure::Kind::kClosed, kClosedEarly});
    if (!hello_bound_.Take(ciphertext, flights_ == 0 || SSL_version(ssl_) == TLS1_3_VERSION))
      return FailHandshake({TlsFailure::Kind::kMalformed, "the ClientHello is too large"});
    seen_ = true;
  }
  const Call call(*this, ciphertext, out);
  // OpenSSL's part is kilobytes: a client that stops within its first record costs only the bytes that have arrived.
  if (ssl_ == nullptr && !bio_.reader.HasWhole()) {
    return fin_ ? FailHandshake({TlsFailure::Kind::kClosed, kClosedEarly}) : Step::kWantInput;
  }
  ClearErrors();
  if (ssl_ == nullptr && !BeginAsServer()) throw std::bad_alloc();
  const std::size_t before = out.size();
  const int result = SSL_do_handshake(ssl_);
  if (out.size() > before) ++flights_;
  if (result == 1) {
    done_ = true;
    bio_.bounded = true;
    bio_.reader.ResetStarted();
    return Step::kDone;
  }
  const int error = SSL_get_error(ssl_, result);
  if (error == SSL_ERROR_ZERO_RETURN || (error == SSL_ERROR_WANT_READ && fin_))
    return FailHandshake({TlsFailure::Kind::kClosed, kClosedEarly});
  if (error != SSL_ERROR_WANT_READ) return FailHandshake(JudgeFailure(ssl_));
  return Step::kWantInput;
}

TlsSession::ReadResult TlsSession::Read(std::span<const char> ciphertext, std::span<char> plaintext,
                                        ByteBuffer& out) {
  if (!done_ || failed_) return {0, ReadState::kFailed};
  if (end_ != PeerEnd::kOpen) return {0, ReadState::kEnded};
  const Call call(*this, ciphertext, out);
  std::size_t size = 0;
  unsigned without_data = 0;
  while (size < plaintext.size()) {
    std::size_t count = 0;
    ClearErrors();
    if (SSL_read_ex(ssl_, plaintext.data() + size, plaintext.size() - size, &count) != 1)
      return {size, StateAfterFailedRead()};
    size += count;
    if (const unsigned started = bio_.reader.Started(); started > 1) without_data += started - 1;
    bio_.reader.ResetStarted();
    // A read that finds nothing costs as much as one that finds something.
    if (!HasPending()) return {size, NothingMore()};
    // New keys cost as much as many records, and one recv can bring thousands of them: other connections have
    // their turn in between.
    if (without_data >= kWithoutDataInATurn) break;
  }
  return {size, ReadState::kMore};
}

TlsSession::ReadState TlsSession::StateAfterFailedRead() {
  switch (SSL_get_error(ssl_, 0)) {
    case SSL_ERROR_WANT_READ:
      return NothingMore();
    case SSL_ERROR_ZERO_RETURN:
      end_ = PeerEnd::kCloseNotify;
      bio_.reader.Clear();  // RFC 8446 section 6.1: what follows is ignored
      return ReadState::kEnded;
    default:
      break;
  }
  failed_ = true;
  failure_ = JudgeFailure(ssl_);
  if (bio_.stopped)
    failure_ = {TlsFailure::Kind::kMalformed, "the client tries to renegotiate"};
  else if (bio_.TooManyIdle())
    failure_ = {TlsFailure::Kind::kMalformed, "too many records without data"};
  return ReadState::kFailed;
}

TlsSession::ReadState TlsSession::NothingMore() {
  if (!fin_) return ReadState::kWantInput;
  end_ = bio_.reader.Empty() ? PeerEnd::kFin : PeerEnd::kTruncated;
  bio_.reader.Clear();
  return ReadState::kEnded;
}

bool TlsSession::WriteAll(const char* bytes, std::size_t size) {
  std::size_t count = 0;
  ClearErrors();
  if (SSL_write_ex(ssl_, bytes, size, &count) == 1) return true;
  failed_ = true;
  failure_ = JudgeFailure(ssl_);
  return false;
}

bool TlsSession::Write(std::span<const iovec> parts, ByteBuffer& out) {
  if (!done_ || failed_ || finished_) return false;
  const Call call(*this, {}, out);
  PartsLeft left(parts);
  const std::size_t total = left.Total();
  out.Reserve(total + (total / kPlainMax + parts.size() + 1) * kOverhead);
  while (!left.Empty()) {
    if (const std::string_view whole = left.TakeWhole(kPlainMax); !whole.empty()) {
      if (!WriteAll(whole.data(), whole.size())) return false;
      continue;
    }
    // Small parts share a record. They are gathered where the buffer has room after the ciphertext
    // that becomes of them, which is not written before it is made.
    char* const room = out.Reserve(2 * kSealedMax) + kSealedMax;
    if (!WriteAll(room, left.Gather(room, kPlainMax))) return false;
  }
  return true;
}

void TlsSession::Finish(ByteBuffer& out) {
  if (!done_ || failed_ || finished_) return;
  finished_ = true;
  const Call call(*this, {}, out);
  ClearErrors();
  SSL_shutdown(ssl_);
}

bool TlsSession::HasPending() const {
  return SSL_pending(ssl_) > 0 || bio_.reader.HasWhole();
}

std::string_view TlsSession::Alpn() const {
  return ChosenProtocol(ssl_);
}

const TlsInfo& TlsSession::Info() {
  if (info_ == nullptr) info_ = std::make_unique<TlsInfo>(DescribeConnection(ssl_));
  return *info_;
}

bool TlsSession::ServesHost(std::string_view host) const {
  const auto& its = *static_cast<const ServerContexts*>(contexts_.get());
  if (its.contexts.size() == 1 || its.For(host) == SSL_get_SSL_CTX(ssl_)) return true;
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty()) return true;
  X509* const shown = SSL_get_certificate(ssl_);
  const bool serves = X509_check_host(shown, host.data(), host.size(), 0, nullptr) == 1 ||
                      X509_check_ip_asc(shown, std::string(host).c_str(), 0) == 1;
  ClearErrors();
  return serves;
}

TlsSession::Ticket TlsSession::TakeTicket() {
  // TLS 1.2 reports no ticket in place of another one.
  if (data_.ticket == nullptr && done_ && SSL_version(ssl_) == TLS1_2_VERSION) {
    Ticket current(SSL_get1_session(ssl_));
    if (SSL_SESSION_is_resumable(current.get()) == 1) return current;
  }
  return Ticket(std::exchange(data_.ticket, nullptr));
}

}  // namespace weft::internal
