// SPDX-License-Identifier: Apache-2.0
//
// The examples as their users run them: as processes, over TCP, ended by signals.
#include <stdlib.h>  // mkdtemp

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "kit.h"
#include "process.h"

namespace weft {
namespace {

const std::string kHello = std::string(WEFT_EXAMPLES_DIR) + "/hello";
const std::string kService = std::string(WEFT_EXAMPLES_DIR) + "/service";

std::string After(const std::string& line, const std::string& words) {
  EXPECT_EQ(line.compare(0, words.size(), words), 0) << line;
  return line.size() > words.size() ? line.substr(words.size()) : std::string();
}

int LinesOf(const std::string& text) {
  int lines = 0;
  for (const char c : text) lines += c == '\n' ? 1 : 0;
  return lines;
}

// The example service, and where its two servers listen.
struct Service {
  explicit Service(std::vector<std::string> more = {}) : process(kService, WithPorts(std::move(more))) {
    for (int i = 0; i < 2; ++i) {
      const std::string line = process.Line();
      std::string& bound = line.starts_with("debug on ") ? debug : app;
      bound = After(line, line.starts_with("debug on ") ? "debug on " : "listening on ");
    }
  }
  static std::vector<std::string> WithPorts(std::vector<std::string> more) {
    more.insert(more.begin(), {"--address", "127.0.0.1:0", "--debug-address", "127.0.0.1:0", "--loops", "2"});
    return more;
  }
  TestClient Connect() const {
    Result<TestClient> client = TestClient::Dial(Background(), app);
    EXPECT_TRUE(client.Ok()) << client.Err().Message();
    return *std::move(client);
  }
  Process process;
  std::string app;
  std::string debug;
};

TEST(Download, HandsOutThePlainFilesOfItsFolder) {
  std::string top = testing::TempDir() + "weft_download.XXXXXX";
  ASSERT_NE(mkdtemp(top.data()), nullptr);
  const std::string folder = top + "/files";
  std::filesystem::create_directories(folder + "/folder");
  std::string large;
  for (int i = 0; i < 100'000; ++i) large += std::to_string(i);
  std::ofstream(top + "/secret") << "secret";
  std::ofstream(folder + "/.hidden") << "secret";
  std::ofstream(folder + "/empty");
  std::ofstream(folder + "/large.txt") << large;
  std::filesystem::create_symlink("../secret", folder + "/link");
  Process download(std::string(WEFT_EXAMPLES_DIR) + "/download", {"--address", "127.0.0.1:0", "--loops", "1", "--folder", folder});
  const std::string bound = After(download.Line(), "listening on ");

  const TestResponse answer = Fetch(bound, "/files/large.txt");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.body == large);
  EXPECT_EQ(Fetch(bound, "/files/empty").status, 200);
  for (const char* path : {"/files/nothing", "/files/.hidden", "/files/link", "/files/folder", "/files/..%2fsecret", "/files/"}) {
    EXPECT_EQ(Fetch(bound, path).status, 404) << path;
  }
  download.Signal(SIGTERM);
  EXPECT_EQ(download.Wait(), 0);
  std::filesystem::remove_all(top);
}

TEST(Hello, SaysHelloAndEndsOnASignal) {
  Process hello(kHello, {"--address", "127.0.0.1:0", "--loops", "1"});
  const std::string bound = After(hello.Line(), "listening on ");

  const TestResponse answer = Fetch(bound, "/");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "Hello, World!");
  EXPECT_TRUE(answer.Header("Content-Type").starts_with("text/plain"));
  EXPECT_EQ(Fetch(bound, "/nothing").status, 404);

  hello.Signal(SIGTERM);
  EXPECT_EQ(hello.Wait(), 0);
}

TEST(Examples, RefuseBadFlagsWithOneLineAndCode2) {
  const std::vector<std::string> bad[] = {
      {"--adress", "127.0.0.1:0"}, {"--loops", "none"}, {"--loops", "0"}, {"--address"}, {"--address", "nonsense"}, {"stray"}};
  for (const std::string& program : {kHello, kService}) {
    for (const std::vector<std::string>& flags : bad) {
      Process process(program, flags);
      EXPECT_EQ(process.Wait(), 2) << program << ' ' << flags.front();
      const std::string errors = process.Errors();
      EXPECT_EQ(LinesOf(errors), 1) << errors;
      const bool names_it = errors.find(flags.front()) != std::string::npos || errors.find(flags.back()) != std::string::npos;
      EXPECT_TRUE(names_it) << errors;
    }
  }
}

TEST(Examples, SayInOneLineThatTheAddressIsInUse) {
  TestServer taken(Background(), [](ResponseWriter& w, Request&) { return w.Write("x"); }, Tcp());
  const std::string address = taken.Bound().substr(std::string("http://").size());

  Process hello(kHello, {"--address", address});
  EXPECT_EQ(hello.Wait(), 1);
  EXPECT_EQ(hello.Errors(), "hello: listen on " + address + ": Address already in use\n");
}

TEST(ServiceExample, ServesAllItsPaths) {
  Service service;
  TestClient client = service.Connect();
  const auto get = [&](std::string_view target) {
    Result<TestResponse> answer = client.Get(Background(), target);
    EXPECT_TRUE(answer.Ok()) << target << ": " << answer.Err().Message();
    return answer.Ok() ? *std::move(answer) : TestResponse();
  };

  EXPECT_NE(get("/").body.find("/fanout"), std::string::npos);
  EXPECT_EQ(get("/hello/anna").body, "Hello, anna!\n");
  EXPECT_EQ(get("/sleep/1").status, 200);
  EXPECT_EQ(get("/sleep/soon").status, 400);
  EXPECT_EQ(get("/deadline/5").status, 504);
  const TestResponse fanout = get("/fanout?n=3");
  EXPECT_EQ(fanout.status, 200);
  EXPECT_EQ(LinesOf(fanout.body), 3) << fanout.body;
  EXPECT_EQ(get("/nothing").status, 404);
  const TestResponse wrong = *client.Post(Background(), "/hello/anna", "x");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.Header("Allow"), "GET, HEAD");

  EXPECT_EQ(Fetch(service.debug, "/healthz").status, 200);
  EXPECT_EQ(Fetch(service.debug, "/readyz").status, 200);
  const TestResponse text = Fetch(service.debug, "/debug/fibers");
  EXPECT_NE(text.body.find("GET /debug/fibers"), std::string::npos) << text.body;
  const TestResponse json = Fetch(service.debug, "/debug/fibers?format=json");
  EXPECT_TRUE(json.Header("Content-Type").starts_with("application/json"));
  EXPECT_EQ(json.body.front(), '[') << json.body;

  service.process.Signal(SIGINT);
  EXPECT_EQ(service.process.Wait(), 0);
}

TEST(ServiceExample, EchoesBodiesOfAnySize) {
  Service service;
  std::string body(3'000'000, '?');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i % 23);

  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{70'000}, body.size()}) {
    TestClient client = service.Connect();
    // The answer comes while the question is still on its way: nobody holds a whole body.
    std::thread sender([&] {
      const std::string head = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
      EXPECT_FALSE(client.Send(Background(), head + body.substr(0, size)));
    });
    Result<TestResponse> answer = client.ReadResponse(Background(), "POST");
    sender.join();
    ASSERT_TRUE(answer.Ok()) << answer.Err().Message();
    EXPECT_TRUE(answer->body == body.substr(0, size)) << "of " << size << " bytes";
  }
  TestClient client = service.Connect();
  ASSERT_FALSE(client.Send(Background(), "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"));
  EXPECT_EQ(client.ReadResponse(Background(), "POST")->body, "abcde");
}

TEST(ServiceExample, AFanOutThatHangsIs504AtItsDeadline) {
  Service service;
  const auto begin = std::chrono::steady_clock::now();

  EXPECT_EQ(Fetch(service.app, "/fanout?n=4&hang=1").status, 504);

  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(took, std::chrono::milliseconds(1900));
  EXPECT_LT(took, std::chrono::seconds(20));
  // The socket of the question that hung is closed: the server has noticed, and nobody sleeps for it any more.
  for (std::string fibers = "/sleep/"; fibers.find("/sleep/") != std::string::npos;) fibers = Fetch(service.debug, "/debug/fibers").body;
}

TEST(ServiceExample, FailsItsReadinessWhileItDrainsAndAnswersWhatItHas) {
  Service service;
  TestClient client = service.Connect();
  ASSERT_FALSE(client.Send(Background(), "GET /sleep/1500 HTTP/1.1\r\nHost: x\r\n\r\n"));
  while (Fetch(service.debug, "/debug/fibers").body.find("GET /sleep/{ms}") == std::string::npos) {
  }

  service.process.Signal(SIGTERM);
  while (Fetch(service.debug, "/readyz").status == 200) {
  }
  EXPECT_EQ(Fetch(service.debug, "/readyz").status, 503);
  EXPECT_NE(Fetch(service.debug, "/debug/fibers").body.find("GET /sleep/{ms}"), std::string::npos);

  Result<TestResponse> answer = client.ReadResponse(Background());
  ASSERT_TRUE(answer.Ok()) << answer.Err().Message();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->Header("Connection"), "close");
  EXPECT_EQ(service.process.Wait(), 0);
}

// As timeout(1) sends it, to its child and then to the whole group.
TEST(ServiceExample, ASecondSigtermRightBehindTheFirstDoesNotKillWhatDrains) {
  Service service;
  TestClient client = service.Connect();
  ASSERT_FALSE(client.Send(Background(), "GET /sleep/1500 HTTP/1.1\r\nHost: x\r\n\r\n"));
  while (Fetch(service.debug, "/debug/fibers").body.find("GET /sleep/{ms}") == std::string::npos) {
  }

  service.process.Signal(SIGTERM);
  service.process.Signal(SIGTERM);

  Result<TestResponse> answer = client.ReadResponse(Background());
  ASSERT_TRUE(answer.Ok()) << answer.Err().Message();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(service.process.Wait(), 0);
}

TEST(ServiceExample, ASecondSignalKills) {
  Service service;
  TestClient client = service.Connect();
  ASSERT_FALSE(client.Send(Background(), "GET /sleep/60000 HTTP/1.1\r\nHost: x\r\n\r\n"));
  while (Fetch(service.debug, "/debug/fibers").body.find("GET /sleep/{ms}") == std::string::npos) {
  }

  service.process.Signal(SIGINT);
  while (Fetch(service.debug, "/readyz").status == 200) {
  }
  service.process.Signal(SIGINT);

  EXPECT_EQ(service.process.Wait(), -SIGINT);
}

TEST(ServiceExample, CutsOffWhatOutlastsTheDrainTimeoutAndSaysSo) {
  Service service({"--drain-timeout", "0"});
  TestClient client = service.Connect();
  ASSERT_FALSE(client.Send(Background(), "GET /sleep/60000 HTTP/1.1\r\nHost: x\r\n\r\n"));
  while (Fetch(service.debug, "/debug/fibers").body.find("GET /sleep/{ms}") == std::string::npos) {
  }

  service.process.Signal(SIGTERM);

  // The handler looks at its context, so it can still say why.
  Result<TestResponse> answer = client.ReadResponse(Background());
  ASSERT_TRUE(answer.Ok()) << answer.Err().Message();
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(service.process.Wait(), 0);
}

}  // namespace
}  // namespace weft
