// SPDX-License-Identifier: Apache-2.0
#include "tour.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weft/concurrency/group.h>
#include <weft/concurrency/time.h>

namespace {

using std::chrono::milliseconds;

weft::Error Text(weft::ResponseWriter& w, const std::string& text) {
  w.Header().Set("Content-Type", "text/plain; charset=utf-8");
  return w.Write(text);
}

weft::Error Hello(weft::ResponseWriter& w, weft::Request& r) { return Text(w, "Hello, " + std::string(r.PathValue("name")) + "!\n"); }

// Reads and writes piece by piece: the memory is the same for a byte and for a terabyte.
weft::Error Echo(weft::ResponseWriter& w, weft::Request& r) {
  r.Body().SetLimit(weft::kUnlimited);
  const std::string_view type = r.Header().Get("Content-Type");
  w.Header().Set("Content-Type", type.empty() ? "application/octet-stream" : type);
  w.Header().Set("X-Content-Type-Options", "nosniff");
  const std::optional<std::uint64_t> length = r.Body().Declared();
  if (length) w.Header().Set("Content-Length", std::to_string(*length));
  constexpr std::uint64_t kPieceMax = 64 * 1024;  // smaller ones cost more system calls and packets, larger ones save nothing
  const std::size_t size = static_cast<std::size_t>(std::min(length.value_or(kPieceMax), kPieceMax));
  const std::unique_ptr<char[]> piece(new char[size]);
  for (;;) {
    weft::Result<std::size_t> n = r.Body().Read({piece.get(), size});
    if (weft::Error err = n.Err()) return err;
    if (*n == 0) return {};
    if (weft::Error err = w.Write({piece.get(), *n})) return err;
  }
}

weft::Error SleepFor(weft::ResponseWriter& w, weft::Request& r) {
  weft::Result<std::uint32_t> ms = r.PathValueAs<std::uint32_t>("ms");
  if (weft::Error err = ms.Err()) return err;
  if (weft::Error err = weft::Sleep(r.Ctx(), milliseconds(*ms))) return err;
  return Text(w, "slept " + std::to_string(*ms) + " ms\n");
}

weft::Error Deadline(weft::ResponseWriter& w, weft::Request& r) {
  weft::Result<std::uint32_t> ms = r.PathValueAs<std::uint32_t>("ms");
  if (weft::Error err = ms.Err()) return err;
  weft::CancelScope scope = weft::WithTimeout(r.Ctx(), milliseconds(*ms), weft::Error::New("the deadline of this handler"));
  // The work, in steps that look at the context, would take longer than that.
  for (weft::TimePoint end = weft::Now() + milliseconds(*ms) + std::chrono::hours(1); weft::Now() < end;) {
    if (weft::Error err = weft::Sleep(scope.ctx, milliseconds(10))) return err;  // 504
  }
  return Text(w, "done\n");
}

// Under the context of the request, or one derived from it: its deadline and its end are those of the question, too.
weft::Result<std::string> Ask(const weft::Context& ctx, const Neighbour& neighbour, const char* path) {
  weft::Result<weft::ClientResponse> response = neighbour.Client().Get(ctx, neighbour.Url() + path);
  if (weft::Error err = response.Err()) return err;
  if (weft::Error err = response->ExpectSuccess()) return err;
  return response->ReadAll(ctx);
}

weft::Error FanOut(weft::ResponseWriter& w, weft::Request& r, const Neighbour& neighbour) {
  int n = 8;
  if (r.Query("n")) {
    weft::Result<int> given = r.QueryAs<int>("n");
    if (weft::Error err = given.Err()) return err;
    n = *given;
  }
  if (n < 1 || n > 100) return weft::HttpError(400, "n must be from 1 to 100");
  const bool hang = r.Query("hang") == "1";

  weft::CancelScope scope = weft::WithTimeout(r.Ctx(), std::chrono::seconds(2), weft::Error::New("the fan-out took too long"));
  std::vector<std::string> responses(static_cast<std::size_t>(n));  // declared before the group, so it outlives the join
  weft::Group group(scope.ctx);
  for (std::size_t i = 0; i < responses.size(); ++i) {
    const bool hangs = hang && i == 0;
    group.Go("request " + std::to_string(i), [&neighbour, &response = responses[i], hangs](const weft::Context& ctx) -> weft::Error {
      weft::Result<std::string> got = Ask(ctx, neighbour, hangs ? "/sleep/3600000" : "/sleep/20");
      if (got.Ok()) response = *std::move(got);
      return got.Err();
    });
  }
  const weft::Error failure = group.Wait();
  if (weft::Error err = scope.ctx.Err()) return err.Wrap("fan-out");  // 504, or the client has left
  if (failure && r.Draining().Err()) return weft::kServerClosing.Wrap(failure.Message());  // our own door is closed: 503
  if (failure) return failure;  // a ClientFailure: 502, 503 or 504

  std::string text;
  for (std::size_t i = 0; i < responses.size(); ++i) text += std::to_string(i) + ": " + responses[i];
  return Text(w, text);
}

}  // namespace

void AddTourRoutes(weft::Mux& mux, const Neighbour& neighbour) {
  mux.Handle("GET /hello/{name}", Hello);
  mux.Handle("POST /echo", Echo);
  mux.Handle("GET /sleep/{ms}", SleepFor);
  mux.Handle("GET /deadline/{ms}", Deadline);
  mux.Handle("GET /fanout", [&neighbour](weft::ResponseWriter& w, weft::Request& r) { return FanOut(w, r, neighbour); });
}
