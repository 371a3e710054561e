// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_TEST_NETWORK_H_
#define WEFT_SERVER_TEST_NETWORK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <weft/clients/http/options.h>
#include <weft/concurrency/context.h>
#include <weft/handlers/handler.h>
#include <weft/server/options.h>
#include <weft/server/testing.h>

namespace weft {

// The other services of a test, by their names, and the faults between them and the one under test.
// It works in memory and, under RunTest, in virtual time: a stall of 30 seconds takes no time.
//
//   weft::TestNetwork network(ctx);
//   network.Serve("https://users.internal", MakeUsers());
//   weft::HttpClient client(network.ClientOptions());
//   MyService service(client);                          // calls https://users.internal/u/1
//   network.Stall("https://users.internal");
//   EXPECT_TRUE(service.Greet(ctx, 1).Is(weft::kUpstreamTimeout));
//
// Build and use it in a fiber. Declare it before the clients that use it.
class TestNetwork {
 public:
  explicit TestNetwork(const Context& ctx);
  ~TestNetwork();  // stops the servers
  TestNetwork(const TestNetwork&) = delete;
  TestNetwork& operator=(const TestNetwork&) = delete;

  // Starts a server of this origin, "http://users.internal:8080". For "https://..." it has a
  // certificate that ClientOptions trusts. It lives as long as the network.
  TestServer& Serve(std::string_view origin, Handler handler, ServerOptions options = {});

  // For clients of the origins that are served by now. There are no other hosts
  // (ClientFailure::kResolve). They speak HTTP/1.1.
  HttpClientOptions ClientOptions() const;
  // The same, with HTTP/2 for "https://..." if the server accepts it. Each connection passes
  // through fibers of the network, on the network's loop.
  HttpClientOptions Http2ClientOptions() const;

  // Faults of an origin. Each replaces the one before, for open connections and new ones. Refuse:
  // nothing listens any more, and open connections break.
  void Refuse(std::string_view origin);
  // A connection breaks once the client has received this many bytes on it.
  void Reset(std::string_view origin, std::uint64_t after_bytes = 0);
  // Connections are established, but nothing arrives.
  void Stall(std::string_view origin);
  // Each connect, and the first bytes after each request, are delayed by this much.
  void Delay(std::string_view origin, Duration by);
  // Removes the fault. Connections that stalled continue.
  void Heal(std::string_view origin);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace weft

#endif  // WEFT_SERVER_TEST_NETWORK_H_
