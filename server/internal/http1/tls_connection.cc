// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/http1/tls_connection.h>

#include <new>
#include <utility>

#include <weft/net/internal/tls/tls_access.h>
#include <weft/server/internal/http1/loop_part.h>

namespace weft::internal::http1 {

bool TlsConnection::BeginHandshake(std::string_view first) {
  if (Layered()) return false;
  first_.Assign(first);
  Become(State::kHandshake);
  if (!first.empty() || MayHaveInput()) GoOnWithHandshake();
  return true;
}

void TlsConnection::GoOnWithHandshake() { part().handshakes.Add(*this); }

void TlsConnection::TakeStep() noexcept {
  if (state_ == State::kHandshake) Guard([this] { StepOn(); });
}

// The certificates are those of the moment at which the client begins to speak.
bool TlsConnection::BeginSession() {
  if (channel_.Begun()) return true;
  if (first_.empty() && !HasInput()) {
    if (Broken() || HalfClosed()) Close();  // without a word: nobody's failure
    return false;
  }
  const ServerState& server = shard_.server();
  std::unique_ptr<TlsSession> session = TlsSession::Server(TlsAccess::Current(*server.options.tls), &server.alpn);
  if (session == nullptr) throw std::bad_alloc();
  channel_.Begin(std::move(session));
  return true;
}

void TlsConnection::StepOn() {
  if (!BeginSession()) return;
  const TlsSession::Step step = channel_.Handshake(socket(), first_.View());
  first_.Recycle(0);
  if (channel_.Held() > 0) OnHeld();
  switch (step) {
    case TlsSession::Step::kWantInput: return;
    case TlsSession::Step::kDone: return Succeed();
    case TlsSession::Step::kNotTls: return RefusePlainText();
    case TlsSession::Step::kFailed: return Fail();
  }
}

// The client's first request may be here already.
void TlsConnection::Succeed() {
  BeginLayer();
  Become(State::kFresh);
  SetMayHaveInput(true);
  if (channel_.session().Alpn() == "h2") return HandOver({});
  Drive();
}

void TlsConnection::RefusePlainText() {
  constexpr std::string_view kReason = "plain HTTP on a port for HTTPS";
  SendRefusal(400, kReason, 0, /*method_is_head=*/false);
  shard_.observer().OnBadRequest({PeerName(), 400, kReason});
  SetCloseReason(CloseReason::kBadRequest);
  CloseGently();
}

void TlsConnection::Fail() {
  shard_.observer().OnTlsFailed({PeerName(), channel_.session().Failure().reason});
  SetCloseReason(CloseReason::kTls);
  CloseGently();
}

}  // namespace weft::internal::http1
