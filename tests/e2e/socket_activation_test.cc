// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/event.h>

#include "kit.h"

namespace weft {
namespace {

// A listening socket of the launcher, which outlives the services that use it.
class Listening {
 public:
  // On a free port of the loopback address.
  Listening() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    Listen(at);
    socklen_t size = sizeof(at);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size), 0);
    bound_ = "http://127.0.0.1:" + std::to_string(ntohs(at.sin_port));
  }
  explicit Listening(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), bound_("unix:" + path) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    path.copy(at.sun_path, sizeof(at.sun_path) - 1);
    Listen(at);
  }
  ~Listening() { close(fd_); }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;

  int Get() const { return fd_; }
  const std::string& Bound() const { return bound_; }

 private:
  template <class Address>
  void Listen(const Address& at) {
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof(at)), 0);
    EXPECT_EQ(listen(fd_, 1024), 0);
  }
  const int fd_;
  std::string bound_;
};

// What systemd does for a service with socket units: the sockets from descriptor 3 on, and three variables that name them. The
// sockets stay open here, as they do in systemd, so that the next start of the service gets the same ones.
class Launched {
 public:
  Launched(const std::vector<const Listening*>& sockets, const std::string& names, const std::vector<std::string>& arguments) {
    int out[2];
    if (pipe2(out, O_CLOEXEC) != 0) std::abort();
    const std::string program = WEFT_EXAMPLES_DIR "/service";
    std::vector<std::string> words{program};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    // Above the numbers that they get, so that none is overwritten by another.
    std::vector<int> moved;
    for (const Listening* socket : sockets) moved.push_back(fcntl(socket->Get(), F_DUPFD_CLOEXEC, 100));
    pid_ = fork();
    if (pid_ == 0) {
      dup2(out[1], STDOUT_FILENO);
      dup2(out[1], STDERR_FILENO);
      for (std::size_t i = 0; i < moved.size(); ++i) dup2(moved[i], 3 + static_cast<int>(i));
      setenv("LISTEN_FDS", std::to_string(moved.size()).c_str(), 1);
      setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
      setenv("LISTEN_FDNAMES", names.c_str(), 1);
      execv(program.c_str(), argv.data());
      _exit(127);
    }
    for (int fd : moved) close(fd);
    close(out[1]);
    out_ = out[0];
  }
  ~Launched() {
    close(out_);
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Launched(const Launched&) = delete;
  Launched& operator=(const Launched&) = delete;

  std::string Line() {
    std::string line;
    for (char c = 0; read(out_, &c, 1) == 1 && c != '\n';) line += c;
    return line;
  }
  // Until it listens on both of its addresses.
  void WaitUntilUp() {
    Line();
    Line();
  }
  pid_t pid() const { return pid_; }
  void Terminate() const { kill(pid_, SIGTERM); }
  int Wait() {
    int status = 0;
    waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
  int out_ = -1;
};

TEST(SocketActivation, TheServiceTakesTheSocketsThatItWasStartedWith) {
  const Listening web;
  const Listening debug;
  Launched service({&web, &debug}, "web:debug", {"--address", "systemd:web", "--debug-address", "systemd:4"});
  service.WaitUntilUp();

  EXPECT_EQ(Fetch(web.Bound(), "/hello/anna").status, 200);
  EXPECT_EQ(Fetch(debug.Bound(), "/healthz").status, 200);

  service.Terminate();
  EXPECT_EQ(service.Wait(), 0);
}

TEST(SocketActivation, ServesAClientThatConnectedBeforeTheService) {
  std::string folder = ::testing::TempDir() + "weftXXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/app.sock";
  {
    const Listening web(path);
    Result<TestClient> early = TestClient::Dial(Background(), web.Bound());
    ASSERT_TRUE(early.Ok());
    ASSERT_FALSE(early->Send(Background(), "GET /hello/early HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));

    Launched service({&web}, "app.socket", {"--address", "systemd:", "--debug-address", "127.0.0.1:0"});
    const Result<TestResponse> answer = early->ReadResponse(Background());
    ASSERT_TRUE(answer.Ok()) << answer.Err().Message();
    EXPECT_EQ(answer->status, 200);
    service.WaitUntilUp();
    service.Terminate();
    EXPECT_EQ(service.Wait(), 0);

    EXPECT_EQ(access(path.c_str(), F_OK), 0);  // it is the launcher's
  }
  unlink(path.c_str());
  rmdir(folder.c_str());
}

TEST(SocketActivation, AClientBetweenTwoStartsIsServedByTheNext) {
  const Listening web;
  const std::string bound = web.Bound();
  const std::vector<std::string> arguments = {"--address", "systemd:", "--debug-address", "127.0.0.1:0"};
  std::vector<TestClient> between;
  for (int restart = 0; restart < 3; ++restart) {
    Launched service({&web}, "web", arguments);
    for (TestClient& client : between) {
      const Result<TestResponse> answer = client.ReadResponse(Background());
      ASSERT_TRUE(answer.Ok()) << answer.Err().Message();
      EXPECT_EQ(answer->status, 200);
    }
    service.WaitUntilUp();
    EXPECT_EQ(Fetch(bound, "/hello/anna").status, 200);
    service.Terminate();
    EXPECT_EQ(service.Wait(), 0);

    between.clear();
    for (int i = 0; i < 50; ++i) {
      Result<TestClient> client = TestClient::Dial(Background(), bound);
      ASSERT_TRUE(client.Ok()) << client.Err().Message();
      ASSERT_FALSE(client->Send(Background(), "GET /hello/anna HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
      between.push_back(*std::move(client));
    }
  }
}

// Clients with a new connection for each request go on over restarts: all are answered.
TEST(SocketActivation, ARestartUnderLoadLosesNobody) {
  const Listening web;
  const std::string bound = web.Bound();
  ServerOptions options = Tcp(2);
  options.listener = web.Get();
  options.first_byte_grace = std::chrono::seconds(30);  // a client that the machine holds up is not lost
  std::atomic<bool> go_on{true};
  std::atomic<int> answered{0};
  std::atomic<int> lost{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      while (go_on) ++(Fetch(bound, "/").status == 200 ? answered : lost);
    });
  }

  for (int start = 0; start < 10; ++start) {
    std::atomic<int> served{0};
    Event enough;
    TestServer server(Background(), [&](ResponseWriter& w, Request&) {
      if (served.fetch_add(1) + 1 == 20) enough.Set();
      return w.Write("x");
    }, options);
    EXPECT_FALSE(enough.Wait(Background()));
    if (start == 9) {
      go_on = false;
      for (std::thread& client : clients) client.join();
    }
    const Error err = server.Stop();  // then nobody accepts, until the next one has started
    EXPECT_FALSE(err) << err.Message();
  }

  EXPECT_EQ(lost, 0);
  EXPECT_GE(answered, 200 - 4);
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(SocketActivation, ItsDescriptorsAreNotForChildren) {
  const Listening web;
  Launched service({&web}, "web", {"--address", "systemd:", "--debug-address", "127.0.0.1:0"});
  service.WaitUntilUp();

  // The flags of descriptor 3, in octal; 02000000 is close-on-exec.
  const std::string info = "/proc/" + std::to_string(service.pid()) + "/fdinfo/3";
  const std::string flags = ReadFile(info);
  const std::size_t at = flags.find("flags:");
  ASSERT_NE(at, std::string::npos);
  EXPECT_NE(std::strtoul(flags.c_str() + at + 6, nullptr, 8) & O_CLOEXEC, 0u) << flags;
}

TEST(SocketActivation, WithoutASocketTheServiceSaysSo) {
  Launched service({}, "", {"--address", "systemd:", "--debug-address", "127.0.0.1:0"});

  std::string line;
  do {
    line = service.Line();
  } while (line.starts_with("debug on "));
  EXPECT_EQ(line, "service: listen on systemd:: LISTEN_FDS is 0: no socket was passed");
  EXPECT_EQ(service.Wait(), 1);
}

}  // namespace
}  // namespace weft
