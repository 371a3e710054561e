// SPDX-License-Identifier: Apache-2.0
//
// A log that nobody reads must not be noticed by anybody else.
#include <csignal>

#include <weft/handlers/log.h>
#include <weft/handlers/middleware/access_log.h>
#include <weft/handlers/routing/mux.h>

#include "../kit/stalled_pipe.h"
#include "kit.h"
#include "process.h"

namespace weft {
namespace {

// A request that the default observer has something to say about.
void SendBadRequest(const std::string& bound) {
  Result<TestClient> client = TestClient::Dial(Background(), bound);
  ASSERT_TRUE(client.Ok());
  ASSERT_FALSE(client->Send(Background(), "GET / HTTP/1.1\r\nbroken\r\n\r\n"));
  const Result<TestResponse> answer = client->ReadResponse(Background());
  ASSERT_TRUE(answer.Ok());
  EXPECT_EQ(answer->status, 400);
}

TEST(StalledLog, AServerWithTheDefaultObserverServesAndDrains) {
  const int threads = Threads();
  StalledPipe pipe;
  {
    const StderrTo stderr_to(pipe.Writer());
    Mux mux;
    mux.Use(AccessLog());
    mux.Handle("GET /", [](ResponseWriter& w, Request&) { return w.Write("hello"); });
    ServerOptions options = Tcp();
    options.observer = nullptr;
    TestServer server(Background(), mux, options);
    const std::uint64_t before = DroppedLogLines();

    SendBadRequest(server.Bound());
    while (DroppedLogLines() == before) ASSERT_EQ(Fetch(server.Bound(), "/").status, 200);
    EXPECT_FALSE(server.Stop());
  }
#if defined(__SANITIZE_THREAD__)
  static_cast<void>(threads);  // the sanitizer has one of its own, which begins when it likes
#else
  while (Threads() > threads) std::this_thread::yield();
  EXPECT_EQ(Threads(), threads);
#endif
}

TEST(StalledLog, TheExampleServesAndEndsOnSigterm) {
  StalledPipe pipe(/*full=*/false);
  Process hello(WEFT_EXAMPLES_DIR "/hello", {"--address", "127.0.0.1:0", "--loops", "1"}, pipe.Writer());
  std::string said;
  while (said.find('\n') == std::string::npos) said += pipe.ReadSome();
  pipe.Fill();
  const std::size_t at = said.find("http://");
  const std::string bound = said.substr(at, said.find('\n', at) - at);

  SendBadRequest(bound);
  EXPECT_EQ(Fetch(bound, "/").status, 200);
  hello.Signal(SIGTERM);

  EXPECT_EQ(hello.Wait(), 0);
}

}  // namespace
}  // namespace weft
