// SPDX-License-Identifier: Apache-2.0
//
// What bench/run asks of a server besides small responses: bodies that are echoed piece by piece, requests that are parked, and such as
// compute. Without middleware, as its peers.
//
//   echo --address 127.0.0.1:0

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include <weft/concurrency/offload.h>
#include <weft/concurrency/time.h>
#include <weft/concurrency/unlimited.h>
#include <weft/handlers/routing/mux.h>
#include <weft/server/listen_and_serve.h>

#include "servers/options.h"

namespace {

weft::Error Echo(weft::ResponseWriter& w, weft::Request& r) {
  r.Body().SetLimit(weft::kUnlimited);
  w.Header().Set("Content-Type", "application/octet-stream");
  const std::optional<std::uint64_t> length = r.Body().Declared();
  if (length) w.Header().Set("Content-Length", std::to_string(*length));
  constexpr std::uint64_t kPieceMax = 64 * 1024;
  const std::size_t size = static_cast<std::size_t>(std::min(length.value_or(kPieceMax), kPieceMax));
  const std::unique_ptr<char[]> piece(new char[size]);
  for (;;) {
    const weft::Result<std::size_t> n = r.Body().Read({piece.get(), size});
    if (weft::Error err = n.Err()) return err;
    if (*n == 0) return {};
    if (weft::Error err = w.Write({piece.get(), *n})) return err;
  }
}

weft::Error SleepFor(weft::ResponseWriter& w, weft::Request& r) {
  const weft::Result<std::uint32_t> ms = r.PathValueAs<std::uint32_t>("ms");
  if (weft::Error err = ms.Err()) return err;
  if (weft::Error err = weft::Sleep(r.Ctx(), std::chrono::milliseconds(*ms))) return err;
  return w.Write("slept\n");
}

// Computes for so many milliseconds, on the loop or outside it.
template <bool kBeside>
weft::Error Compute(weft::ResponseWriter& w, weft::Request& r) {
  const weft::Result<std::uint32_t> ms = r.PathValueAs<std::uint32_t>("ms");
  if (weft::Error err = ms.Err()) return err;
  const auto compute = [&] {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(*ms);
    while (std::chrono::steady_clock::now() < end) {
    }
  };
  if constexpr (kBeside) {
    if (weft::Error err = weft::Offload(r.Ctx(), compute)) return err;
  } else {
    compute();
  }
  return w.Write("computed\n");
}

weft::Error Hello(weft::ResponseWriter& w, weft::Request&) {
  w.Header().Set("Content-Type", "text/plain");
  return w.Write("Hello, World!");
}

}  // namespace

int main(int argc, char** argv) {
  weft::ServerOptions options = weft::bench::OptionsOf(argc, argv);
  weft::Mux mux;
  mux.Handle("POST /echo", Echo);
  mux.Handle("GET /{$}", Hello);
  mux.Handle("GET /sleep/{ms}", SleepFor);
  mux.Handle("GET /compute/{ms}", Compute<false>);
  mux.Handle("GET /offload/{ms}", Compute<true>);
  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  return weft::ListenAndServe(ctx, options, mux) ? 1 : 0;
}
