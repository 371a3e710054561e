// SPDX-License-Identifier: Apache-2.0
//
// Sessions of TLS, which take whatever comes from the network. The first byte of the input says
// what the rest is: bytes for a server or a client that wait for a handshake, changes of a real
// first flight, ciphertext for a connection that is open, or plaintext that is carried over one.
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <weft/net/internal/socket.h>
#include <weft/net/internal/tls/alpn.h>
#include <weft/net/internal/tls/client_context.h>
#include <weft/net/internal/tls/session.h>
#include <weft/net/internal/tls/tls_access.h>

#include "fuzz.h"

namespace weft::fuzz {
namespace {

using internal::ByteBuffer;
using internal::TlsSession;
using SessionPtr = std::unique_ptr<TlsSession>;

template <class T>
T Value(Result<T> result, const char* rule) {
  FUZZ_CHECK(result.Ok(), rule);
  return *std::move(result);
}

const internal::AlpnList& Protocols() {
  static const internal::AlpnList list = {"two", "one"};
  return list;
}

SessionPtr NewServer() {
  static const Tls tls = Value(Tls::SelfSigned({"localhost"}), "a certificate can be made");
  SessionPtr session = TlsSession::Server(internal::TlsAccess::Current(tls), &Protocols());
  FUZZ_CHECK(session != nullptr, "there is memory for a session");
  return session;
}

SessionPtr NewClient() {
  static const auto context = Value(internal::ClientContext::Load({.insecure_skip_verify = true}),
                                    "a client needs nothing");
  return Value(TlsSession::Client(context, "localhost", Protocols()), "localhost is a name");
}

std::string Taken(ByteBuffer& out) {
  std::string text(out.View());
  out.Clear();
  return text;
}

// What a side has made of the bytes, and what it has read.
struct Outcome {
  TlsSession::Step step = TlsSession::Step::kWantInput;
  TlsSession::ReadState state = TlsSession::ReadState::kWantInput;
  std::string read = {};
  bool over = false;
};

void Feed(TlsSession& session, std::string_view bytes, Outcome& outcome) {
  const ExactCopy copy(bytes);
  std::string_view left = copy.View();
  ByteBuffer out;
  if (!session.HandshakeDone()) {
    outcome.step = session.Handshake(left, out);
    left = {};
    if (outcome.step != TlsSession::Step::kDone) {
      outcome.over = outcome.step != TlsSession::Step::kWantInput;
      FUZZ_CHECK(outcome.step != TlsSession::Step::kNotTls || out.empty(),
                 "plain text is not answered by TLS");
      return;
    }
  }
  char room[50];
  TlsSession::ReadResult got;
  do {
    got = session.Read(left, room, out);
    FUZZ_CHECK(got.size <= sizeof room, "no more is read than there is room for");
    FUZZ_CHECK(got.state != TlsSession::ReadState::kWantInput || !session.HasPending(),
               "what is pending is read");
    left = {};
    outcome.read.append(room, got.size);
  } while (got.state == TlsSession::ReadState::kMore);
  outcome.state = got.state;
  outcome.over = got.state != TlsSession::ReadState::kWantInput;
}

void FeedInPieces(TlsSession& session, std::string_view bytes, Pieces::How how, Outcome& outcome) {
  Pieces pieces(bytes, how);
  for (std::string_view piece; !outcome.over && pieces.Next(piece);) Feed(session, piece, outcome);
}

// Nothing of it is by chance but the keys, which have no part in a first flight's verdict.
void CheckHandshake(std::string_view bytes, SessionPtr (*make)()) {
  Outcome whole;
  const SessionPtr session = make();
  Feed(*session, bytes, whole);
  for (const Pieces::How how : Pieces::kAll) {
    Outcome pieces;
    const SessionPtr other = make();
    FeedInPieces(*other, bytes, how, pieces);
    FUZZ_CHECK(pieces.step == whole.step, "pieces get the verdict of the whole");
  }
  session->SawFin();
  ByteBuffer out;
  const TlsSession::Step end = session->Handshake({}, out);
  FUZZ_CHECK(end == TlsSession::Step::kFailed, "nobody gets in by bytes alone");
}

// The input says which bytes of a real flight are others.
void CheckChangedFlight(std::string_view changes) {
  const SessionPtr client = NewClient();
  ByteBuffer out;
  FUZZ_CHECK(client->Handshake({}, out) == TlsSession::Step::kWantInput, "a client begins");
  std::string flight = Taken(out);
  for (; changes.size() >= 3; changes.remove_prefix(3)) {
    const std::size_t at =
        static_cast<unsigned char>(changes[0]) << 8 | static_cast<unsigned char>(changes[1]);
    flight[at % flight.size()] ^= changes[2];
  }
  CheckHandshake(flight, &NewServer);
}

std::pair<SessionPtr, SessionPtr> Connected() {
  SessionPtr client = NewClient(), server = NewServer();
  ByteBuffer to_server, to_client;
  client->Handshake({}, to_server);
  while (!client->HandshakeDone() || !server->HandshakeDone()) {
    server->Handshake(Taken(to_server), to_client);
    client->Handshake(Taken(to_client), to_server);
    FUZZ_CHECK(!to_server.empty() || server->HandshakeDone(), "the library connects to itself");
  }
  return {std::move(client), std::move(server)};
}

void CheckCiphertext(std::string_view bytes) {
  const auto [client, server] = Connected();
  Outcome outcome;
  FeedInPieces(*server, bytes, Pieces::How::kRandom, outcome);
  FUZZ_CHECK(outcome.read.empty(), "nothing is read that the peer has not sealed");
  server->SawFin();
  Feed(*server, {}, outcome);
  FUZZ_CHECK(outcome.state != TlsSession::ReadState::kWantInput,
             "after a FIN nothing is waited for");
  ByteBuffer out;
  server->Finish(out);
}

void CheckPlaintext(std::string_view text) {
  const auto [client, server] = Connected();
  Dice dice(text);
  ByteBuffer out;
  for (std::string_view left = text; !left.empty();) {
    const std::string_view first = left.substr(0, dice.Below(left.size() + 1));
    left.remove_prefix(first.size());
    const std::string_view second = left.substr(0, dice.Below(left.size() + 1));
    left.remove_prefix(second.size());
    const iovec parts[] = {internal::Part(first), internal::Part(second)};
    FUZZ_CHECK(client->Write(parts, out), "a client writes");
  }
  client->Finish(out);
  Outcome outcome;
  FeedInPieces(*server, Taken(out), Pieces::kAll[dice.Below(4)], outcome);
  FUZZ_CHECK(outcome.state == TlsSession::ReadState::kEnded, "an end in good order is one");
  FUZZ_CHECK(server->Ended() == TlsSession::PeerEnd::kCloseNotify, "it is known for one");
  FUZZ_CHECK(outcome.read == text, "what was written is read");
}

}  // namespace
}  // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weft::fuzz;
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
    case 0:
      CheckHandshake(rest, &NewServer);
      break;
    case 1:
      CheckHandshake(rest, &NewClient);
      break;
    case 2:
      CheckChangedFlight(rest);
      break;
    case 3:
      CheckCiphertext(rest);
      break;
    default:
      CheckPlaintext(rest);
      break;
  }
  return 0;
}
