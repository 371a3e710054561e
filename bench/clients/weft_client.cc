// SPDX-License-Identifier: Apache-2.0
//
// HttpClient as its users write it: some fibers of one loop that ask again and again. With --hold: what that many kept connections take.
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <malloc.h>
#include <unistd.h>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>

#include "common/client_run.h"

namespace {

std::int64_t ResidentBytes() {
  malloc_trim(0);
  long all = 0;
  long resident = 0;
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr || std::fscanf(file, "%ld %ld", &all, &resident) != 2) std::abort();
  std::fclose(file);
  return resident * sysconf(_SC_PAGESIZE);
}

// What is allocated, without the free places between: a page stays resident for one connection in it.
std::int64_t AllocatedBytes() { return static_cast<std::int64_t>(mallinfo2().uordblks); }

// `count` requests at once, so that there are as many connections, each of which is kept then.
weft::Error AskAtOnce(const weft::Context& ctx, weft::HttpClient& client, const std::string& url, int count) {
  weft::Event all_are_here;
  int here = 0;
  weft::Group group(ctx);
  for (int i = 0; i < count; ++i) {
    group.Go([&](const weft::Context& c) -> weft::Error {
      weft::Result<weft::ClientResponse> response = client.Get(c, url);
      if (weft::Error failed = response.Err()) return failed;
      if (++here == count) all_are_here.Set();
      if (weft::Error failed = all_are_here.Wait(c)) return failed;
      return response->ReadAll(c).Err();
    });
  }
  return group.Wait();
}

// The fibers that asked leave memory of their own, so one client has used them before another one is measured.
int Hold(const std::string& url, int count) {
  const weft::Error err = weft::Run(weft::Background(), {.loops = 1}, [&](const weft::Context& ctx) -> weft::Error {
    weft::HttpClientOptions options;
    options.requests_per_origin_max = options.idle_per_origin_max = static_cast<std::uint32_t>(count);
    for (int i = 0; i < 2; ++i) {
      weft::HttpClient first(options);
      if (weft::Error failed = AskAtOnce(ctx, first, url, count)) return failed;
    }
    const std::int64_t before = ResidentBytes();
    const std::int64_t allocated_before = AllocatedBytes();
    weft::HttpClient client(options);
    if (weft::Error failed = AskAtOnce(ctx, client, url, count)) return failed;
    const double allocated = static_cast<double>(AllocatedBytes() - allocated_before) / count;
    std::printf("kept=%d allocated_each=%.0f resident_each=%.0f\n", static_cast<int>(client.Stats().idle), allocated,
                static_cast<double>(ResidentBytes() - before) / count);
    return {};
  });
  if (err) std::fprintf(stderr, "weft_client: %s\n", err.Message().c_str());
  return err ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  weft::bench::ClientRun run(argc, argv);
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], "--hold") == 0) return Hold(run.Url(), std::atoi(argv[i + 1]));
  }
  const std::string url = run.Url();
  weft::HttpClientOptions options;
  options.http2 = options.tls.insecure_skip_verify = !run.http2.empty();
  weft::HttpClient client(options);
  const weft::Error err = weft::Run(weft::Background(), {.loops = 1}, [&](const weft::Context& ctx) -> weft::Error {
    weft::Group group(ctx);
    for (int i = 0; i < run.connections; ++i) {
      group.Go([&](const weft::Context& c) -> weft::Error {
        std::array<char, 4096> piece;
        do {
          weft::Result<weft::ClientResponse> response = client.Get(c, url);
          if (weft::Error failed = response.Err()) return failed;
          for (;;) {
            const weft::Result<std::size_t> got = response->Read(c, piece);
            if (weft::Error failed = got.Err()) return failed;
            if (*got == 0) break;
          }
        } while (run.Count());
        return {};
      });
    }
    return group.Wait();
  });
  if (err) {
    std::fprintf(stderr, "weft_client: %s\n", err.Message().c_str());
    return 1;
  }
  return run.Report();
}
