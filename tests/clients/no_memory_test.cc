// SPDX-License-Identifier: Apache-2.0
//
// One allocation of the client that fails, wherever it is, costs one request or one connection, and never the process.
#include <gtest/gtest.h>

#include <functional>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/run.h>
#include <weft/http/internal/http2/session.h>
#include <weft/net/tls.h>
#include <weft/server/listen_and_serve.h>

#include "../kit/allocation_counter.h"
#include "http_kit.h"

namespace weft {
namespace {

// A server on a thread of its own, whose memory is not meant.
class ShortOfMemory {
 public:
  explicit ShortOfMemory(Handler handler, std::optional<Tls> tls = {}) {
    ServerOptions options;
    options.address = "127.0.0.1:0";
    options.loops = 1;
    options.tls = std::move(tls);
    options.on_listen = [this](std::string_view at) {
      url_ = at;
      open_.Set();
    };
    server_ = std::thread([this, options, handler] { EXPECT_FALSE(ListenAndServe(scope_.ctx, options, handler)); });
    static_cast<void>(open_.Wait(Background()));
  }
  ~ShortOfMemory() {
    scope_.cancel();
    server_.join();
  }
  std::string Url(const std::string& target) const { return url_ + target; }

 private:
  CancelScope scope_ = WithCancel(Background());
  Event open_;
  std::string url_;
  std::thread server_;
};

Error Respond(ResponseWriter& w, Request& r) {
  static_cast<void>(r.Body().ReadAll());
  if (r.Path() == "/chunked") {
    if (Error err = w.Write(std::string(5000, 'a'))) return err;
    if (Error err = w.Flush()) return err;
  }
  return w.Write(std::string(10'000, 'b'));
}

// Fails each allocation in turn that `use` makes, until there are no more of them; the client still works after each.
void FailEach(const std::function<void(const Context&, HttpClient&, const ShortOfMemory&)>& use, std::optional<Tls> tls = {}) {
  HttpClientOptions options;
  if (tls) {
    options.http2 = true;
    options.tls.ca_pem = tls->Certificates()[0].pem;
  }
  const ShortOfMemory site(Respond, tls);
  const Error err = weft::Run(Background(), {.loops = 1}, [&](const Context& ctx) -> Error {
    int failed = 0;
    for (std::size_t after = 0; after < 500; ++after) {
      HttpClient client(options);
      FailOneAllocation(after);
      try {
        use(ctx, client, site);
      } catch (const std::bad_alloc&) {  // as it reaches a handler
      }
      const bool left = OneAllocationWillFail();
      FailOneAllocation(static_cast<std::size_t>(-1));
      if (left) {
        EXPECT_GT(failed, 3) << "nothing was allocated";
        return {};
      }
      ++failed;
      Result<ClientResponse> response = client.Get(ctx, site.Url("/"));
      EXPECT_TRUE(response.Ok()) << "after the failure of allocation " << after << ": " << response.Err().Message();
      if (response.Ok()) {
        EXPECT_EQ(response->ReadAll(ctx)->size(), 10'000u);
      }
      response = Error::New("gone");
      EXPECT_EQ(client.Stats().in_use, 0u) << "after the failure of allocation " << after;
    }
    return Error::New("more allocations for one request than anybody would expect");
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(NoMemoryInClient, CostsARequestAtMost) {
  FailEach([](const Context& ctx, HttpClient& client, const ShortOfMemory& site) {
    for (int i = 0; i < 2; ++i) {
      Result<ClientResponse> response = client.Get(ctx, site.Url("/"));
      if (response.Ok()) static_cast<void>(response->ReadAll(ctx));
    }
  });
}

TEST(NoMemoryInClient, CostsAnUploadAtMost) {
  FailEach([](const Context& ctx, HttpClient& client, const ShortOfMemory& site) {
    ClientRequest request("POST", site.Url("/chunked"));
    PiecesBody pieces({"a", std::string(100'000, 'b')});
    request.SetBody(pieces);
    Result<ClientResponse> response = client.Do(ctx, request);
    if (response.Ok()) static_cast<void>(response->ReadAll(ctx));
  });
}

// Their ends read what is left, and give exchange and connection back: nobody can be told there.
TEST(NoMemoryInClient, ResponsesThatNobodyReadsEnd) {
  FailEach([](const Context& ctx, HttpClient& client, const ShortOfMemory& site) {
    for (const char* target : {"/", "/chunked"}) {
      Result<ClientResponse> first = client.Get(ctx, site.Url(target));
      Result<ClientResponse> second = client.Get(ctx, site.Url(target));
      std::array<char, 10> some;
      if (first.Ok()) static_cast<void>(first->Read(ctx, some));
    }
  });
}

TEST(NoMemoryInClient, CostsAConnectionOfHttp2AtMost) {
  const Result<Tls> tls = Tls::SelfSigned({"127.0.0.1"});
  if (!tls.Ok() || !internal::http2::SessionsExist()) GTEST_SKIP() << "built without HTTP/2 over TLS";
  FailEach([](const Context& ctx, HttpClient& client, const ShortOfMemory& site) {
    for (int i = 0; i < 2; ++i) {
      Result<ClientResponse> response = client.Post(ctx, site.Url("/chunked"), "text/plain", std::string(100'000, 'a'));
      if (response.Ok()) static_cast<void>(response->ReadAll(ctx));
    }
    Result<ClientResponse> unread = client.Get(ctx, site.Url("/"));
  }, *tls);
}

}  // namespace
}  // namespace weft
