// SPDX-License-Identifier: Apache-2.0
//
// HttpClient over HTTP/2, or over HTTP/1.1, against servers of other people (README.md).
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>

namespace {

using namespace std::chrono_literals;
using weft::ClientResponse;
using weft::Context;
using weft::Error;
using weft::Result;

bool http2 = true;

Error Unlike(const char* what) { return Error::New(std::string("not as it should be: ") + what); }

Result<std::string> Ask(const Context& ctx, weft::HttpClient& client, const char* method, const std::string& url, std::string body = {}) {
  weft::ClientRequest request(method, url);
  if (!body.empty()) request.SetBody(std::move(body));
  Result<ClientResponse> response = client.Do(ctx, request);
  if (Error err = response.Err()) return err;
  if (response->Version() != (http2 ? std::pair(2, 0) : std::pair(1, 1))) return Unlike("the version");
  if (Error err = response->ExpectSuccess()) return err;
  return response->ReadAll(ctx);
}

Error CheckBodies(const Context& ctx, weft::HttpClient& client, const std::string& base) {
  const Result<std::string> hello = Ask(ctx, client, "GET", base + "/hello");
  if (Error err = hello.Err()) return err;
  if (*hello != "hello") return Unlike("hello");
  std::mt19937 dice(1);
  std::string megabyte(1024 * 1024, '\0');
  for (char& c : megabyte) c = static_cast<char>(dice());
  const Result<std::string> whole = Ask(ctx, client, "POST", base + "/echo", megabyte);
  if (Error err = whole.Err()) return err;
  if (*whole != megabyte) return Unlike("a megabyte at once");
  // In pieces, while the response is read.
  Result<weft::ClientExchange> exchange = client.Open(ctx, weft::ClientRequest("POST", base + "/echo"));
  if (Error err = exchange.Err()) return err;
  weft::Group group(ctx);
  group.Go("send", [&](const Context& c) -> Error {
    for (std::size_t at = 0; at < megabyte.size(); at += 10'000) {
      if (Error err = exchange->Write(c, std::string_view(megabyte).substr(at, 10'000))) return err;
    }
    return exchange->CloseWrite(c);
  });
  Result<ClientResponse> response = exchange->Head(ctx);
  if (Error err = response.Err()) return err;
  const Result<std::string> pieces = response->ReadAll(ctx);
  if (Error err = pieces.Err()) return err;
  if (*pieces != megabyte) return Unlike("a megabyte in pieces");
  return group.Wait();
}

Error CheckMany(const Context& ctx, weft::HttpClient& client, const std::string& base) {
  weft::Group group(ctx);
  for (int i = 0; i < 100; ++i) group.Go("meet", [&](const Context& c) { return Ask(c, client, "GET", base + "/meet").Err(); });
  if (Error err = group.Wait()) return err;
  const std::uint64_t opened = client.Stats().opened;
  return (http2 ? opened == 1 : opened >= 100) ? Error() : Unlike("the number of connections");
}

Error CheckLeave(const Context& ctx, weft::HttpClient& client, const std::string& base) {
  const weft::PoolStats before = client.Stats();
  if (Error err = Ask(ctx, client, "GET", base + "/leave").Err()) return err;
  while (client.Stats().closed == before.closed) {
    if (Error err = weft::Sleep(ctx, 1ms)) return err;
  }
  if (Error err = Ask(ctx, client, "POST", base + "/echo", "text").Err()) return err;
  return client.Stats().opened == before.opened + (http2 ? 1 : 0) ? Error() : Unlike("the number of connections after one has ended");
}

struct Counts {
  int served = 0, refused = 0, failed = 0;
};

Error Load(const Context& ctx, weft::HttpClient& client, const std::string& base, Counts& counts) {
  bool over = false;
  weft::Group group(ctx);
  for (int i = 0; i < 20; ++i) {
    group.Go("load", [&, i](const Context& c) -> Error {
      for (int n = 0; !over; ++n) {
        const std::string path = "/act/" + std::to_string(i) + "/" + std::to_string(n);
        const Result<std::string> text = Ask(c, client, "POST", base + path, "text");
        if (text.Ok()) {
          if (*text != path) return Unlike("a response to another request");
          ++counts.served;
          continue;
        }
        const auto* const failure = text.Err().As<weft::ClientFailure>();
        if (failure == nullptr) return text.Err();
        if (!failure->processed && failure->kind == weft::ClientFailure::kRefused) over = true;
        ++(failure->processed ? counts.failed : counts.refused);
        if (failure->processed) std::fprintf(stderr, "asker: %s\n", text.Err().Message().c_str());
      }
      return {};
    });
  }
  return group.Wait();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && (argc != 4 || argv[3] != std::string_view("http1"))) return 2;
  http2 = argc == 3;
  const std::string base = argv[1];
  weft::HttpClientOptions options;
  options.http2 = http2;
  options.requests_per_origin_max = 200;
  options.tls.ca_file = argv[2];
  weft::HttpClient client(options);
  Counts counts;
  const Error err = weft::Run(weft::Background(), {.loops = 1}, [&](const Context& ctx) -> Error {
    for (const auto check : {&CheckBodies, &CheckMany, &CheckLeave}) {
      if (Error failed = check(ctx, client, base)) return failed;
    }
    std::printf("load\n");
    std::fflush(stdout);
    return Load(ctx, client, base, counts);
  });
  if (err) {
    std::fprintf(stderr, "asker: %s\n", err.Message().c_str());
    return 1;
  }
  std::printf("served %d, refused %d, failed %d\n", counts.served, counts.refused, counts.failed);
  return 0;
}
