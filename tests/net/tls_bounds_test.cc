// SPDX-License-Identifier: Apache-2.0
//
// What a connection over TLS costs, and what a peer can make it cost.
#include <gtest/gtest.h>
#include <malloc.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include <weft/net/internal/fd.h>
#include <weft/net/internal/socket.h>
#include <weft/net/internal/tls/channel.h>
#include <weft/net/internal/tls/hello_bound.h>

#include "../kit/openssl_client.h"
#include "tls_talk.h"

namespace weft {
namespace {

using Session = internal::TlsSession;

void ConnectTo(Session& server, OpensslClient& client) {
  internal::ByteBuffer out;
  while (SSL_do_handshake(client.get()) != 1 || !server.HandshakeDone()) {
    ASSERT_NE(server.Handshake(client.Sent(), out), Session::Step::kFailed);
    client.Take(out.View());
    out.Clear();
  }
}

// Each costs as much as a record with data; in 64 KiB there is room for thousands.
TEST(TlsBounds, ManyRecordsWithoutDataAreTooMany) {
  const Tls tls = LocalTls();
  struct Case {
    int updates;
    Session::ReadState state;
  };
  for (const Case& one :
       {Case{10, Session::ReadState::kWantInput}, Case{1000, Session::ReadState::kFailed}}) {
    const auto server = Session::Server(internal::TlsAccess::Current(tls), nullptr);
    OpensslClient client;
    ASSERT_NO_FATAL_FAILURE(ConnectTo(*server, client));
    std::string sent;
    for (int i = 0; i < one.updates; ++i) sent += client.UpdateKeys(/*requested=*/false);
    sent += client.Seal("x");
    std::string room(100, '\0');
    internal::ByteBuffer out;
    const Session::ReadResult got = server->Read(sent, room, out);
    EXPECT_EQ(got.state, one.state);
    const bool failed = one.state == Session::ReadState::kFailed;
    EXPECT_EQ(got.size, failed ? 0u : 1u);
    EXPECT_STREQ(server->Failure().reason, failed ? "too many records without data" : "");
  }
}

TEST(TlsBounds, KeysMayChangeBetweenData) {
  const Tls tls = LocalTls();
  const auto server = Session::Server(internal::TlsAccess::Current(tls), nullptr);
  OpensslClient client;
  ASSERT_NO_FATAL_FAILURE(ConnectTo(*server, client));
  std::string expected, read, room(1000, '\0');
  internal::ByteBuffer out;
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(SSL_key_update(client.get(), SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_EQ(SSL_write(client.get(), "x", 1), 1);
    expected += 'x';
    const Session::ReadResult got = server->Read(client.Sent(), room, out);
    ASSERT_EQ(got.state, Session::ReadState::kWantInput);
    read.append(room, 0, got.size);
    const iovec response = internal::Part("y");  // under a new key, which the client learns first
    ASSERT_TRUE(server->Write({&response, 1}, out));
    client.Take(out.View());
    out.Clear();
    char byte = 0;
    ASSERT_EQ(SSL_read(client.get(), &byte, 1), 1);
    ASSERT_EQ(byte, 'y');
  }
  EXPECT_EQ(read, expected);
}

// So that a client that changes its keys before each byte does not hold up the loop with all that one recv has taken.
TEST(TlsBounds, ManyChangesOfKeysAreReadInPieces) {
  const Tls tls = LocalTls();
  const auto server = Session::Server(internal::TlsAccess::Current(tls), nullptr);
  OpensslClient client;
  ASSERT_NO_FATAL_FAILURE(ConnectTo(*server, client));
  std::string sent;
  for (int i = 0; i < 300; ++i) {
    sent += client.UpdateKeys(/*requested=*/false);
    sent += client.Seal("x");
  }
  std::string room(1000, '\0');
  internal::ByteBuffer out;
  std::size_t size = 0;
  int pieces = 0;
  Session::ReadResult got = server->Read(sent, room, out);
  for (; got.state == Session::ReadState::kMore; got = server->Read({}, room, out), ++pieces) {
    EXPECT_EQ(got.size, 16u);
    size += got.size;
  }
  EXPECT_EQ(got.state, Session::ReadState::kWantInput);
  EXPECT_EQ(size + got.size, 300u);
  EXPECT_EQ(pieces, 18);
}

TEST(TlsBounds, RenegotiationEndsTheConnection) {
  const Tls tls = LocalTls();
  const auto server = Session::Server(internal::TlsAccess::Current(tls), nullptr);
  OpensslClient client;
  SSL_set_max_proto_version(client.get(), TLS1_2_VERSION);
  ASSERT_NO_FATAL_FAILURE(ConnectTo(*server, client));
  EXPECT_EQ(SSL_renegotiate(client.get()), 1);
  SSL_do_handshake(client.get());
  std::string room(100, '\0');
  internal::ByteBuffer out;
  const std::string attempt = client.Sent();
  EXPECT_EQ(server->Read(attempt, room, out).state, Session::ReadState::kFailed);
  EXPECT_STREQ(server->Failure().reason, "the client tries to renegotiate");
  EXPECT_FALSE(server->Open());
  const std::size_t alert = out.size();
  EXPECT_EQ(server->Read(attempt, room, out).state, Session::ReadState::kFailed);
  EXPECT_EQ(out.size(), alert);
  client.Take(out.View());
  EXPECT_NE(SSL_do_handshake(client.get()), 1);
}

// A client that reads nothing has the server respond to each of its bytes with other keys.
TEST(TlsBounds, BoundsWhatAClientDoesNotRead) {
  constexpr std::size_t kHeldMax = (128 + 64) * 1024;
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  const internal::Socket socket{internal::Fd(ends[0])};
  const internal::Fd peer(ends[1]);
  const Tls tls = LocalTls();
  internal::TlsChannel channel;
  channel.Begin(Session::Server(internal::TlsAccess::Current(tls), nullptr));
  OpensslClient client;
  ASSERT_NO_FATAL_FAILURE(ConnectTo(channel.session(), client));

  std::size_t held = 0;
  bool ended = false;
  for (int round = 0; round < 2000 && !ended; ++round) {
    for (int i = 0; i < 20; ++i) {
      ASSERT_EQ(SSL_key_update(client.get(), SSL_KEY_UPDATE_REQUESTED), 1);
      ASSERT_EQ(SSL_write(client.get(), "x", 1), 1);
    }
    const std::string bytes = client.Sent();
    ASSERT_EQ(send(ends[1], bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    char room[100];
    bool more = true;
    while (more && !ended) {
      const ssize_t got = channel.Read(socket, room, sizeof room, more);
      ended = got < 0 && errno != EAGAIN;
      held = std::max(held, channel.Held());
    }
  }

  EXPECT_TRUE(ended);
  EXPECT_EQ(errno, ECONNRESET);
  EXPECT_STREQ(channel.GivenUp(), "the client does not read the key updates that it requests");
  EXPECT_LE(held, kHeldMax);
}

// A socket that keeps the pieces apart in which it was written to.
TEST(TlsBounds, ReadsAllThatThereIsWithOneSystemCall) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  const internal::Socket socket{internal::Fd(ends[0])};
  const internal::Fd peer(ends[1]);
  const Tls tls = LocalTls();
  internal::TlsChannel channel;
  channel.Begin(Session::Server(internal::TlsAccess::Current(tls), nullptr));
  OpensslClient client;
  ASSERT_NO_FATAL_FAILURE(ConnectTo(channel.session(), client));
  std::string head = "head", body(40'000, 'b'), end = "end";
  const iovec parts[] = {internal::Part(head), internal::Part(body), internal::Part(end)};
  const auto size = static_cast<ssize_t>(head.size() + body.size() + end.size());
  std::string sealed(64 * 1024, '\0');

  ASSERT_EQ(channel.Send(socket, parts, 3), size);
  EXPECT_GT(recv(ends[1], sealed.data(), sealed.size(), 0), size);
  EXPECT_EQ(recv(ends[1], sealed.data(), sealed.size(), 0), -1) << "a second piece";

  std::string records;
  for (const char* text : {"one ", "two ", "three"}) records += client.Seal(text);
  ASSERT_EQ(send(ends[1], records.data(), records.size(), 0), static_cast<ssize_t>(records.size()));
  char room[100];
  bool more = false;
  const ssize_t got = channel.Read(socket, room, sizeof room, more);
  EXPECT_EQ(std::string(room, static_cast<std::size_t>(std::max<ssize_t>(got, 0))), "one two three");
}

// One that announces a large message, before anything of it has come.
TEST(TlsBounds, NoMemoryIsReservedForAHelloThatIsTooLarge) {
  const Tls tls = LocalTls();
  const std::string small("\x16\x03\x01\x00\x04\x01\x00\x40\x00", 9), large("\x16\x03\x01\x00\x04\x01\x00\x40\x01", 9);
  for (const std::size_t piece : {large.size(), std::size_t{1}}) {
    const auto server = Session::Server(internal::TlsAccess::Current(tls), nullptr);
    internal::ByteBuffer out;
    Session::Step step = Session::Step::kWantInput;
    for (std::size_t at = 0; at < large.size(); at += piece) step = server->Handshake(std::string(large, at, piece), out);
    EXPECT_EQ(step, Session::Step::kFailed);
    EXPECT_STREQ(server->Failure().reason, "the ClientHello is too large");
  }
  const auto server = Session::Server(internal::TlsAccess::Current(tls), nullptr);
  internal::ByteBuffer out;
  EXPECT_EQ(server->Handshake(small, out), Session::Step::kWantInput);
}

TEST(HelloBound, ReadsOnUntilBytesAreEncrypted) {
  const std::string hello("\x16\x03\x01\x00\x06\x01\x00\x00\x02hi", 11), change("\x14\x03\x03\x00\x01\x01", 6),
      large("\x16\x03\x03\x00\x04\x01\x00\x40\x01", 9), data("\x17\x03\x03\x00\x02xx", 7);
  const auto takes = [](const std::string& bytes, bool after_change) {
    internal::HelloBound whole, pieces;
    bool by_bytes = true;
    for (const char& byte : bytes) by_bytes = by_bytes && pieces.Take({&byte, 1}, after_change);
    EXPECT_EQ(whole.Take(bytes, after_change), by_bytes);
    return by_bytes;
  };

  EXPECT_TRUE(takes(hello + hello, true));
  EXPECT_FALSE(takes(hello + large, true));
  EXPECT_FALSE(takes(hello + change + large, true));
  EXPECT_TRUE(takes(hello + change + large, false)) << "the Finished of TLS 1.2, which looks like anything";
  EXPECT_TRUE(takes(hello + data + large, true));
}

// glibc's own count; sanitizers have another allocator.
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
std::size_t HeapBytes() {
  return mallinfo2().uordblks;
}

// A client that begins and stops.
TEST(TlsBounds, HalfAClientHelloCostsWhatHasComeOfIt) {
  constexpr std::size_t kConnections = 200;
  const Tls tls = LocalTls();
  TlsSide client(*Session::Client(AnyClient(), "localhost", {}));
  client.Start();
  const std::string hello = client.Sent();
  std::vector<std::unique_ptr<Session>> stopped;
  stopped.reserve(kConnections + 1);
  internal::ByteBuffer out;
  const auto add = [&](std::size_t bytes) {
    stopped.push_back(Session::Server(internal::TlsAccess::Current(tls), nullptr));
    EXPECT_EQ(stopped.back()->Handshake(hello.substr(0, bytes / 2), out), Session::Step::kWantInput);
    EXPECT_EQ(stopped.back()->Handshake(hello.substr(bytes / 2, bytes - bytes / 2), out), Session::Step::kWantInput);
    out.Clear();
  };
  const auto cost = [&](std::size_t bytes) {
    stopped.clear();
    add(bytes);
    const std::size_t before = HeapBytes();
    for (std::size_t i = 0; i < kConnections; ++i) add(bytes);
    return static_cast<double>(HeapBytes() - before) / kConnections;
  };

  const double half = cost(hello.size() - 1), whole = cost(hello.size());
  RecordProperty("whole", std::to_string(whole));
  EXPECT_LE(half, 2048 + 2 * static_cast<double>(hello.size()));
  EXPECT_LE(whole, 48 * 1024) << "what a server plans with";
}

TEST(TlsBounds, AnIdleConnectionCostsWhatOpensslNeeds) {
  constexpr std::size_t kConnections = 200;
  constexpr double kBytesMax = 14'800;
  const Tls tls = LocalTls();
  const auto client = AnyClient();
  std::vector<std::unique_ptr<Session>> idle;
  idle.reserve(kConnections);
  const auto add = [&] {
    TlsConnection c = Connect(tls, client);
    c.client.Write("request");
    Talk(c.client, c.server);
    c.server.Write("response");
    Talk(c.client, c.server);
    ASSERT_EQ(c.client.read, "response");
    idle.push_back(std::move(c.server.session));
  };
  for (int i = 0; i < 10; ++i) add();
  idle.clear();
  const std::size_t before = HeapBytes();
  for (std::size_t i = 0; i < kConnections; ++i) add();
  const double bytes = static_cast<double>(HeapBytes() - before) / kConnections;
  RecordProperty("bytes", std::to_string(bytes));
  EXPECT_LE(bytes, kBytesMax);

  // The first byte of a record, and then nothing.
  const std::size_t all_idle = HeapBytes();
  internal::ByteBuffer out;
  std::string room(100, '\0');
  for (const auto& session : idle)
    EXPECT_EQ(session->Read(std::string_view("\x17"), room, out).state,
              Session::ReadState::kWantInput);
  EXPECT_LE(static_cast<double>(HeapBytes() - all_idle) / kConnections, 1024);
}
#endif

}  // namespace
}  // namespace weft
