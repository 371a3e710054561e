// SPDX-License-Identifier: Apache-2.0

// Fetches many URLs to the disk: a few at once, each with its time and its size, the first Ctrl-C ends all in good order.
//
//   seq -f 'http://127.0.0.1:8080/files/%g' 1000 >urls.txt
//   build/release/examples/fetch --urls urls.txt --folder pages --at-once 20 --seconds 10 --bytes-max 1000000
//
// One line for each URL on stdout; the exit code is 1 if one failed. A file is there whole or not at all.

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include <weft/clients/http/http_client.h>
#include <weft/clients/retry.h>
#include <weft/concurrency/file_write.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>

#include "flags.h"

namespace {

struct Settings {
  std::string urls;
  std::string folder = ".";
  int at_once = 20;
  int seconds = 30;  // for one URL, with all attempts
  std::uint64_t bytes_max = 100'000'000;
};

weft::Result<std::uint64_t> Fetch(const weft::Context& ctx, weft::HttpClient& client, const std::string& url, const std::string& path,
                                  std::uint64_t bytes_max) {
  weft::Result<weft::ClientResponse> response = client.Get(ctx, url);
  if (weft::Error err = response.Err()) return err;
  if (weft::Error err = response->ExpectSuccess()) return err;
  return weft::SaveTo(ctx, *response, path, {.max = bytes_max});
}

weft::Error FetchAll(const weft::Context& ctx, const Settings& settings, const std::vector<std::string>& urls, int& failed) {
  weft::HttpClient client({.requests_per_origin_max = 8, .redirects_max = 5});
  weft::RetryBudget budget(0.1);
  weft::Group group(ctx, {.limit = settings.at_once});
  for (std::size_t i = 0; i < urls.size(); ++i) {
    group.Go("fetch", [&, i](const weft::Context& c) {
      const weft::CancelScope limit = weft::WithTimeout(c, std::chrono::seconds(settings.seconds));
      const std::string path = settings.folder + "/" + std::to_string(i);
      const weft::Result<std::uint64_t> bytes = weft::Retry(limit.ctx, {.budget = &budget}, [&](const weft::Context& attempt) {
        return Fetch(attempt, client, urls[i], path, settings.bytes_max);
      });
      if (!bytes.Ok()) ++failed;
      std::printf("%s %s\n", bytes.Ok() ? (path + " " + std::to_string(*bytes)).c_str() : "-",
                  bytes.Ok() ? urls[i].c_str() : bytes.Err().Message().c_str());
    });
  }
  return group.Wait();
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  for (Flags flags(argc, argv, "fetch --urls FILE [--folder FOLDER] [--at-once N] [--seconds N] [--bytes-max N]"); flags.Next();) {
    if (flags.Is("--urls")) settings.urls = flags.Text();
    else if (flags.Is("--folder")) settings.folder = flags.Text();
    else if (flags.Is("--at-once")) settings.at_once = flags.Number<int>(1, 10'000);
    else if (flags.Is("--seconds")) settings.seconds = flags.Number<int>(1, 86'400);
    else if (flags.Is("--bytes-max")) settings.bytes_max = flags.Number<std::uint64_t>(1, UINT64_MAX);
    else flags.Unknown();
  }
  std::vector<std::string> urls;
  std::ifstream lines(settings.urls);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) urls.push_back(line);
  }
  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  int failed = 0;
  const weft::Error err = weft::Run(ctx, {.loops = 1}, [&](const weft::Context& c) { return FetchAll(c, settings, urls, failed); });
  if (err) std::fprintf(stderr, "fetch: %s\n", err.Message().c_str());
  return err || failed > 0 ? 1 : 0;
}
