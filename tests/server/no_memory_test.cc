// SPDX-License-Identifier: Apache-2.0
//
// One allocation that fails, wherever it is, costs one request or one connection, and never the process.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include <weft/server/listen_and_serve.h>

#include "../kit/allocation_counter.h"
#include "http2_kit.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A server on a thread of its own, and a client that needs no memory of that thread.
class ShortOfMemory {
 public:
  explicit ShortOfMemory(ServerOptions options = {}) {
    options.address = "127.0.0.1:0";
    options.loops = 1;
    options.observer = &events;
    options.on_listen = [this](std::string_view at) {
      port_ = static_cast<std::uint16_t>(std::stoi(std::string(at.substr(at.rfind(':') + 1))));
      open_.Set();
    };
    server_ = std::thread([this, options] { EXPECT_FALSE(ListenAndServe(scope_.ctx, options, Serve)); });
    (void)open_.Wait(Background());
  }
  ~ShortOfMemory() {
    scope_.cancel();
    server_.join();
    kept_ = Context();
  }

  // Sends this on a connection of its own, and reads until the server closes that.
  std::string Ask(std::string_view request) const {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port_);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::string response;
    if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0) {
      (void)send(fd, request.data(), request.size(), MSG_NOSIGNAL);
      (void)shutdown(fd, SHUT_WR);
      char piece[65536];
      for (ssize_t got = 0; (got = recv(fd, piece, sizeof(piece), 0)) > 0;) response.append(piece, static_cast<std::size_t>(got));
    }
    close(fd);
    return response;
  }
  std::string Get(const std::string& target) const {
    return Ask("GET " + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  }

  EventLog events;

 private:
  static Error Serve(ResponseWriter& w, Request& r) {
    if (r.Path() == "/fail") {
      FailOneAllocation(static_cast<std::size_t>(std::stoi(std::string(r.RawQuery()))));
      return {};
    }
    if (r.Path() == "/left") return w.Write(OneAllocationWillFail() ? "yes" : "no");
    if (r.Path() == "/body") {
      if (Error err = r.Body().ReadAll().Err()) return err;
    }
    if (r.Path() == "/stream") {
      if (Error err = w.Flush()) return err;
    }
    if (r.Path() == "/parks") Yield();
    if (r.Path() == "/keeps") kept_ = r.Ctx();  // so the next request needs a new one
    w.Header().Set("X-Long", std::string(2000, 'x'));
    return w.Write(std::string(3000, 'y'));
  }

  inline static Context kept_;
  CancelScope scope_ = WithCancel(Background());
  Event open_;
  std::uint16_t port_ = 0;
  std::thread server_;
};

// Fails each allocation in turn that is made while the request is served, until there are no more of them.
void FailEach(ShortOfMemory& site, const std::string& request) {
  int failed = 0;
  for (int after = 0; after < 200; ++after) {
    (void)site.Get("/fail?" + std::to_string(after));
    (void)site.Ask(request);
    const std::string left = site.Get("/left");  // which that one allocation may be a part of
    if (left.ends_with("yes")) {
      EXPECT_GT(failed, 3) << "the client has asked, and nothing was allocated for it";
      (void)site.Get("/fail?0");
      (void)site.Get("/left");
      return;
    }
    ++failed;
    ASSERT_THAT(site.Get("/after"), StartsWith("HTTP/1.1 200")) << "after the failure of allocation " << after << " for " << request;
  }
  FAIL() << "more allocations for one request than anybody would expect";
}

std::string Close(const std::string& head) { return head + "Host: a\r\nConnection: close\r\n\r\n"; }

TEST(NoMemoryInServer, CostsAPlainRequestAtMost) {
  ShortOfMemory site;
  FailEach(site, Close("GET /parks HTTP/1.1\r\n"));
}

TEST(NoMemoryInServer, CostsARequestThatNeedsANewContextAtMost) {
  ShortOfMemory site;
  FailEach(site, "GET /keeps HTTP/1.1\r\nHost: a\r\n\r\n" + Close("GET /keeps HTTP/1.1\r\n"));
}

TEST(NoMemoryInServer, CostsAStreamedResponseAtMost) {
  ShortOfMemory site;
  FailEach(site, Close("GET /stream HTTP/1.1\r\n"));
}

TEST(NoMemoryInServer, CostsARequestOfManyFieldsAtMost) {
  std::string head = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 100; ++i) head += "F" + std::to_string(i) + ": v\r\n";
  ShortOfMemory site;
  FailEach(site, Close(head));
}

TEST(NoMemoryInServer, CostsABodyAtMost) {
  ShortOfMemory site;
  FailEach(site, Close("POST /body HTTP/1.1\r\nTransfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\nT: 1\r\n\r\n");
}

TEST(NoMemoryInServer, CostsOneConnectionOfPipelinedRequestsAtMost) {
  ShortOfMemory site;
  FailEach(site, "GET / HTTP/1.1\r\nHost: a\r\n\r\n" + Close("GET / HTTP/1.1\r\n"));
}

TEST(NoMemoryInServer, CostsAMalformedRequestAtMost) {
  ShortOfMemory site;
  FailEach(site, "GET / HTTP/1.1\r\nHost : a\r\n\r\n");
}

TEST(NoMemoryInServer, CostsAHalfRequestAtMost) {
  ShortOfMemory site;
  FailEach(site, "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HT");
}

TEST(NoMemoryInServer, CostsAtMostOneQueuedRequest) {
  ServerOptions options;
  options.requests_max = 1;
  options.queued_requests_max = 1;
  ShortOfMemory site(options);
  FailEach(site, Close("GET /parks HTTP/1.1\r\n"));
}

TEST(NoMemoryInServer, CostsAConnectionOfHttp2AtMost) {
  NEEDS_HTTP2();
  ServerOptions options;
  options.http2_cleartext = true;
  options.half_closed_clients = true;
  ShortOfMemory site(options);
  std::string request = h2::Hello();
  for (const auto& [stream, path] : {std::pair{1u, "/parks"}, {3u, "/stream"}, {5u, "/keeps"}}) {
    request += h2::Headers(stream, {{":method", "GET"}, {":scheme", "http"}, {":path", path}, {":authority", "a"}});
  }
  request += h2::Headers(7, {{":method", "POST"}, {":scheme", "http"}, {":path", "/body"}, {":authority", "a"}}, false);
  FailEach(site, request + h2::Data(7, std::string(5000, 'x')) + h2::Headers(7, {{"t", "1"}}));
}

// What had to be given up is told, and where nothing of the response was out the client hears of it.
TEST(NoMemoryInServer, IsReportedToTheObserverAndTheClient) {
  std::string head = "GET / HTTP/1.1\r\n";  // more than is kept for the next request
  for (int i = 0; i < 80; ++i) head += "F" + std::to_string(i) + ": " + std::string(200, 'v') + "\r\n";
  ShortOfMemory site;
  bool answered = false;
  for (int after = 0; after < 100 && !answered; ++after) {
    (void)site.Get("/fail?" + std::to_string(after));
    answered = site.Ask(Close(head)).starts_with("HTTP/1.1 503");
    (void)site.Get("/fail?0");
    (void)site.Get("/left");
  }
  EXPECT_TRUE(answered);
  EXPECT_THAT(site.events.Lines(), ::testing::Contains("out of memory 503"));
}

}  // namespace
}  // namespace weft
