// SPDX-License-Identifier: Apache-2.0
#include "player.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/testing.h>
#include <weft/server/observer.h>
#include <weft/server/testing.h>

#include "lab.h"
#include "transcript.h"

namespace weft::conformance {
namespace {

// Of a long message the cuts in the middle are alike.
constexpr std::size_t kCutsAtEachEnd = 120;
constexpr std::size_t kCutsBetween = 40;

// What a client may send next. It must be answered behind a request that was taken, and never behind a refused one.
constexpr std::string_view kProbe = "GET /probe HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n";
constexpr std::string_view kProbesResponse = "GET /probe on probe";

// The places where `bytes` are cut in two.
std::vector<std::size_t> Cuts(std::size_t size) {
  std::vector<std::size_t> cuts;
  const std::size_t stride = size > 2 * kCutsAtEachEnd ? (size - 2 * kCutsAtEachEnd) / kCutsBetween + 1 : 1;
  for (std::size_t cut = 1; cut < size;) {
    cuts.push_back(cut);
    cut += cut < kCutsAtEachEnd || cut + kCutsAtEachEnd >= size ? 1 : stride;
  }
  return cuts;
}

// Keeps what the server tells of refusals.
class Refusals final : public Observer {
 public:
  void OnBadRequest(const BadRequest& e) override { told_.push_back(std::to_string(e.status).append(" ").append(e.reason)); }
  std::vector<std::string> Take() { return std::exchange(told_, {}); }

 private:
  std::vector<std::string> told_;
};

// One table and one way, in a fiber.
class Run {
 public:
  Run(const Context& ctx, const Table& table) : ctx_(ctx), table_(table), server_(ctx, Counting(), Options(table)) {}

  void Play(const Case& c, Way way) {
    case_ = &c;
    const std::string glued = c.bytes + std::string(c.afterwards == Afterwards::kGoesOn ? kProbe : "");
    if (way == Way::kWhole) {
      JudgeStream("whole", Attend([&](TestClient& client, std::string& stream) { PlayWhole(client, stream); }));
      return;
    }
    const std::string whole = Attend([&](TestClient& client, std::string&) { Send(client, glued); });
    JudgeStream("glued", whole);
    if (way == Way::kSplit) {
      for (const std::size_t cut : Cuts(c.bytes.size())) {
        Compare("cut at " + std::to_string(cut), whole, Attend([&](TestClient& client, std::string&) {
                  SendAndSettle(client, std::string_view(glued).substr(0, cut));
                  Send(client, std::string_view(glued).substr(cut));
                }));
      }
    }
    if (way == Way::kTrickled && glued.size() <= 2000) {
      Compare("byte by byte", whole, Attend([&](TestClient& client, std::string&) {
                for (const char& byte : glued) SendAndSettle(client, {&byte, 1});
              }));
    }
  }

  std::vector<std::string> TakeFailures() { return std::move(failures_); }
  Error Stop() { return server_.Stop(); }

 private:
  // Counts the calls that a probe has caused.
  Handler Counting() {
    return [this, handler = table_.mux ? Routes() : Laboratory()](ResponseWriter& w, Request& r) {
      if (r.Host() == "probe") ++probes_served_;
      return handler(w, r);
    };
  }
  ServerOptions Options(const Table& table) {
    ServerOptions options = table.options;
    options.observer = &refusals_;
    return options;
  }

  void Report(const std::string& way, const std::string& what) {
    failures_.push_back(table_.name + ".cases:" + std::to_string(case_->line) + ": " + case_->title + " (" + way + "): " + what);
  }

  void Send(TestClient& client, std::string_view bytes) {
    // A server that has refused may close while the rest comes.
    static_cast<void>(client.Send(ctx_, bytes));
  }
  void SendAndSettle(TestClient& client, std::string_view bytes) {
    Send(client, bytes);
    static_cast<void>(Sleep(ctx_, std::chrono::nanoseconds(1)));  // until nobody can do anything more
  }

  // A connection on which `speak` sends; all that the server has sent when it closes.
  template <class F>
  std::string Attend(F speak) {
    Result<TestClient> client = TestClient::Dial(ctx_, server_.Bound());
    if (Error err = client.Err()) {
      Report("dial", err.Message());
      return {};
    }
    const TimePoint begin = Now();
    const int served = probes_served_;
    std::string stream;
    speak(*client, stream);
    if (case_->afterwards == Afterwards::kHalfClose) client->CloseSend();
    const Result<std::string> rest = client->ReadToEnd(ctx_);
    // Where a response was cut, the end is a reset.
    if (rest.Ok()) stream += *rest;
    if (case_->afterwards != Afterwards::kSilence && Now() - begin > std::chrono::milliseconds(1)) {
      Report("time", "the server waited where it had to respond or to close");
    }
    if (case_->closes && probes_served_ != served) Report("probe", "bytes behind a refused message were served");
    JudgeObserved(refusals_.Take());
    return WithoutDates(std::move(stream));
  }

  // A refusal is told once, and as it was answered; what the handler has answered to a bad body is its own affair.
  void JudgeObserved(const std::vector<std::string>& told) {
    if (told.empty()) return;
    const std::string answered = case_->responses.empty() ? "" : std::to_string(case_->responses.back().status) + ' ' + case_->reason;
    const bool by_handler = case_->reason.empty() && case_->closes;
    if (told.size() != 1 || (told.front() != answered && !by_handler)) {
      Report("observer", std::to_string(told.size()) + " times " + told.front());
    }
  }

  // Sends the next request when the last one is answered: the response must not wait for more bytes.
  void PlayWhole(TestClient& client, std::string& stream) {
    Send(client, case_->bytes);
    if (case_->closes || case_->afterwards != Afterwards::kGoesOn) return;
    for (;;) {
      const std::vector<Response> responses = TakeApart(stream, case_->responses, false);
      if (responses.size() >= case_->responses.size() && (responses.empty() || responses.back().whole)) break;
      const Result<std::string> more = client.ReadSome(ctx_);
      if (!more.Ok() || more->empty()) return;
      stream += *more;
    }
    Send(client, kProbe);
  }

  // Responses in order, with what the case says about them, and the probe's if the connection continues.
  void JudgeStream(const std::string& way, const std::string& stream) {
    std::vector<Expected> expected = case_->responses;
    if (!case_->closes && case_->afterwards == Afterwards::kGoesOn) expected.push_back({200});
    const std::vector<Response> responses = TakeApart(stream, expected, true);
    if (Statuses(responses) != Statuses(expected)) {
      Report(way, "responses " + Statuses(responses) + " instead of " + Statuses(expected) + " in " + Shown(stream));
      return;
    }
    if (expected.size() != case_->responses.size() && responses.back().body != kProbesResponse) {
      Report(way, "the next request came as " + Shown(responses.back().body));
    }
    std::string text;
    for (std::size_t i = 0; i < case_->responses.size(); ++i) text += responses[i].head + responses[i].body;
    JudgeText(way, text);
    JudgeEnd(way, responses);
  }

  void JudgeText(const std::string& way, const std::string& responses) {
    for (const std::string& text : case_->shows) {
      if (responses.find(text) == std::string::npos) Report(way, "no " + Shown(text) + " in " + Shown(responses));
    }
    for (const std::string& text : case_->hides) {
      if (responses.find(text) != std::string::npos) Report(way, Shown(text) + " in " + Shown(responses));
    }
  }

  // The last response says that the connection ends and why (RFC 9112 section 9.6); all but interim ones have a date.
  void JudgeEnd(const std::string& way, const std::vector<Response>& responses) {
    for (const Response& response : responses) {
      const bool dated = response.head.find("\r\nDate: \r\n") != std::string::npos;
      if (dated != (response.status >= 200 || response.status == 101)) Report(way, "Date in " + Shown(response.head));
      const bool last = &response == &responses.back();
      const bool says_close = response.head.find("\r\nConnection: close\r\n") != std::string::npos;
      if (says_close && !last) Report(way, "close in " + Shown(response.head));
    }
    if (case_->reason.empty()) return;
    const Response& last = responses.back();
    const bool has_reason = case_->responses.back().no_body || last.body.find(case_->reason) != std::string::npos;
    const bool says_close = last.head.find("\r\nConnection: close\r\n") != std::string::npos;
    if (!has_reason || !says_close) Report(way, "not closed for \"" + case_->reason + "\" in " + Shown(last.head + last.body));
  }

  void Compare(const std::string& way, const std::string& whole, const std::string& stream) {
    if (stream != whole) Report(way, Shown(stream) + " instead of " + Shown(whole));
  }

  const Context ctx_;
  const Table& table_;
  const Case* case_ = nullptr;
  int probes_served_ = 0;
  std::vector<std::string> failures_;
  Refusals refusals_;
  TestServer server_;
};

}  // namespace

std::vector<std::string> Play(const Table& table, Way way) {
  std::vector<std::string> failures;
  const Error err = RunTest([&](const Context& ctx) -> Error {
    Run run(ctx, table);
    for (const Case& c : table.cases) run.Play(c, way);
    failures = run.TakeFailures();
    return run.Stop();
  });
  if (err) failures.push_back(table.name + ": " + err.Message());
  return failures;
}

}  // namespace weft::conformance
