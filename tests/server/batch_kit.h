// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_SERVER_BATCH_KIT_H_
#define WEFT_TESTS_SERVER_BATCH_KIT_H_

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <weft/concurrency/debug.h>
#include <weft/concurrency/run.h>

#include "server_kit.h"

// For tests of requests that come together: in one turn of the loop, because nothing parks between the calls that send them.
namespace weft {

constexpr std::size_t kTogether = 16;  // requests of a batch, at most

inline std::string GetOf(std::size_t number) { return "GET /" + std::to_string(number) + " HTTP/1.1\r\nHost: test\r\n\r\n"; }
inline std::size_t NumberOf(const Request& r) { return std::stoul(std::string(r.Path().substr(1))); }

inline bool HasResponse(const std::unique_ptr<Client>& client) {
  char first;
  return recv(client->raw().Descriptor(), &first, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

// As HasResponse, but waits, and the loop with it.
inline bool GetsResponse(const std::unique_ptr<Client>& client) {
  pollfd ready{client->raw().Descriptor(), POLLIN, 0};
  return poll(&ready, 1, /*ms=*/10'000) == 1;
}

// Bytes that the client has sent and the server has not read.
inline int Unread(Client& client) {
  int bytes = 0;
  EXPECT_EQ(ioctl(client.raw().Descriptor(), SIOCOUTQ, &bytes), 0);
  return bytes;
}

// A site with clients whose connections it has accepted, so that what they send next comes together. The handler knows them.
struct Crowd {
  using Handle = std::function<Error(ResponseWriter& w, Request& r)>;

  Crowd(const Context& ctx, std::size_t count, Handle handle, ServerOptions options = {}) : site(ctx, std::move(handle), std::move(options)) {
    for (std::size_t i = 0; i < count; ++i) {
      clients.push_back(std::make_unique<Client>(site.Connect()));
      clients.back()->Get("/warm");
    }
  }
  void AllAsk() {
    for (std::size_t i = 0; i < clients.size(); ++i) clients[i]->Send(GetOf(i));
  }
  void AllHaveResponses() {
    for (std::size_t i = 0; i < clients.size(); ++i) EXPECT_EQ(clients[i]->ReadResponse().body, "/" + std::to_string(i));
  }

  Site site;
  std::vector<std::unique_ptr<Client>> clients;
};

// What connects a client.
inline bool Warm(const Request& r) { return r.Path() == "/warm"; }

// How many fibers wait for clients to take their responses.
inline int WaitingForClients() {
  int count = 0;
  for (const FiberInfo& fiber : ListFibers()) count += fiber.waits_for == "client to take the response" ? 1 : 0;
  return count;
}

// Requests of a client that does not read its responses, each in a turn of its own, until they do not fit its socket any more, or are not
// served. How many it sent.
inline std::size_t AskUntilFull(const Context& ctx, Client& client) {
  const int before = WaitingForClients();
  std::size_t asked = 0;
  for (std::size_t idle = 0; WaitingForClients() == before && idle < 300 && asked < 5000; ++asked) {
    client.Send(GetOf(asked));
    (void)Sleep(ctx, std::chrono::milliseconds(1));
    if (Unread(client) != 0) ++idle;
  }
  EXPECT_LT(asked, 5000u);
  return asked;
}

// On real time, which handlers can use up.

inline void PlayOnRealTime(const std::function<void(const Context&)>& body) {
  RunOptions options;
  options.loops = 1;
  const Error err = Run(Background(), options, [&](const Context& ctx) {
    body(ctx);
    return Error();
  });
  EXPECT_FALSE(err) << err.Message();
}

inline void Compute(Duration time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

}  // namespace weft

#endif  // WEFT_TESTS_SERVER_BATCH_KIT_H_
