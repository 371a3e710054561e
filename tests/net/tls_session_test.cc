// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <string>
#include <vector>

#include "../kit/sanitized.h"
#include "tls_certificates.h"
#include "tls_talk.h"

namespace weft {
namespace {

using internal::AlpnList;
using internal::TlsFailure;
using Session = internal::TlsSession;

constexpr std::size_t kRecordOverhead = 22;  // TLS 1.3: head, type, tag

std::shared_ptr<const internal::ClientContext> ClientOf(TlsVersion version) {
  auto context = AnyClient();
  if (version == TlsVersion::k12) SSL_CTX_set_max_proto_version(context->ctx, TLS1_2_VERSION);
  return context;
}

std::string Pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 26 + (i / 1000) % 5);
  return text;
}

TEST(TlsSession, CarriesAWholeConnectionInPiecesOfAnySize) {
  const Tls tls = LocalTls();
  for (const TlsVersion version : {TlsVersion::k12, TlsVersion::k13}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{5}, std::size_t{6},
                                    std::size_t{1000}, std::size_t{16384}, kWhole}) {
      SCOPED_TRACE(std::string(TlsVersionName(version)) + " in pieces of " + std::to_string(piece));
      TlsConnection c = Connect(tls, ClientOf(version), {.piece = piece});
      ASSERT_TRUE(c.Done()) << c.server.session->Failure().reason;
      const std::string request = "ping", response = Pattern(kSanitized && piece < 1000 ? 4'000 : 40'000);
      ASSERT_TRUE(c.client.Write(request));
      Talk(c.client, c.server, piece);
      EXPECT_EQ(c.server.read, request);
      ASSERT_TRUE(c.server.Write(response));
      c.server.session->Finish(c.server.out);
      Talk(c.client, c.server, piece);
      EXPECT_TRUE(c.client.read == response);
      EXPECT_EQ(c.client.session->Ended(), Session::PeerEnd::kCloseNotify);
      EXPECT_EQ(c.server.session->Ended(), Session::PeerEnd::kOpen);
      EXPECT_EQ(c.server.session->Info().version, version);
      EXPECT_EQ(c.server.session->Info().cipher, version == TlsVersion::k12
                                                     ? "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
                                                     : "TLS_AES_256_GCM_SHA384");
      EXPECT_EQ(c.server.session->Info().server_name, "localhost");
    }
  }
}

// By these a server knows how much of its time a client has had.
TEST(TlsSession, CountsTheFlightsForWhichItComputes) {
  const Tls tls = LocalTls();
  for (const bool retried : {false, true}) {
    const auto context = AnyClient();
    // The server takes no key of the first group (RFC 8446 section 4.1.4).
    if (retried) {
      ASSERT_EQ(SSL_CTX_set1_groups_list(context->ctx, "X448:P-256"), 1);
    }
    TlsSide client(*Session::Client(context, "localhost", {}));
    TlsSide server(Session::Server(internal::TlsAccess::Current(tls), nullptr));
    client.Start();
    const std::string hello = client.Sent();
    server.Take(hello.substr(0, hello.size() / 2));
    EXPECT_EQ(server.session->Flights(), 0u) << "not whole yet";
    server.Take(hello.substr(hello.size() / 2));
    EXPECT_EQ(server.session->Flights(), 1u);
    Talk(client, server);
    EXPECT_TRUE(server.session->HandshakeDone());
    // The last are its tickets.
    EXPECT_EQ(server.session->Flights(), retried ? 3u : 2u);
  }
}

// The first flight of a client, cut once at each of its bytes.
TEST(TlsSession, TakesAClientHelloThatIsCutAnywhere) {
  const Tls tls = LocalTls();
  const auto client = AnyClient();
  const AlpnList none;
  std::size_t cuts = 0;
  for (std::size_t at = 0; at <= cuts; ++at) {
    TlsSide from(*Session::Client(client, "localhost", none));
    TlsSide to(Session::Server(internal::TlsAccess::Current(tls), nullptr));
    from.Start();
    const std::string hello = from.Sent();
    cuts = hello.size();
    to.Take(std::string_view(hello).substr(0, at));
    EXPECT_EQ(to.step, at < cuts ? Session::Step::kWantInput : to.step);
    EXPECT_EQ(to.session->InRecord(), at != 0 && at != cuts);
    to.Take(std::string_view(hello).substr(at));
    Talk(from, to);
    ASSERT_TRUE(from.session->HandshakeDone() && to.session->HandshakeDone()) << "cut at " << at;
  }
  EXPECT_GT(cuts, 100u);
}

TEST(TlsSession, ReadsRecordsThatAreCutAnywhere) {
  TlsConnection c = Connect(LocalTls(), AnyClient());
  std::string expected;
  std::size_t cuts = 0;
  for (std::size_t at = 0; at <= cuts; ++at) {
    ASSERT_TRUE(c.client.Write("first record"));
    ASSERT_TRUE(c.client.Write("second"));
    const std::string bytes = c.client.Sent();
    cuts = bytes.size();
    c.server.Take(std::string_view(bytes).substr(0, at));
    c.server.Take(std::string_view(bytes).substr(at));
    expected += "first recordsecond";
    ASSERT_EQ(c.server.read, expected) << "cut at " << at;
    EXPECT_FALSE(c.server.session->InRecord());
  }
}

TEST(TlsSession, GivesPlaintextIntoAsLittleRoomAsThereIs) {
  TlsConnection c = Connect(LocalTls(), AnyClient());
  const std::string text = Pattern(20'000);
  for (const std::size_t room :
       {std::size_t{1000}, std::size_t{16384}, std::size_t{19'999}, std::size_t{20'000}}) {
    c.server.room = room;
    c.server.read.clear();
    ASSERT_TRUE(c.client.Write(text));
    c.server.Take(c.client.Sent());
    EXPECT_TRUE(c.server.read == text) << room;
    EXPECT_EQ(c.server.state, Session::ReadState::kWantInput);
    EXPECT_FALSE(c.server.session->HasPending());
  }
}

TEST(TlsSession, SaysThatThereIsMoreThanTheRoomHeld) {
  TlsConnection c = Connect(LocalTls(), AnyClient());
  ASSERT_TRUE(c.client.Write("abc"));
  ASSERT_TRUE(c.client.Write("def"));
  const std::string bytes = c.client.Sent();
  char room[3];
  internal::ByteBuffer out;
  Session::ReadResult got = c.server.session->Read(bytes, room, out);
  EXPECT_EQ(got.size, 3u);
  EXPECT_EQ(got.state, Session::ReadState::kMore);
  EXPECT_TRUE(c.server.session->HasPending());
  EXPECT_FALSE(c.server.session->InRecord());
  got = c.server.session->Read({}, room, out);
  EXPECT_EQ(std::string_view(room, got.size), "def");
  EXPECT_EQ(got.state, Session::ReadState::kWantInput);
  EXPECT_FALSE(c.server.session->HasPending());
}

// As a client does that sends its request together with the end of its handshake.
TEST(TlsSession, KeepsWhatComesWithTheEndOfTheHandshake) {
  const Tls tls = LocalTls();
  const AlpnList none;
  TlsSide client(*Session::Client(AnyClient(), "localhost", none));
  TlsSide server(Session::Server(internal::TlsAccess::Current(tls), nullptr));
  client.Start();
  server.Take(client.Sent());
  client.Take(server.Sent());
  ASSERT_TRUE(client.session->HandshakeDone());
  ASSERT_TRUE(client.Write("early"));
  const std::string bytes = client.Sent();
  internal::ByteBuffer out;
  EXPECT_EQ(server.session->Handshake(bytes, out), Session::Step::kDone);
  EXPECT_TRUE(server.session->HasPending());
  ASSERT_TRUE(client.Write(" too"));
  EXPECT_EQ(server.session->Handshake(client.Sent(), out), Session::Step::kDone);
  char room[100];
  const Session::ReadResult got = server.session->Read({}, room, out);
  EXPECT_EQ(std::string_view(room, got.size), "early too");
  EXPECT_EQ(got.state, Session::ReadState::kWantInput);
}

TEST(TlsSession, GathersSmallPartsInOneRecord) {
  struct Case {
    std::vector<std::size_t> parts;
    std::size_t records;
  };
  const std::vector<Case> cases = {
      {{1}, 1},
      {{100, 200, 300}, 1},
      {{0, 5, 0, 0, 7, 0}, 1},
      {{}, 0},
      {{0}, 0},
      {{16384}, 1},
      {{16385}, 2},
      {{200, 16184}, 1},
      {{200, 16185}, 2},
      {{16384, 16384}, 2},
      {{16384, 1}, 2},
      {{200, 65536}, 5},
      {{65536, 200}, 5},
      {{40'000, 100, 50'000}, 6},
  };
  TlsConnection c = Connect(LocalTls(), AnyClient());
  for (const Case& one : cases) {
    SCOPED_TRACE(::testing::PrintToString(one.parts));
    std::vector<std::string> texts;
    std::vector<iovec> parts;
    std::string whole;
    for (const std::size_t size : one.parts) texts.push_back(Pattern(size + 7).substr(7));
    for (const std::string& text : texts) {
      parts.push_back(internal::Part(text));
      whole += text;
    }
    ASSERT_TRUE(c.server.session->Write(parts, c.server.out));
    const std::string bytes = c.server.Sent();
    EXPECT_EQ(bytes.size(), whole.size() + one.records * kRecordOverhead);
    c.client.read.clear();
    c.client.Take(bytes);
    EXPECT_TRUE(c.client.read == whole);
  }
}

// What comes first that is no TLS: the server may say so in plain text.
TEST(TlsSession, DistinguishesPlainTextFromTls) {
  using namespace std::string_view_literals;
  const Tls tls = LocalTls();
  for (const std::string_view text : {"GET / HTTP/1.1\r\n"sv, "\r\n"sv, "\0"sv,
                                      "\x80\x2e\x01\x03"sv, "\x15\x03\x01"sv, "SSH-2.0"sv}) {
    TlsSide server(Session::Server(internal::TlsAccess::Current(tls), nullptr));
    server.Take(text);
    EXPECT_EQ(server.step, Session::Step::kNotTls) << ::testing::PrintToString(text);
    EXPECT_EQ(server.Sent(), "");
    server.Take(text);
    EXPECT_EQ(server.step, Session::Step::kFailed);
  }
}

TEST(TlsSession, FailsWithAReasonAndAnAlert) {
  using namespace std::string_view_literals;
  struct Case {
    std::string_view bytes;
    TlsFailure::Kind kind;
    bool alert = true;  // OpenSSL has none for somebody who does not speak its language
  };
  const Case cases[] = {
      {"\x16\x03\x01\xff\xff"sv, TlsFailure::Kind::kMalformed},
      {"\x16\x03\x01\x00\x04\x01\x00\x00\x00"sv, TlsFailure::Kind::kMalformed},
      {"\x16\x02\x01\x00\x04\x01\x00\x00\x00"sv, TlsFailure::Kind::kVersion, false},
      {"\x16GET / HTTP/1.1"sv, TlsFailure::Kind::kVersion, false},
  };
  const Tls tls = LocalTls();
  for (const Case& one : cases) {
    SCOPED_TRACE(::testing::PrintToString(one.bytes));
    TlsSide server(Session::Server(internal::TlsAccess::Current(tls), nullptr));
    server.Take(one.bytes);
    ASSERT_EQ(server.step, Session::Step::kFailed);
    EXPECT_EQ(server.session->Failure().kind, one.kind) << server.session->Failure().reason;
    EXPECT_STRNE(server.session->Failure().reason, "");
    EXPECT_EQ(server.Sent().starts_with("\x15"), one.alert);
  }
}

TEST(TlsSession, RefusesOldVersions) {
  const auto old = AnyClient();
  ASSERT_EQ(SSL_CTX_set_cipher_list(old->ctx, "ALL:@SECLEVEL=0"), 1);
  SSL_CTX_set_min_proto_version(old->ctx, TLS1_VERSION);
  SSL_CTX_set_max_proto_version(old->ctx, TLS1_1_VERSION);
  TlsConnection c = Connect(LocalTls(), old);
  EXPECT_EQ(c.server.step, Session::Step::kFailed);
  EXPECT_EQ(c.server.session->Failure().kind, TlsFailure::Kind::kVersion)
      << c.server.session->Failure().reason;
  EXPECT_EQ(c.client.session->Failure().kind, TlsFailure::Kind::kPeerRefused)
      << c.client.session->Failure().reason;
}

TEST(TlsSession, SpeaksNoTls12WhereThatIsTooOld) {
  const TlsServerOptions options{.certificates = {MakeCertificate({.alternatives = {"DNS:localhost"}})},
                                 .version_min = TlsVersion::k13};
  const Tls tls = LoadTls(options);
  TlsConnection c = Connect(tls, ClientOf(TlsVersion::k12));
  EXPECT_EQ(c.server.step, Session::Step::kFailed);
  EXPECT_EQ(c.server.session->Failure().kind, TlsFailure::Kind::kVersion)
      << c.server.session->Failure().reason;
  EXPECT_EQ(c.client.session->Failure().kind, TlsFailure::Kind::kPeerRefused)
      << c.client.session->Failure().reason;
  EXPECT_TRUE(Connect(tls, ClientOf(TlsVersion::k13)).Done());
}

TEST(TlsSession, AgreesOnAProtocolInTheServersOrder) {
  struct Case {
    AlpnList client, server;
    std::string chosen;
    bool done = true;
  };
  const Case cases[] = {
      {{"two", "one"}, {"one", "two"}, "one"},
      {{"two"}, {"one", "two"}, "two"},
      {{}, {"one"}, ""},
      {{"one"}, {}, ""},
      {{"one"}, {"two"}, "", false},
      {{"on"}, {"one"}, "", false},
      {{}, {}, ""},
  };
  const Tls tls = LocalTls();
  for (const Case& one : cases) {
    TlsConnection c =
        Connect(tls, AnyClient(), {.client_alpn = &one.client, .server_alpn = &one.server});
    ASSERT_EQ(c.Done(), one.done) << one.client.Wire() << " " << one.server.Wire();
    if (!one.done) {
      EXPECT_EQ(c.server.session->Failure().kind, TlsFailure::Kind::kProtocol)
          << c.server.session->Failure().reason;
      continue;
    }
    EXPECT_EQ(c.server.session->Alpn(), one.chosen);
    EXPECT_EQ(c.client.session->Alpn(), one.chosen);
    EXPECT_EQ(c.server.session->Info().alpn, one.chosen);
  }
}

// The queue of errors is the thread's, and all connections of a loop share it.
TEST(TlsSession, TakesNoNoticeOfErrorsThatOthersHaveLeft) {
  const Tls tls = LocalTls();
  TlsConnection c = Connect(tls, AnyClient());
  ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
  c.server.Take({});
  EXPECT_EQ(c.server.state, Session::ReadState::kWantInput);
  ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
  EXPECT_TRUE(c.server.Write("x"));
  TlsSide server(Session::Server(internal::TlsAccess::Current(tls), nullptr));
  ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
  server.Take("\x16\x03");
  EXPECT_EQ(server.step, Session::Step::kWantInput);
  ERR_clear_error();
}

TEST(TlsSession, FailsWhenARecordWasChanged) {
  TlsConnection c = Connect(LocalTls(), AnyClient());
  ASSERT_TRUE(c.client.Write("good"));
  ASSERT_TRUE(c.client.Write("changed"));
  std::string bytes = c.client.Sent();
  bytes.back() ^= 1;
  c.server.Take(bytes);
  EXPECT_EQ(c.server.read, "good");
  EXPECT_EQ(c.server.state, Session::ReadState::kFailed);
  EXPECT_EQ(c.server.session->Failure().kind, TlsFailure::Kind::kMalformed);
  EXPECT_NE(c.server.Sent(), "") << "an alert";
  EXPECT_FALSE(c.server.Write("more"));
  c.server.session->Finish(c.server.out);
  EXPECT_EQ(c.server.Sent(), "") << "no close_notify after a failure";
  EXPECT_EQ(c.server.session->Read({}, {}, c.server.out).state, Session::ReadState::kFailed);
}

}  // namespace
}  // namespace weft
