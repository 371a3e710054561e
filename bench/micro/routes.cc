// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/routing/mux.h>

#include <string>
#include <vector>

#include "micro/exchange.h"

namespace weft::bench {
namespace {

constexpr std::size_t kInOne = 10;  // paths of one request, whose values of wildcards it keeps

// `routes` of them at one level, of which every other one ends in a wildcard, and a path for each. It is matched from its first byte
// to the call of a handler that does nothing.
std::int64_t MatchOf(int routes, const Context& ctx, std::int64_t n, Meter& meter) {
  meter.Pause();
  Mux mux;
  std::int64_t served = 0;
  std::vector<std::string> paths;
  for (int i = 0; i < routes / 2; ++i) {
    const std::string name = "/resource" + std::to_string(i);
    mux.Handle("GET " + name, [&](ResponseWriter&, Request&) { ++served; });
    mux.Handle("GET " + name + "/{id}", [&](ResponseWriter&, Request&) { ++served; });
    paths.push_back(name);
    paths.push_back(name + "/4711");
  }
  const Handler handler = mux;
  Exchanges exchanges(paths.front());
  meter.Resume();
  while (served < n) {
    for (std::size_t at = 0; at < paths.size(); at += kInOne) exchanges.Choose(ctx, handler, &paths[at], kInOne);
  }
  return served;
}

const Announce kOperations{
    {"mux-10", 1, [](const Context& ctx, std::int64_t n, Meter& meter) { return MatchOf(10, ctx, n, meter); }},
    {"mux-100", 1, [](const Context& ctx, std::int64_t n, Meter& meter) { return MatchOf(100, ctx, n, meter); }},
    {"mux-1000", 1, [](const Context& ctx, std::int64_t n, Meter& meter) { return MatchOf(1000, ctx, n, meter); }}};

}  // namespace
}  // namespace weft::bench
