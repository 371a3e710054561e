// SPDX-License-Identifier: Apache-2.0
//
// How connections over TLS end: RFC 8446 section 6.1, and what clients do instead.
#include <gtest/gtest.h>

#include <string>

#include "tls_talk.h"

namespace weft {
namespace {

using Session = internal::TlsSession;
using PeerEnd = Session::PeerEnd;

TEST(TlsEnd, CloseNotifyEndsOneDirectionOnly) {
  TlsConnection c = Connect(LocalTls(), AnyClient());
  ASSERT_TRUE(c.client.Write("last"));
  c.client.session->Finish(c.client.out);
  Talk(c.client, c.server);
  EXPECT_EQ(c.server.read, "last");
  EXPECT_EQ(c.server.state, Session::ReadState::kEnded);
  EXPECT_EQ(c.server.session->Ended(), PeerEnd::kCloseNotify);
  EXPECT_FALSE(c.client.Write("after its own end"));

  ASSERT_TRUE(c.server.Write("response"));
  c.server.session->Finish(c.server.out);
  Talk(c.client, c.server);
  EXPECT_EQ(c.client.read, "response");
  EXPECT_EQ(c.client.session->Ended(), PeerEnd::kCloseNotify);
}

TEST(TlsEnd, IsSaidOnce) {
  TlsConnection c = Connect(LocalTls(), AnyClient());
  c.server.session->Finish(c.server.out);
  EXPECT_NE(c.server.Sent(), "");
  c.server.session->Finish(c.server.out);
  EXPECT_EQ(c.server.Sent(), "");
}

// As nearly all clients do.
TEST(TlsEnd, AFinBetweenRecordsIsAnEnd) {
  TlsConnection c = Connect(LocalTls(), AnyClient());
  ASSERT_TRUE(c.client.Write("last"));
  c.server.Take(c.client.Sent());
  EXPECT_EQ(c.server.session->Ended(), PeerEnd::kOpen);
  c.server.SawFin();
  EXPECT_EQ(c.server.read, "last");
  EXPECT_EQ(c.server.state, Session::ReadState::kEnded);
  EXPECT_EQ(c.server.session->Ended(), PeerEnd::kFin);

  ASSERT_TRUE(c.server.Write("response"));
  c.server.session->Finish(c.server.out);
  c.client.Take(c.server.Sent());
  EXPECT_EQ(c.client.read, "response");
}

TEST(TlsEnd, AFinInARecordIsATruncation) {
  for (const std::size_t cut : {std::size_t{1}, std::size_t{5}, std::size_t{10}, std::size_t{25}}) {
    TlsConnection c = Connect(LocalTls(), AnyClient());
    ASSERT_TRUE(c.client.Write("whole"));
    const std::string whole = c.client.Sent();
    ASSERT_TRUE(c.client.Write("half"));
    const std::string half = c.client.Sent();
    c.server.Take(whole + half.substr(0, cut));
    EXPECT_TRUE(c.server.session->InRecord());
    c.server.SawFin();
    EXPECT_EQ(c.server.read, "whole");
    EXPECT_EQ(c.server.state, Session::ReadState::kEnded);
    EXPECT_EQ(c.server.session->Ended(), PeerEnd::kTruncated) << cut;
    EXPECT_TRUE(c.server.Write("goes on"));
  }
}

TEST(TlsEnd, SeesAFinAfterTheBytesItCameWith) {
  TlsConnection c = Connect(LocalTls(), AnyClient());
  ASSERT_TRUE(c.client.Write("last"));
  const std::string bytes = c.client.Sent();
  c.server.session->SawFin();
  char room[2];
  Session::ReadResult got = c.server.session->Read(bytes, room, c.server.out);
  EXPECT_EQ(got.state, Session::ReadState::kMore);
  got = c.server.session->Read({}, room, c.server.out);
  EXPECT_EQ(std::string_view(room, got.size), "st");
  EXPECT_EQ(got.state, Session::ReadState::kEnded);
  EXPECT_EQ(c.server.session->Ended(), PeerEnd::kFin);
}

TEST(TlsEnd, ACloseNotifyCountsMoreThanTheFinAfterIt) {
  TlsConnection c = Connect(LocalTls(), AnyClient());
  c.client.session->Finish(c.client.out);
  c.server.session->SawFin();
  c.server.Take(c.client.Sent() + "bytes after the end are ignored");
  EXPECT_EQ(c.server.state, Session::ReadState::kEnded);
  EXPECT_EQ(c.server.session->Ended(), PeerEnd::kCloseNotify);
  EXPECT_FALSE(c.server.session->InRecord());
}

TEST(TlsEnd, AFinInTheHandshakeFailsIt) {
  const Tls tls = LocalTls();
  TlsSide server(Session::Server(internal::TlsAccess::Current(tls), nullptr));
  server.Take("\x16\x03\x01");
  server.session->SawFin();
  server.Take({});
  EXPECT_EQ(server.step, Session::Step::kFailed);
  EXPECT_EQ(server.session->Failure().kind, internal::TlsFailure::Kind::kClosed);
}

}  // namespace
}  // namespace weft
