// SPDX-License-Identifier: Apache-2.0
//
// Other people's servers over HTTP/2, and in front of them a proxy of ours.
#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include <weft/clients/http/http_client.h>
#include <weft/handlers/proxy/reverse_proxy.h>
#include <weft/server/testing.h>

#include "../e2e/process.h"
#include "../kit/missing_program.h"
#include "http_kit.h"
#include "real_servers_kit.h"

namespace weft {
namespace {

constexpr const char* kGoServer = R"(
package main

import ("fmt"; "io"; "net/http"; "net/http/httptest"; "strings")

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
	server.EnableHTTP2 = true
	server.StartTLS()
	fmt.Println(server.URL)
	select {}
}
)";

TEST(RealServersHttp2, Go) {
  const std::string go = FindProgram("go");
  if (go.empty()) WEFT_PROGRAM_IS_MISSING("go", "peers");
  const Folder folder;
  const std::string source = folder.Write("server.go", kGoServer);
  const std::string program = folder.path + "/server";
  setenv("GOCACHE", (fs::temp_directory_path() / "weft-go-cache").c_str(), 0);
  setenv("HOME", folder.path.c_str(), 0);
  {
    Process build(go, {"build", "-o", program, source});
    ASSERT_EQ(build.Wait(), 0);
  }
  Process server(program, {});
  const std::string base = server.Line();
  OnLoops(1, [&](const Context& ctx) {
    HttpClient client({.http2 = true, .tls = {.insecure_skip_verify = true}});
    ExpectServed(ctx, client, base);
    ExpectEchoes(ctx, client, base);
    Result<ClientResponse> trailer = client.Get(ctx, base + "/trailer");
    ASSERT_TRUE(trailer.Ok()) << trailer.Err().Message();
    EXPECT_EQ(trailer->Version(), std::pair(2, 0));
    EXPECT_EQ(*trailer->ReadAll(ctx), "body");
    EXPECT_EQ(trailer->Trailer().Get("Sum"), "4");
    int hints = 0;
    ClientRequest request("GET", base + "/hints");
    request.OnInterim([&](int status, const Fields&) { hints = status; });
    EXPECT_EQ(*client.Do(ctx, request)->ReadAll(ctx), "hints");
    EXPECT_EQ(hints, 103);
    Result<ClientResponse> early = client.Post(ctx, base + "/early", "text/plain", std::string(8'000'000, 'x'));
    ASSERT_TRUE(early.Ok()) << early.Err().Message();
    EXPECT_EQ(early->Status(), 413);
    early = Error::New("gone");
    EXPECT_EQ(client.Stats().opened, 1u);
    UpstreamPool pool(client, {.addresses = {base}});
    ServerOptions options;
    options.address = "127.0.0.1:0";
    TestServer front(ctx, ReverseProxy(pool), options);
    HttpClient outer;
    ExpectServed(ctx, outer, front.Bound());
    ExpectEchoes(ctx, outer, front.Bound());
  });
}

}  // namespace
}  // namespace weft
