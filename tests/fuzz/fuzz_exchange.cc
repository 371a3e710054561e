// SPDX-License-Identifier: Apache-2.0
//
// The real server on virtual time, with one connection on which the input comes in pieces. Its handler reads each body to the end; what it
// sees, and what the client gets, must be what the gate of fuzz_gate makes of the same bytes: no request more, none less, one answer for
// each, and one more for a refusal, behind which nothing is served.
#include <string>
#include <string_view>
#include <vector>

#include <weft/concurrency/testing.h>
#include <weft/handlers/handler.h>
#include <weft/server/observer.h>
#include <weft/server/testing.h>

#include "fuzz.h"
#include "gate.h"

namespace weft::fuzz {
namespace {

using End = Stream::End;

constexpr internal::HeadLimits kLimits{.head_bytes = 1024, .target_bytes = 200, .fields = 12};

class Quiet final : public Observer {};

struct Outcome {
  std::vector<Seen> requests;  // whose bodies came whole
  std::vector<int> statuses;   // of the final answers
  bool answers_whole = true;
};

ServerOptions Options(Observer& observer) {
  ServerOptions options;
  options.head_bytes_max = kLimits.head_bytes;
  options.target_bytes_max = kLimits.target_bytes;
  options.fields_max = kLimits.fields;
  options.half_closed_clients = true;
  options.observer = &observer;
  return options;
}

// The statuses of the answers that came, in order. The handler's answers are "seen", their methods known.
void ReadAnswers(std::string_view bytes, Outcome& out) {
  std::size_t request = 0;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find("\r\n\r\n");
    if (!bytes.starts_with("HTTP/1.1 ") || end == std::string_view::npos) {
      out.answers_whole = false;
      return;
    }
    const std::string head(bytes.substr(0, end + 2));
    bytes.remove_prefix(end + 4);
    const int status = std::stoi(head.substr(9, 3));
    if (status < 200) continue;
    out.statuses.push_back(status);
    // The request that is refused is the last; it may be HEAD, whose answer has no body.
    const bool head_only = request < out.requests.size() ? out.requests[request].method == "HEAD" : bytes.empty();
    ++request;
    const std::size_t length = head.find("Content-Length: ");
    if (head_only || length == std::string::npos) continue;
    const std::size_t size = std::stoul(head.substr(length + 16));
    if (size > bytes.size()) {
      out.answers_whole = false;
      return;
    }
    bytes.remove_prefix(size);
  }
}

Outcome Serve(std::string_view bytes, bool in_pieces) {
  Outcome out;
  const Error err = RunTest([&](const Context& ctx) -> Error {
    const auto handler = [&out](ResponseWriter& w, Request& r) -> Error {
      const Result<std::string> body = r.Body().ReadAll();
      if (Error failed = body.Err()) return failed;
      out.requests.push_back({std::string(r.Method()), std::string(r.Target()), *body, false});
      return w.Write("seen\n");
    };
    Quiet quiet;
    TestServer server(ctx, handler, Options(quiet));
    Result<TestClient> client = server.Connect(ctx);
    if (Error failed = client.Err()) return failed;
    Pieces pieces(bytes, in_pieces ? Pieces::How::kRandom : Pieces::How::kHalves);
    for (std::string_view piece; pieces.Next(piece);) {
      if (client->Send(ctx, piece)) break;  // the server has refused already
      if (in_pieces) (void)Sleep(ctx, std::chrono::microseconds(1));
    }
    client->CloseSend();
    const Result<std::string> answers = client->ReadToEnd(ctx);
    FUZZ_CHECK(answers.Ok(), "the server ends the connection in good order");
    ReadAnswers(*answers, out);
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
  FUZZ_CHECK(out.answers_whole, "answers are whole");
  FUZZ_CHECK(out.requests.size() == model.requests.size(), "the handler sees as many requests as the gate");
  for (std::size_t i = 0; i < out.requests.size(); ++i) {
    const Seen& seen = out.requests[i];
    const Seen& expected = model.requests[i];
    FUZZ_CHECK(seen.method == expected.method && seen.target == expected.target, "the handler sees the requests of the gate");
    FUZZ_CHECK(seen.body == expected.body, "the handler sees the bodies of the gate");
    const int status = seen.method == "CONNECT" ? 501 : 200;  // the handler makes no tunnel
    FUZZ_CHECK(i < out.statuses.size() && out.statuses[i] == status, "each request is answered");
  }
  const std::size_t own = out.statuses.size() - out.requests.size();
  if (model.end == End::kRefused) FUZZ_CHECK(own == 1 && out.statuses.back() >= 400, "a refusal is answered once");
  if (model.end == End::kClosed) FUZZ_CHECK(own == 0, "nothing comes behind the last answer");
  if (model.end == End::kWaits) FUZZ_CHECK(own <= 1, "what is not whole is answered once at most");
}

void Play(std::string_view bytes) {
  const Stream model = Model(bytes);
  Check(Serve(bytes, false), model);
  Check(Serve(bytes, true), model);
}

}  // namespace
}  // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weft::fuzz::Play({reinterpret_cast<const char*>(data), size});
  return 0;
}
