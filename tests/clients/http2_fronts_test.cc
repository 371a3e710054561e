// SPDX-License-Identifier: Apache-2.0
//
// nginx and h2o over HTTP/2 and TLS, before a server of ours: requests that share a connection, bodies of a megabyte in both directions,
// connections that end because they are idle, and because the server is told to read its settings again, or to end, under load.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <csignal>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>
#include <weft/handlers/routing/mux.h>
#include <weft/server/testing.h>

#include "../e2e/process.h"
#include "../kit/missing_program.h"
#include "../kit/run.h"
#include "../kit/sanitized.h"
#include "../net/tls_certificates.h"
#include "http_kit.h"
#include "real_servers_kit.h"
#include "tcp_kit.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

constexpr int kAtOnce = 100;

// A server of ours, which stands last, on a unix socket.
class Last {
 public:
  Last(const Context& ctx, const Folder& folder) : server_(ctx, Routes(), Options(folder)) {}

  std::map<std::string, int> acted;  // on which paths, how often

 private:
  static ServerOptions Options(const Folder& folder) {
    ServerOptions options;
    options.address = "unix:" + folder.path + "/last.sock";
    options.body_bytes_max = 100'000'000;
    return options;
  }
  Mux Routes() {
    Mux mux;
    mux.Handle("POST /echo", [](ResponseWriter& w, Request& r) -> Error {
      const Result<std::string> all = r.Body().ReadAll();
      return all.Ok() ? w.Write(*all) : all.Err();
    });
    mux.Handle("POST /early", [](ResponseWriter& w, Request&) -> Error {
      w.WriteHeader(413);
      return w.Write("no");
    });
    mux.Handle("/meet", [this](ResponseWriter& w, Request& r) -> Error {
      if (++here_ == kAtOnce) all_here_.Set();
      if (Error err = all_here_.Wait(r.Ctx())) return err;
      return w.Write("met");
    });
    mux.Handle("/", [this](ResponseWriter& w, Request& r) -> Error {
      ++acted[std::string(r.Path())];
      return w.Write(r.Path());
    });
    return mux;
  }

  int here_ = 0;
  Event all_here_;
  TestServer server_;
};

// A port of loopback on which a child listens from its first moment on, because it gets the socket from us: so none has to be chosen.
class HandedPort {
 public:
  HandedPort() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {  // not closed by exec
    sockaddr_in address = Loopback(0);
    socklen_t size = sizeof address;
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    if (bind(fd_.Get(), raw, size) != 0 || listen(fd_.Get(), 511) != 0 || getsockname(fd_.Get(), raw, &size) != 0) std::abort();
    text_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  // Ours is closed: nobody listens any more when the child has ended.
  std::unique_ptr<Process> Hand(const char* variable, const std::string& value, const std::string& program, const std::vector<std::string>& arguments) {
    setenv(variable, value.c_str(), 1);
    auto child = std::make_unique<Process>(program, arguments);
    unsetenv(variable);
    fd_.Close();
    return child;
  }
  int Fd() const { return fd_.Get(); }
  const std::string& Text() const { return text_; }
  std::string Url(const std::string& path) const { return "https://" + text_ + path; }

 private:
  internal::Fd fd_;
  std::string text_;
};

// A server of other people before ours.
struct Front {
  ~Front() {
    if (child == nullptr) return;
    child->Signal(SIGTERM);  // children of its own end with it
    child->Wait();
  }
  HttpClientOptions ClientOptions() const {
    HttpClientOptions options;
    options.http2 = true;
    options.requests_per_origin_max = 2 * kAtOnce;
    options.tls.ca_pem = certificate.certificate_pem;
    return options;
  }
  std::string Url(const std::string& path) const { return port.Url(path); }

  const Folder folder;
  const TlsCertificate certificate = MakeCertificate({.alternatives = {"IP:127.0.0.1"}, .ca = true});
  const std::string certificate_file = folder.Write("front.pem", certificate.certificate_pem);
  const std::string key_file = folder.Write("front.key", certificate.key_pem);
  HandedPort port;
  std::unique_ptr<Process> child;
};

void StartNginx(Front& front, const std::string& nginx, const std::string& keepalive_timeout) {
  const std::string& path = front.folder.path;
  std::string text = std::string(geteuid() == 0 ? "user root;\n" : "") + "daemon off; worker_processes 1; pid " + path + "/pid; error_log " + path + "/log;\n"
      "events { worker_connections 4000; }\n"
      "http { access_log off; client_max_body_size 0; keepalive_timeout " + keepalive_timeout + ";\n";
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) text += std::string(kind) + "_temp_path " + path + "/" + kind + ";\n";
  text += "server { listen " + front.port.Text() + " ssl http2; ssl_certificate " + front.certificate_file + "; ssl_certificate_key " + front.key_file +
      ";\n location /own { return 413 no; }\n location / { proxy_pass http://unix:" + path + "/last.sock; proxy_http_version 1.1; proxy_request_buffering off; proxy_next_upstream off; proxy_set_header Host $host; } } }\n";
  front.child = front.port.Hand("NGINX", std::to_string(front.port.Fd()) + ";", nginx,
                                {"-c", front.folder.Write("nginx.conf", text), "-p", path, "-e", "stderr"});
}

void StartH2o(Front& front, const std::string& h2o, int idle_seconds) {
  const std::size_t colon = front.port.Text().find(':');
  const std::string text = std::string(geteuid() == 0 ? "user: root\n" : "") + "num-threads: 1\nproxy.preserve-host: ON\nhttp2-idle-timeout: " + std::to_string(idle_seconds) +
      "\nlisten:\n  host: " + front.port.Text().substr(0, colon) + "\n  port: " + front.port.Text().substr(colon + 1) +
      "\n  ssl:\n    certificate-file: " + front.certificate_file + "\n    key-file: " + front.key_file +
      "\nhosts:\n  default:\n    paths:\n      \"/\":\n        proxy.reverse.url: \"http://[unix:" + front.folder.path + "/last.sock]/\"\n";
  front.child = front.port.Hand("SERVER_STARTER_PORT", front.port.Text() + "=" + std::to_string(front.port.Fd()), h2o, {"-c", front.folder.Write("h2o.conf", text)});
}

std::string Random(std::size_t size) {
  std::mt19937 dice(1);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(dice());
  return text;
}

// A response before the request was sent to its end (RFC 9113 section 8.1). While nobody reads it the connection is there for others.
void ExpectEarly(const Context& ctx, HttpClient& client, const Front& front, const std::string& path) {
  const TimePoint begin = Now();
  Result<ClientResponse> early = client.Post(ctx, front.Url(path), "text/plain", std::string(32 * 1024 * 1024, 'x'));
  ASSERT_TRUE(early.Ok()) << path << ": " << early.Err().Message();
  EXPECT_EQ(early->Status(), 413);
  const std::string megabyte(1024 * 1024, 'y');
  Result<ClientResponse> other = client.Post(ctx, front.Url("/echo"), "text/plain", megabyte);
  ASSERT_TRUE(other.Ok()) << path << ": " << other.Err().Message();
  EXPECT_TRUE(*other->ReadAll(ctx) == megabyte);
  EXPECT_EQ(*early->ReadAll(ctx), "no");
  EXPECT_LT(Now() - begin, 10s) << path << ": a limit has ended it";
}

// What goes by one connection.
void ExpectAll(const Context& ctx, Front& front, Last&) {
  HttpClient client(front.ClientOptions());
  Result<ClientResponse> hello = client.Get(ctx, front.Url("/hello"));
  ASSERT_TRUE(hello.Ok()) << hello.Err().Message();
  EXPECT_EQ(hello->Version(), std::pair(2, 0));
  EXPECT_EQ(*hello->ReadAll(ctx), "/hello");

  const std::string megabyte = Random(1024 * 1024);
  Result<ClientResponse> whole = client.Post(ctx, front.Url("/echo"), "text/plain", megabyte);
  ASSERT_TRUE(whole.Ok()) << whole.Err().Message();
  EXPECT_TRUE(*whole->ReadAll(ctx) == megabyte);
  ClientRequest request("POST", front.Url("/echo"));
  PiecesBody pieces(std::vector<std::string>(16, megabyte.substr(0, 64 * 1024)));
  request.SetBody(pieces);
  Result<ClientResponse> streamed = client.Do(ctx, request);
  ASSERT_TRUE(streamed.Ok()) << streamed.Err().Message();
  EXPECT_EQ(streamed->ReadAll(ctx)->size(), megabyte.size());

  ExpectEarly(ctx, client, front, "/early");

  Group group(ctx);
  for (int i = 0; i < kAtOnce; ++i) {
    group.Go("meets", [&](const Context& c) {
      Result<ClientResponse> response = client.Get(c, front.Url("/meet"));
      ASSERT_TRUE(response.Ok()) << response.Err().Message();
      EXPECT_EQ(*response->ReadAll(c), "met");
    });
  }
  EXPECT_FALSE(group.Wait());
  EXPECT_EQ(client.Stats().opened, 1u);
}

// The end of a connection that nobody uses is seen, and the next request has another one.
void ExpectIdleClose(const Context& ctx, const Front& front) {
  HttpClient client(front.ClientOptions());
  for (unsigned i = 1; i <= 3; ++i) {
    Result<ClientResponse> response = client.Post(ctx, front.Url("/idle"), "text/plain", "text");
    ASSERT_TRUE(response.Ok()) << response.Err().Message();
    EXPECT_EQ(client.Stats().opened, i);
    EXPECT_EQ(client.Stats().idle, 0u) << "the response is unread";
    ASSERT_TRUE(response->ReadAll(ctx).Ok());
    while (client.Stats().idle != 0) ASSERT_FALSE(Sleep(ctx, 1ms));
  }
}

// Fibers that send what may not be repeated, until the test has had enough.
class Load {
 public:
  Load(const Context& ctx, HttpClient& client, const Front& front) : group_(ctx) {
    for (int i = 0; i < 20; ++i) {
      group_.Go("load", [this, &client, &front, i](const Context& c) {
        for (int n = 0; !over_; ++n) Ask(c, client, front, "/" + std::to_string(i) + "-" + std::to_string(n));
      });
    }
  }
  // Until so many more are through.
  void Await(const Context& ctx, int more) const {
    for (const std::size_t until = whole_.size() + static_cast<std::size_t>(more); whole_.size() < until;) ASSERT_FALSE(Sleep(ctx, 1ms));
  }
  // What the client was told is what the last server has done.
  void End(const std::map<std::string, int>& acted) {
    over_ = true;
    EXPECT_FALSE(group_.Wait());
    for (const auto& [path, times] : acted) EXPECT_EQ(times, 1) << path << " was sent again";
    for (const std::string& path : whole_) EXPECT_TRUE(acted.contains(path)) << path;
    for (const std::string& path : not_processed_) EXPECT_FALSE(acted.contains(path)) << path;
  }
  std::size_t Failed() const { return failed_ + not_processed_.size(); }
  std::string last_error;

 private:
  void Ask(const Context& ctx, HttpClient& client, const Front& front, const std::string& path) {
    Result<ClientResponse> response = client.Post(ctx, front.Url(path), "text/plain", "text");
    const Result<std::string> body = response.Ok() ? response->ReadAll(ctx) : Result<std::string>(response.Err());
    if (body.Ok() && response->Status() == 200) {
      EXPECT_EQ(*body, path);
      whole_.push_back(path);
      return;
    }
    last_error = body.Ok() ? std::to_string(response->Status()) : body.Err().Message();
    const ClientFailure* const failure = body.Err().As<ClientFailure>();
    if (failure != nullptr && !failure->processed) {
      not_processed_.push_back(path);
      // Nobody listens any more.
      if (failure->kind == ClientFailure::kRefused) over_ = true;
    } else {
      ++failed_;
    }
  }

  bool over_ = false;
  std::vector<std::string> whole_;
  std::vector<std::string> not_processed_;
  std::size_t failed_ = 0;
  Group group_;
};

// Runs `test` in a fiber, with a front that `start` makes of the program.
template <class Start, class Test>
void WithFront(const char* name, const char* set, Start start, Test test) {
  const std::string program = FindProgram(name);
  if (program.empty()) WEFT_PROGRAM_IS_MISSING(name, set);
  OnLoops(1, [&](const Context& ctx) {
    Front front;
    Last last(ctx, front.folder);
    start(front, program);
    test(ctx, front, last);
  });
}

template <class Test>
void WithNginx(const std::string& keepalive_timeout, Test test) {
  WithFront("nginx", "peers", [&](Front& front, const std::string& nginx) { StartNginx(front, nginx, keepalive_timeout); }, test);
}

template <class Test>
void WithH2o(int idle_seconds, Test test) {
  WithFront("h2o", "bench", [&](Front& front, const std::string& h2o) { StartH2o(front, h2o, idle_seconds); }, test);
}

TEST(Http2Fronts, Nginx) { WithNginx("60s", ExpectAll); }

TEST(Http2Fronts, NginxThatRejectsUploads) {
  WithNginx("60s", [](const Context& ctx, Front& front, Last&) {
    HttpClient client(front.ClientOptions());
    for (int i = 0; i < 3; ++i) ExpectEarly(ctx, client, front, "/own");
    EXPECT_EQ(client.Stats().opened, 1u);
  });
}

TEST(Http2Fronts, NginxEndsWhatIsIdle) {
  WithNginx("50ms", [](const Context& ctx, Front& front, Last&) { ExpectIdleClose(ctx, front); });
}

// RFC 9113 section 6.8: its workers say GOAWAY, and new ones take over.
TEST(Http2Fronts, NginxThatReadsItsSettingsAgainUnderLoad) {
  WithNginx("60s", [](const Context& ctx, Front& front, Last& last) {
    HttpClient client(front.ClientOptions());
    Load load(ctx, client, front);
    for (int round = 0; round < (kSanitized ? 3 : 10); ++round) {
      load.Await(ctx, 100);
      const std::uint64_t opened = client.Stats().opened;
      front.child->Signal(SIGHUP);
      while (client.Stats().opened == opened) ASSERT_FALSE(Sleep(ctx, 1ms));
    }
    load.Await(ctx, 100);
    load.End(last.acted);
    EXPECT_EQ(load.Failed(), 0u) << load.last_error;
  });
}

TEST(Http2Fronts, H2o) { WithH2o(60, ExpectAll); }

TEST(Http2Fronts, H2oEndsWhatIsIdle) {
  WithH2o(1, [](const Context& ctx, Front& front, Last&) { ExpectIdleClose(ctx, front); });
}

TEST(Http2Fronts, H2oThatEndsUnderLoad) {
  WithH2o(60, [](const Context& ctx, Front& front, Last& last) {
    HttpClient client(front.ClientOptions());
    Load load(ctx, client, front);
    load.Await(ctx, 100);
    front.child->Signal(SIGTERM);
    while (load.Failed() == 0) ASSERT_FALSE(Sleep(ctx, 1ms));
    load.End(last.acted);
  });
}

}  // namespace
}  // namespace weft
