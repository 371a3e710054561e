// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/http1/tls_connection.h>

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

bool TlsConnection::TakeStep() noexcept {
  worked_ = false;
  if (state_ == State::kHandshake) Guard([this] { StepOn(); });
  return worked_;
}

// A client that is in the queue when its time is up has spoken in time, and gets the time once more. Only once: otherwise bytes that
// arrive one by one would hold a place without limit.
bool TlsConnection::MayTakeLonger() {
  if (!Waiting() || extended_) return false;
  extended_ = true;
  return true;
}

// A client that has just spoken, or waits for others of this loop, has done its part.
void TlsConnection::Evict() noexcept {
  if (IsSpared()) return GoOnWithHandshake();
  Connection::Evict();
}

bool TlsConnection::IsSpared() { return state_ == State::kHandshake && (Waiting() || HasInput()); }

// The certificates are those in use when the client begins to speak.
bool TlsConnection::BeginSession() {
  if (channel_.Begun()) return true;
  if (first_.empty() && !HasInput()) {
    if (Broken() || HalfClosed()) Close();  // without a report: this is not a failure
    return false;
  }
  const ServerState& server = shard_.server();
  std::unique_ptr<TlsSession> session = TlsSession::Server(TlsAccess::Current(*server.options.tls), &server.alpn);
  if (HalfClosed() || Broken()) session->SawFin();
  channel_.Begin(std::move(session), IsUnix());
  return true;
}

void TlsConnection::StepOn() {
  if (!BeginSession()) return;
  const unsigned flights = channel_.session().Flights();
  const TlsSession::Step step = channel_.Handshake(socket(), first_.View());
  first_.Recycle(0);
  worked_ = step != TlsSession::Step::kWantInput || channel_.session().Flights() != flights;
  if (worked_) BeginPeriod();  // it may have been in the queue for long, and the next step is the client's
  if (channel_.Held() > 0) OnHeld();
  switch (step) {
    case TlsSession::Step::kWantInput: return;
    case TlsSession::Step::kDone: return Succeed();
    case TlsSession::Step::kNotTls: return RefusePlainText();
    case TlsSession::Step::kFailed: return Fail();
  }
}

// The client's first request may have arrived already.
void TlsConnection::Succeed() {
  BeginLayer();
  Become(State::kFresh);
  SetMayHaveInput(true);
  if (channel_.session().Alpn() == "h2") return HandOver({});
  Drive();
}

void TlsConnection::RefusePlainText() {
  constexpr std::string_view kReason = "plain HTTP on an HTTPS port";
  SendRefusal(400, kReason, 0, /*method_is_head=*/false);
  shard_.observer().OnBadRequest({PeerName(), 400, kReason});
  SetCloseReason(CloseReason::kBadRequest);
  CloseGently();
  DropSession();
}

// A client that has merely disconnected is not a failure.
void TlsConnection::OnLayerFailed() {
  const char* const reason = channel_.GivenUp();
  if (reason == nullptr || std::exchange(given_up_, true)) return;
  SetCloseReason(CloseReason::kTls);
  shard_.observer().OnTlsFailed({.peer = PeerName(), .reason = reason, .established = true});
}

void TlsConnection::Fail() {
  shard_.observer().OnTlsFailed({PeerName(), channel_.session().Failure().reason});
  SetCloseReason(CloseReason::kTls);
  CloseGently();
  DropSession();
}

// Frees the memory of a failed handshake while the client is given time to read why.
void TlsConnection::DropSession() {
  if (channel_.Held() == 0) channel_.End();
}

}  // namespace weft::internal::http1
