// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/http2/client_multiplexer.h>

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include <weft/net/internal/socket.h>

namespace weft::internal::http2 {
namespace {

constexpr std::uint32_t kStreamWindow = 1024 * 1024;           // what an unread response may hold
constexpr std::uint32_t kConnectionWindow = 16 * 1024 * 1024;  // returned on receipt
constexpr std::uint32_t kMisbehaviourMax = 500;
constexpr std::size_t kParts = 64;

// What lies here is used up within a call.
std::span<char> PieceOfThread() {
  thread_local std::array<char, 16 * 1024> piece;
  return piece;
}

}  // namespace

ClientMultiplexer::ClientMultiplexer(std::unique_ptr<SocketWire> wire, const HttpClientOptions& options, const ClientWire::Pace& pace,
                                     OriginPool& pool, Home& home, Loop& loop)
    : options_(options), pace_(pace), pool_(pool), home_(home), loop_(loop), wire_(std::move(wire)), budget_(kMisbehaviourMax) {}

ClientMultiplexer::~ClientMultiplexer() {
  Close();
  for (Timer* const timer : {&flush_, &more_, &probe_}) loop_.Disarm(*timer);
}

bool ClientMultiplexer::Begin() {
  session_ = Session::Client({.stream_window = kStreamWindow, .connection_window = kConnectionWindow, .field_list_max = options_.head_bytes_max}, *this);
  if (session_ == nullptr) {
    failed_ = true;
    return false;
  }
  wire_->Listen(*this);
  heard_ = Now();
  Flush();
  ReadNow();  // the server's SETTINGS may have come with its part of the handshake
  return true;
}

void ClientMultiplexer::Close() noexcept {
  if (failed_) return;
  try {
    session_->SayEnd(ErrorCode::kNoError);
    Flush();
  } catch (const std::bad_alloc&) {  // the end is all the same
  }
  Fail(ClientFailure::kEnded, "the client has closed the connection");
}

// --- for its streams

// Fibers that were woken together usually send their next requests together: then the last one of them sends all requests in one write.
bool ClientMultiplexer::Open(ClientStream& stream, std::span<const Fields::Field> fields, bool body) {
  if (failed_ || !session_->TakesRequests() || !session_->Request(stream, fields, body)) return false;
  if (!probe_.Armed()) {
    heard_ = Now();
    ArmProbe();
  }
  if (woken == 0 || body) {
    Flush();
  } else if (!flush_.Armed()) {
    loop_.Arm(flush_, loop_.TurnTime());
  }
  return true;
}

void ClientMultiplexer::Remove(ClientStream& stream) noexcept {
  if (!failed_ && stream.Open()) {
    try {
      session_->Reset(stream, ErrorCode::kCancel);
    } catch (const std::bad_alloc&) {
      Fail(ClientFailure::kReset, "no memory");
    }
  } else {
    budget_.StreamEndedWell();
  }
  served = true;
  session_->Forget(stream);
  std::erase(streams_, &stream);
  if (!failed_ && !flush_.Armed() && session_->Waiting() > 0) Flush();
  if (!streams_.empty()) return home_.OnRoom(*this);
  loop_.Disarm(probe_);
  if (Ended()) return home_.OnEnd(*this);
  home_.OnUnused(*this);
}

void ClientMultiplexer::Resume(ClientStream& stream) {
  if (failed_) return;
  session_->ResumeBody(stream);
  Flush();
}

// Also within Session::Receive, hence at the end of the turn.
void ClientMultiplexer::StopBody(ClientStream& stream) noexcept {
  if (failed_) return;
  try {
    session_->Reset(stream, ErrorCode::kCancel);
  } catch (const std::bad_alloc&) {
    return Fail(ClientFailure::kReset, "no memory");
  }
  if (!flush_.Armed()) loop_.Arm(flush_, loop_.TurnTime());
}

void ClientMultiplexer::GiveBack(ClientStream& stream, std::size_t size) noexcept {
  if (failed_) return;
  try {
    session_->GiveBackStream(stream, size);
  } catch (const std::bad_alloc&) {
    return Fail(ClientFailure::kReset, "no memory");
  }
  if (session_->Waiting() > 0) Flush();
}

// --- receiving

void ClientMultiplexer::OnReadable() noexcept {
  ReadNow();
  EndIfUseless();
}

void ClientMultiplexer::OnWritable() noexcept {
  Flush();
  EndIfUseless();
}

void ClientMultiplexer::EndIfUseless() noexcept {
  if (streams_.empty() && Ended()) home_.OnEnd(*this);
}

void ClientMultiplexer::ReadNow() noexcept {
  if (!failed_) wire_->LookAgain();
  for (int pieces = 0; !failed_; ++pieces) {
    // If sending has failed, this is the last chance to find out why.
    if (pieces == kPiecesInARow && !send_failed_) {
      loop_.Arm(more_, loop_.TurnTime());
      break;
    }
    const std::span<char> piece = PieceOfThread();
    SocketWire::Taken taken;
    try {
      taken = wire_->TakeNow(piece);
    } catch (const std::bad_alloc&) {
      return Fail(ClientFailure::kReset, "no memory");
    }
    if (taken.state == SocketWire::Taken::State::kNothing) break;
    if (taken.state == SocketWire::Taken::State::kEnd) return Fail(ClientFailure::kEnded, "the connection ended before the response");
    if (taken.state == SocketWire::Taken::State::kFailed) return Fail(ClientFailure::kReset, "the connection was reset");
    if (!Take(piece.first(taken.size))) return;
  }
  Flush();
}

void ClientMultiplexer::Settle() noexcept {
  if (!std::exchange(settled_, true)) home_.OnSettled(*this);
}

// The server may send them again, with another number of streams (RFC 9113 section 6.5.3).
void ClientMultiplexer::OnSettings() {
  Settle();
  home_.OnRoom(*this);
}

std::size_t ClientMultiplexer::Endless() const {
  return static_cast<std::size_t>(std::count_if(streams_.begin(), streams_.end(), [](const ClientStream* stream) { return stream->endless; }));
}

bool ClientMultiplexer::Take(std::span<const char> bytes) {
  heard_ = Now();
  asked_ = false;
  try {
    const bool good = session_->Receive({bytes.data(), bytes.size()});
    if (received_ > 0) session_->GiveBackConnection(std::exchange(received_, 0));
    if (good && flooded_) session_->Terminate(ErrorCode::kEnhanceYourCalm);
    if (!good || flooded_) {
      Flush();
      Fail(ClientFailure::kMalformed, flooded_ ? "the server has sent too many frames that carry next to nothing" : "the server has broken the rules of HTTP/2");
      return false;
    }
  } catch (const std::bad_alloc&) {
    Fail(ClientFailure::kReset, "no memory");
    return false;
  }
  if (session_->PeerEnds()) RefuseUnsent();
  return true;
}

// On a connection that accepts no more, nothing is sent for those that are still queued.
void ClientMultiplexer::RefuseUnsent() noexcept {
  for (ClientStream* stream : streams_) {
    if (!stream->HeadSent()) stream->Fail({ClientFailure::kReset, false, true, "the server has ended the connection before this request"});
  }
  home_.OnRoom(*this);
}

void ClientMultiplexer::OnNuisance(Nuisance what) {
  switch (what) {
    case Nuisance::kControlFrame:
    case Nuisance::kEmptyData:
    case Nuisance::kPriority:
    case Nuisance::kWindowUpdate: flooded_ = flooded_ || !budget_.Spend(1, Now().time_since_epoch()); break;
    default: break;  // the caller has chosen the server
  }
}

// --- sending

void ClientMultiplexer::Flush() noexcept {
  loop_.Disarm(flush_);
  if (failed_ || send_failed_ || (out_.Empty() && !session_->HasOutput())) return;
  try {
    SendFrames();
  } catch (const std::bad_alloc&) {
    return Fail(ClientFailure::kReset, "no memory");
  }
  // If the library finds an error, it first sends a GOAWAY.
  if (!failed_ && session_->Failed()) Fail(ClientFailure::kMalformed, "the server has broken the rules of HTTP/2");
}

void ClientMultiplexer::SendFrames() {
  while (!failed_) {
    if (out_.Size() < kGather && !session_->Write(out_, kGather)) throw std::bad_alloc();
    if (out_.Empty()) return;
    std::array<iovec, kParts> parts;
    std::size_t count = 0;
    out_.ForEachPiece(kParts, [&](std::string_view piece) { parts[count++] = Part(piece); });
    const Result<std::size_t> sent = wire_->WriteAtOnce(parts.data(), count);
    if (!sent.Ok()) {
      // A server that has closed may have said why, and there may be complete responses.
      send_failed_ = true;
      ReadNow();
      return Fail(ClientFailure::kReset, "the connection was reset: nothing can be sent");
    }
    if (*sent == 0) return wire_->AwaitRoom();
    out_.Consume(*sent);
    sent_ += *sent;
  }
}

// --- the end

// Checks that the server is still there, for requests that wait (RFC 9113 section 6.7). Bytes that have arrived and were not read count.
void ClientMultiplexer::Probe() noexcept {
  ReadNow();
  if (failed_ || streams_.empty()) return EndIfUseless();
  if (Now() - heard_ >= options_.ping_after) {
    if (asked_) return Fail(ClientFailure::kStalled, "no reply to a PING");
    asked_ = true;
    heard_ = Now();
    try {
      session_->Ping();
    } catch (const std::bad_alloc&) {
      return Fail(ClientFailure::kReset, "no memory");
    }
    Flush();
  }
  ArmProbe();
}

void ClientMultiplexer::ArmProbe() noexcept {
  if (options_.ping_after < TimePoint::max() - heard_) loop_.Arm(probe_, heard_ + options_.ping_after);
}

void ClientMultiplexer::Fail(ClientFailure::Kind kind, const char* detail) noexcept {
  if (failed_) return;
  failed_ = true;
  for (ClientStream* stream : streams_) stream->OnConnectionEnd(kind, detail);
  for (Timer* const timer : {&flush_, &more_, &probe_}) loop_.Disarm(*timer);
  wire_->Close();
  Settle();
  home_.OnRoom(*this);
}

}  // namespace weft::internal::http2
