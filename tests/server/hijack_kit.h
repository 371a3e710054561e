// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_SERVER_HIJACK_KIT_H_
#define WEFT_TESTS_SERVER_HIJACK_KIT_H_

#include <array>
#include <string>
#include <string_view>

#include "server_kit.h"

namespace weft {

constexpr std::string_view kUpgrade = "GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
constexpr std::string_view kConnect = "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n";

// Goes over to the protocol "echo".
inline Result<Stream> SwitchToEcho(ResponseWriter& w) {
  w.Header().Set("Upgrade", "echo");
  w.WriteHeader(101);
  return w.Hijack();
}

// Sends back what comes, up to the client's end.
inline Error EchoAll(Stream& stream) {
  std::array<char, 4096> piece;
  for (;;) {
    const Result<std::size_t> n = stream.Read(piece);
    if (Error err = n.Err()) return err;
    if (*n == 0) return {};
    if (Error err = stream.Write({piece.data(), *n})) return err;
  }
}

inline Error EchoUpgrade(ResponseWriter& w, Request&) {
  Result<Stream> stream = SwitchToEcho(w);
  if (Error err = stream.Err()) return err;
  return EchoAll(*stream);
}

// What comes up to the client's end, or the error.
inline Result<std::string> AllOf(Stream& stream) {
  std::string all;
  std::array<char, 4096> piece;
  for (;;) {
    const Result<std::size_t> n = stream.Read(piece);
    if (Error err = n.Err()) return err;
    if (*n == 0) return all;
    all.append(piece.data(), *n);
  }
}

// The handler that goes over to "echo" and then does this.
inline Handler AfterSwitch(std::function<Error(Stream&, ResponseWriter&, Request&)> then) {
  return [then = std::move(then)](ResponseWriter& w, Request& r) -> Error {
    Result<Stream> stream = SwitchToEcho(w);
    if (Error err = stream.Err()) return err;
    return then(*stream, w, r);
  };
}

// A client that has gone over.
inline Client Upgraded(const Site& site) {
  Client client = site.Connect();
  client.Send(kUpgrade);
  EXPECT_EQ(client.ReadResponse().status, 101);
  return client;
}

inline ServerOptions OverTcp(int loops = 0) {
  ServerOptions options;
  options.address = "127.0.0.1:0";
  options.loops = loops;
  return options;
}

}  // namespace weft

#endif  // WEFT_TESTS_SERVER_HIJACK_KIT_H_
