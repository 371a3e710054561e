// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/forwarded_peer.h>

#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weft/handlers/middleware/internal/forwarded_list.h>
#include <weft/handlers/testing.h>

namespace weft {
namespace {

struct Seen {
  std::string peer;
  bool secure = false;
  std::string fields;  // those about proxies that handlers see, "name: value; name: value"
};

Seen SeenBehind(const ForwardedOptions& options, const RequestBuilder& request) {
  Seen seen;
  Recorder recorder;
  recorder.Serve(ForwardedPeer(options)([&](ResponseWriter&, Request& r) {
                   seen.peer = r.Peer();
                   seen.secure = r.Secure();
                   for (const auto& [name, value] : r.Header()) {
                     seen.fields.append(seen.fields.empty() ? "" : "; ").append(name).append(": ").append(value);
                   }
                 }),
                 request);
  EXPECT_EQ(recorder.Status(), 200);
  return seen;
}

// A request from a proxy at 10.0.0.1 with this X-Forwarded-For; 10.0.0.0/8 and fd00::/8 are
// trusted.
const ForwardedOptions kProxies{.trusted = {"10.0.0.0/8", "fd00::/8"}};
RequestBuilder FromProxy() { return RequestBuilder().Peer("10.0.0.1:4711"); }

TEST(ForwardedPeer, GoesFromRightToLeftToTheFirstHopThatIsNotTrusted) {
  struct Row {
    const char* list;
    const char* peer;
    const char* believed;
  };
  const Row rows[] = {
      {"203.0.113.7", "203.0.113.7", "203.0.113.7"},
      {"203.0.113.7:5000", "203.0.113.7:5000", "203.0.113.7:5000"},
      {"2001:db8::1", "[2001:db8::1]", "2001:db8::1"},
      {"[2001:db8::1]:5000", "[2001:db8::1]:5000", "[2001:db8::1]:5000"},
      {"203.0.113.7, 10.0.0.2", "203.0.113.7", "203.0.113.7, 10.0.0.2"},
      {"203.0.113.7, fd00::1, 10.0.0.2", "203.0.113.7", "203.0.113.7, fd00::1, 10.0.0.2"},
      // What stands left of a stranger was written by that stranger.
      {"1.2.3.4, 203.0.113.7", "203.0.113.7", "203.0.113.7"},
      {"10.0.0.9, 203.0.113.7", "203.0.113.7", "203.0.113.7"},
      {"127.0.0.1, 203.0.113.7, 10.0.0.2", "203.0.113.7", "203.0.113.7, 10.0.0.2"},
      {"unix, 203.0.113.7", "203.0.113.7", "203.0.113.7"},
      // All are trusted: the leftmost has no other name.
      {"10.0.0.3, 10.0.0.2", "10.0.0.3", "10.0.0.3, 10.0.0.2"},
      // What is no address ends the search.
      {"203.0.113.7, unknown", "10.0.0.1:4711", ""},
      {"203.0.113.7, unknown, 10.0.0.2", "10.0.0.2", "10.0.0.2"},
      {"203.0.113.7, unix", "10.0.0.1:4711", ""},
      {"203.0.113.7, 10.0.0.2:x", "10.0.0.1:4711", ""},
      {"203.0.113.7, 10.0.0.256", "10.0.0.1:4711", ""},
      {"203.0.113.7, localhost", "10.0.0.1:4711", ""},
      {"203.0.113.7, \"10.0.0.2\"", "10.0.0.1:4711", ""},
      {"203.0.113.7 10.0.0.2", "10.0.0.1:4711", ""},
      {"203.0.113.7, 0xa.0.0.2", "10.0.0.1:4711", ""},
      {"203.0.113.7, 010.0.0.2", "10.0.0.1:4711", ""},
      {"203.0.113.7, ::ffff:10.0.0.2", "203.0.113.7", "203.0.113.7, ::ffff:10.0.0.2"},
      {"203.0.113.7, fe80::1%eth0", "10.0.0.1:4711", ""},
      // Lists may have empty elements.
      {"203.0.113.7, , 10.0.0.2,", "203.0.113.7", "203.0.113.7, , 10.0.0.2,"},
      {",", "10.0.0.1:4711", ""},
      {"", "10.0.0.1:4711", ""},
  };
  for (const Row& row : rows) {
    const Seen seen = SeenBehind(kProxies, FromProxy().Header("X-Forwarded-For", row.list));
    EXPECT_EQ(seen.peer, row.peer) << row.list;
    const std::string believed = *row.believed != '\0' ? std::string("X-Forwarded-For: ") + row.believed : "";
    EXPECT_EQ(seen.fields, believed) << row.list;
    EXPECT_FALSE(seen.secure);
  }
}

TEST(ForwardedPeer, SeveralFieldsAreOneList) {
  const Seen seen = SeenBehind(kProxies, FromProxy()
                                             .Header("X-Forwarded-For", "1.2.3.4, 203.0.113.7")
                                             .Header("x-forwarded-for", "10.0.0.2"));
  EXPECT_EQ(seen.peer, "203.0.113.7");
  EXPECT_EQ(seen.fields, "X-Forwarded-For: 203.0.113.7, 10.0.0.2");
}

TEST(ForwardedPeer, RemovesFieldsOfUntrustedPeers) {
  RequestBuilder request = RequestBuilder().Peer("198.51.100.1:99").Header("Accept", "*/*");
  for (const char* name : {"X-Forwarded-For", "x-forwarded-proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Server", "X-Real-IP"}) {
    request.Header(name, "10.0.0.1");
  }
  request.Header("Forwarded", "for=10.0.0.1;proto=https");
  for (const ForwardedField field : {ForwardedField::kXForwardedFor, ForwardedField::kForwarded}) {
    const Seen seen = SeenBehind({.trusted = {"10.0.0.0/8"}, .field = field}, request);
    EXPECT_EQ(seen.peer, "198.51.100.1:99");
    EXPECT_EQ(seen.fields, "Accept: */*");
    EXPECT_FALSE(seen.secure);
  }
}

TEST(ForwardedPeer, TrustsOnlyOneOfTheTwoKindsOfFields) {
  const RequestBuilder request = FromProxy().Header("X-Forwarded-For", "203.0.113.7").Header("Forwarded", "for=198.51.100.9;proto=https");
  EXPECT_EQ(SeenBehind(kProxies, request).peer, "203.0.113.7");
  EXPECT_FALSE(SeenBehind(kProxies, request).secure);
  EXPECT_EQ(SeenBehind(kProxies, request).fields, "X-Forwarded-For: 203.0.113.7");
  const ForwardedOptions standard{.trusted = kProxies.trusted, .field = ForwardedField::kForwarded};
  EXPECT_EQ(SeenBehind(standard, request).peer, "198.51.100.9");
  EXPECT_TRUE(SeenBehind(standard, request).secure);
  EXPECT_EQ(SeenBehind(standard, request).fields, "Forwarded: for=198.51.100.9;proto=https");
}

TEST(ForwardedPeer, SecureIsWhatTheClientsHopSays) {
  struct Row {
    const char* list;
    const char* proto;
    bool over_tls;  // the proxy's own connection to the server
    bool secure;
    const char* said;
  };
  const Row rows[] = {
      {"203.0.113.7", "https", false, true, "https"},
      {"203.0.113.7", "HTTPS", false, true, "HTTPS"},
      {"203.0.113.7", "wss", false, true, "wss"},
      {"203.0.113.7", "http", true, false, "http"},
      {"203.0.113.7", "", true, true, ""},
      {"203.0.113.7", "gopher", false, false, ""},
      {"203.0.113.7", "https, http", false, false, "http"},
      {"203.0.113.7, 10.0.0.2", "https, http", false, true, "https"},
      {"1.2.3.4, 203.0.113.7", "https, http", false, false, "http"},
      {"203.0.113.7, 10.0.0.2", "https", false, true, "https"},
      {"", "https", false, true, "https"},
  };
  for (const Row& row : rows) {
    const Seen seen = SeenBehind(kProxies, FromProxy().Secure(row.over_tls).Header("X-Forwarded-For", row.list).Header("X-Forwarded-Proto", row.proto));
    EXPECT_EQ(seen.secure, row.secure) << row.list << " | " << row.proto;
    const std::string said = std::string("X-Forwarded-Proto: ") + row.said;
    EXPECT_EQ(seen.fields.find(said) != std::string::npos, *row.said != '\0') << seen.fields;
  }
}

TEST(ForwardedPeer, ForwardedIsReadAsTheRfcSays) {
  struct Row {
    const char* list;
    const char* peer;
    bool secure;
  };
  const Row rows[] = {
      {"for=203.0.113.7", "203.0.113.7", false},
      {"For=\"203.0.113.7:5000\"; Proto=https ;by=10.0.0.1", "203.0.113.7:5000", true},
      {"for=\"[2001:db8:cafe::17]:4711\"", "[2001:db8:cafe::17]:4711", false},
      {"for=192.0.2.43, for=\"[2001:db8:cafe::17]\"", "[2001:db8:cafe::17]", false},
      {"for=203.0.113.7;proto=https, for=10.0.0.2;proto=http", "203.0.113.7", true},
      {"for=203.0.113.7;proto=http, for=10.0.0.2;proto=https", "203.0.113.7", false},
      {"for=\"203.0.113.\\7\"", "203.0.113.7", false},
      {"for=unknown", "10.0.0.1:4711", false},
      {"for=_secret", "10.0.0.1:4711", false},
      {"for=203.0.113.7, for=_gateway", "10.0.0.1:4711", false},
      {"by=10.0.0.1;proto=https", "10.0.0.1:4711", true},
      {"for=[2001:db8::1]", "10.0.0.1:4711", false},  // brackets need quotes
      {"for=203.0.113.7;for=198.51.100.9", "10.0.0.1:4711", false},
      {"for = 203.0.113.7", "10.0.0.1:4711", false},
      {"203.0.113.7", "10.0.0.1:4711", false},
      {"for", "10.0.0.1:4711", false},
      {"for=", "10.0.0.1:4711", false},
      {"for=\"203.0.113.7", "10.0.0.1:4711", false},
      {"for=\"203.0.113.7\"x", "10.0.0.1:4711", false},
      // A quote that a client has opened swallows nothing that a proxy has appended.
      {"for=\"1.2.3.4, for=203.0.113.7", "203.0.113.7", false},
      {"for=\"1.2.3.4, for=\"[2001:db8::1]\"", "[2001:db8::1]", false},
      {"for=\"a, for=127.0.0.1, for=203.0.113.7;ext=\"x", "10.0.0.1:4711", false},
      {"for=1.2.3.4;x=\", for=203.0.113.7;y=\"z\"", "203.0.113.7", false},
  };
  for (const Row& row : rows) {
    const Seen seen = SeenBehind({.trusted = {"10.0.0.0/8"}, .field = ForwardedField::kForwarded}, FromProxy().Header("Forwarded", row.list));
    EXPECT_EQ(seen.peer, row.peer) << row.list;
    EXPECT_EQ(seen.secure, row.secure) << row.list;
  }
}

TEST(ForwardedPeer, AProxyOnAUnixSocketIsTrustedByName) {
  const RequestBuilder request = RequestBuilder().Peer("unix").Header("X-Forwarded-For", "203.0.113.7");
  EXPECT_EQ(SeenBehind({.trusted = {"unix"}}, request).peer, "203.0.113.7");
  EXPECT_EQ(SeenBehind({.trusted = {"0.0.0.0/0", "::/0"}}, request).peer, "unix");
}

TEST(ForwardedPeer, LongListsAreReadOnlyAsFarAsTheyAreTrusted) {
  std::string list;
  for (int i = 0; i < 10'000; ++i) list += "10.0.0.3, ";
  EXPECT_EQ(SeenBehind(kProxies, FromProxy().Header("X-Forwarded-For", list + "203.0.113.7")).peer, "203.0.113.7");
  EXPECT_EQ(SeenBehind(kProxies, FromProxy().Header("X-Forwarded-For", list)).peer, "10.0.0.3");
}

TEST(ForwardedPeer, KeepsThePeerItFoundForOuterMiddleware) {
  std::string outside;
  const Handler inner = ForwardedPeer(kProxies)([](ResponseWriter&, Request&) {});
  Recorder recorder;
  const Handler outer = [&](ResponseWriter& w, Request& r) {
    const Error err = inner(w, r);
    outside = r.Peer();
    return err;
  };
  recorder.Serve(outer, FromProxy().Header("X-Forwarded-For", "203.0.113.7"));
  EXPECT_EQ(outside, "203.0.113.7");
  recorder.Serve(outer, FromProxy());
  EXPECT_EQ(outside, "10.0.0.1:4711") << "not that of the request before";
}

TEST(ForwardedPeer, ABadRangeIsNamed) {
  try {
    static_cast<void>(ForwardedPeer({.trusted = {"10.0.0.0/40"}}));
    FAIL();
  } catch (const std::invalid_argument& e) {
    EXPECT_EQ(std::string(e.what()), "ForwardedPeer: \"10.0.0.0/40\": the prefix must be a number from 0 to 32");
  }
}

}  // namespace
}  // namespace weft
