// SPDX-License-Identifier: Apache-2.0
#include "exchange.h"

#include <utility>
#include <vector>

#include <weft/concurrency/testing.h>
#include <weft/handlers/handler.h>

#include "../kit/quiet_observer.h"
#include "fuzz.h"
#include "gate.h"

namespace weft::fuzz {
namespace {

using End = Stream::End;

constexpr internal::HeadLimits kLimits{.head_bytes = 1024, .target_bytes = 200, .fields = 12};

struct Outcome {
  std::vector<Seen> requests;  // whose bodies came whole
  std::vector<int> statuses;   // of the final responses
  bool whole = true;
};

void SetLimits(ServerOptions& options, Observer& observer) {
  options.head_bytes_max = kLimits.head_bytes;
  options.target_bytes_max = kLimits.target_bytes;
  options.fields_max = kLimits.fields;
  options.half_closed_clients = true;
  options.observer = &observer;
}

// The statuses of the responses that came, in order. The handler's responses are "seen", their methods known.
void ReadResponses(std::string_view bytes, Outcome& out) {
  std::size_t request = 0;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find("\r\n\r\n");
    if (!bytes.starts_with("HTTP/1.1 ") || end == std::string_view::npos) {
      out.whole = false;
      return;
    }
    const std::string head(bytes.substr(0, end + 2));
    bytes.remove_prefix(end + 4);
    const int status = std::stoi(head.substr(9, 3));
    if (status < 200) continue;
    out.statuses.push_back(status);
    // The request that is refused is the last; it may be HEAD, whose response has no body.
    const bool head_only = request < out.requests.size() ? out.requests[request].method == "HEAD" : bytes.empty();
    ++request;
    const std::size_t length = head.find("Content-Length: ");
    if (head_only || length == std::string::npos) continue;
    const std::size_t size = std::stoul(head.substr(length + 16));
    if (size > bytes.size()) {
      out.whole = false;
      return;
    }
    bytes.remove_prefix(size);
  }
}

Outcome Serve(std::string_view bytes, Talk talk, ServerOptions options) {
  Outcome out;
  const Error err = RunTest([&](const Context& ctx) -> Error {
    const auto handler = [&out](ResponseWriter& w, Request& r) -> Error {
      const Result<std::string> body = r.Body().ReadAll();
      if (Error failed = body.Err()) return failed;
      out.requests.push_back({std::string(r.Method()), std::string(r.Target()), *body, false});
      return w.Write("seen\n");
    };
    QuietObserver quiet;
    SetLimits(options, quiet);
    TestServer server(ctx, handler, options);
    ReadResponses(talk(ctx, server, bytes), out);
    return server.Stop();
  });
  FUZZ_CHECK(!err, "nothing hangs, nothing leaks");
  return out;
}

Stream Model(std::string_view bytes) {
  Gate gate(kLimits);
  gate.Feed(bytes);
  return gate.Result();
}

void Check(const Outcome& out, const Stream& model) {
  FUZZ_CHECK(out.whole, "responses are whole");
  FUZZ_CHECK(out.requests.size() == model.requests.size(), "the handler sees as many requests as the gate");
  for (std::size_t i = 0; i < out.requests.size(); ++i) {
    const Seen& seen = out.requests[i];
    const Seen& expected = model.requests[i];
    FUZZ_CHECK(seen.method == expected.method && seen.target == expected.target, "the handler sees the requests of the gate");
    FUZZ_CHECK(seen.body == expected.body, "the handler sees the bodies of the gate");
    const int status = seen.method == "CONNECT" ? 501 : 200;  // the handler makes no tunnel
    FUZZ_CHECK(i < out.statuses.size() && out.statuses[i] == status, "each request gets a response");
  }
  const std::size_t own = out.statuses.size() - out.requests.size();
  if (model.end == End::kRefused) FUZZ_CHECK(own == 1 && out.statuses.back() >= 400, "a refusal is one response");
  if (model.end == End::kClosed) FUZZ_CHECK(own == 0, "nothing comes after the last response");
  if (model.end == End::kWaits) FUZZ_CHECK(own <= 1, "what is not whole gets one response at most");
}

}  // namespace

void CheckExchange(std::string_view bytes, Talk talk, ServerOptions options) {
  Check(Serve(bytes, talk, std::move(options)), Model(bytes));
}

}  // namespace weft::fuzz
