// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CLIENTS_REAL_SERVERS_KIT_H_
#define WEFT_TESTS_CLIENTS_REAL_SERVERS_KIT_H_

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/group.h>
#include <weft/handlers/proxy/reverse_proxy.h>
#include <weft/server/testing.h>

#include "../e2e/process.h"
#include "../kit/run.h"

// Other people's servers and proxies: how they are found and started, and what is asked of all of them.

namespace weft {

namespace fs = std::filesystem;

struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "weft-servers-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path); }
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(path + "/" + name) << text;
    return path + "/" + name;
  }
  std::string path;
};

inline std::string FindProgram(const std::string& name) {
  for (const char* folder : {"/usr/sbin/", "/usr/bin/", "/usr/local/bin/", "/usr/local/go/bin/"}) {
    if (fs::exists(folder + name)) return folder + name;
  }
  return {};
}

// Compiles a program of one file, and returns its path.
inline std::string BuildGo(const std::string& go, const Folder& folder, const std::string& name, const std::string& source) {
  setenv("GOCACHE", (fs::temp_directory_path() / "weft-go-cache").c_str(), 0);
  setenv("HOME", folder.path.c_str(), 0);
  const std::string program = folder.path + "/" + name;
  Process build(go, {"build", "-o", program, folder.Write(name + ".go", source)});
  EXPECT_EQ(build.Wait(), 0);
  return program;
}

// What all servers have: /hello a short text, /big five megabytes, anything else the body of the request. This one speaks HTTP/2 over TLS
// with any argument.
inline constexpr const char* kGoServer = R"(
package main

import ("fmt"; "io"; "net/http"; "net/http/httptest"; "os"; "strings")

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") })
	mux.HandleFunc("/big", func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < 50; i++ { io.WriteString(w, strings.Repeat("x", 100000)) }
	})
	mux.HandleFunc("/trailer", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "Sum"); io.WriteString(w, "body"); w.Header().Set("Sum", "4")
	})
	mux.HandleFunc("/early", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(413) })
	mux.HandleFunc("/hints", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</a>"); w.WriteHeader(103); io.WriteString(w, "hints")
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { body, _ := io.ReadAll(r.Body); w.Write(body) })
	server := httptest.NewUnstartedServer(mux)
	if len(os.Args) > 1 {
		server.EnableHTTP2 = true
		server.StartTLS()
	} else {
		server.Start()
	}
	fmt.Println(server.URL)
	select {}
}
)";

inline void ExpectServed(const Context& ctx, HttpClient& client, const std::string& base) {
  for (int i = 0; i < 3; ++i) {
    Result<ClientResponse> hello = client.Get(ctx, base + "/hello");
    ASSERT_TRUE(hello.Ok()) << hello.Err().Message();
    EXPECT_EQ(*hello->ReadAll(ctx), "hello");
    Result<ClientResponse> big = client.Get(ctx, base + "/big");
    ASSERT_TRUE(big.Ok()) << big.Err().Message();
    const Result<std::string> all = big->ReadAll(ctx);
    ASSERT_TRUE(all.Ok()) << all.Err().Message();
    EXPECT_EQ(all->size(), 5'000'000u);
    Result<ClientResponse> head = client.Do(ctx, ClientRequest("HEAD", base + "/hello"));
    ASSERT_TRUE(head.Ok()) << head.Err().Message();
    EXPECT_EQ(head->Status(), 200);
  }
}

inline void ExpectEchoes(const Context& ctx, HttpClient& client, const std::string& base) {
  for (const std::size_t size : {0u, 10u, 3'000'000u}) {
    ClientRequest request("POST", base + "/echo");
    request.SetBody(std::string(size, 'x'));
    Result<ClientResponse> response = client.Do(ctx, request);
    ASSERT_TRUE(response.Ok()) << response.Err().Message();
    EXPECT_EQ(response->ReadAll(ctx)->size(), size);
    // Node responds while it still reads: only an exchange that listens and sends at once comes to its end.
    Result<ClientExchange> exchange = client.Open(ctx, ClientRequest("POST", base + "/echo"));
    ASSERT_TRUE(exchange.Ok()) << exchange.Err().Message();
    Group group(ctx);
    group.Go("send", [&](const Context& c) -> Error {
      if (Error err = exchange->Write(c, std::string(size + 1, 'y'))) return err;
      return exchange->CloseWrite(c);
    });
    Result<ClientResponse> streamed = exchange->Head(ctx);
    ASSERT_TRUE(streamed.Ok()) << streamed.Err().Message();
    EXPECT_EQ(streamed->ReadAll(ctx)->size(), size + 1);
    EXPECT_FALSE(group.Wait());
  }
}

inline void ExpectTrailer(const Context& ctx, HttpClient& client, const std::string& base) {
  Result<ClientResponse> response = client.Get(ctx, base + "/trailer");
  ASSERT_TRUE(response.Ok()) << response.Err().Message();
  EXPECT_EQ(*response->ReadAll(ctx), "body");
  EXPECT_EQ(response->Trailer().Get("Sum"), "4");
}

inline void ExpectHints(const Context& ctx, HttpClient& client, const std::string& base) {
  int hints = 0;
  ClientRequest request("GET", base + "/hints");
  request.OnInterim([&](int status, const Fields&) { hints = status; });
  EXPECT_EQ(*client.Do(ctx, request)->ReadAll(ctx), "hints");
  EXPECT_EQ(hints, 103);
}

// The same through a proxy of ours, whose client is `inner`.
inline void ExpectServedThroughProxy(const Context& ctx, HttpClient& inner, const std::string& base) {
  UpstreamPool pool(inner, {.addresses = {base}});
  ServerOptions options;
  options.address = "127.0.0.1:0";
  TestServer front(ctx, ReverseProxy(pool), options);
  HttpClient client;
  ExpectServed(ctx, client, front.Bound());
  ExpectEchoes(ctx, client, front.Bound());
}

// Its file is there before the server listens.
inline void AwaitListener(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  for (int i = 0; i < 1000; ++i) {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool listens = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    if (listens) return;
    usleep(10'000);
  }
  FAIL() << path << ": nobody listens";
}

inline std::string UnixUrl(const std::string& socket) {
  std::string url = "http+unix://";
  for (const char c : socket) url += c == '/' ? std::string("%2F") : std::string(1, c);
  return url;
}

}  // namespace weft

#endif  // WEFT_TESTS_CLIENTS_REAL_SERVERS_KIT_H_
