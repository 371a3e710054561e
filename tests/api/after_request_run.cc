// SPDX-License-Identifier: Apache-2.0

// Work that outlives its request: main's, bounded, and with the ids of the request.
#include <chrono>
#include <string>
#include <utility>
#include <vector>
#include <weft/concurrency/group.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/time.h>
#include <weft/concurrency/work_ids.h>
#include <weft/handlers/handler.h>
#include <weft/handlers/middleware/request_id.h>
#include <weft/handlers/testing.h>
#include "check.h"

std::vector<std::string> sent;  // what the mail server has got, and in the name of which request

weft::Error SendMail(const weft::Context& ctx, const std::string& letter) {
  if (weft::Error err = weft::Sleep(ctx, std::chrono::seconds(3))) return err;
  sent.push_back(letter + " for " + std::string(weft::RequestIdOf(weft::CurrentContext())));
  return {};
}

weft::Error Order(weft::ResponseWriter& w, weft::Request& r, weft::Group& mails) {
  const weft::Result<std::string> letter = r.Body().ReadAll();
  if (weft::Error err = letter.Err()) return err;
  const bool started = mails.TryGo("mail", [letter = *letter, id = std::string(r.Id())](const weft::Context& ctx) {
    const weft::CancelScope scope = weft::WithTimeout(weft::WithRequestId(ctx, id), std::chrono::seconds(30));
    const weft::ScopedContext current(scope.ctx);                 // log lines of this fiber have the id
    if (weft::Error err = SendMail(scope.ctx, letter)) std::fprintf(stderr, "mail: %s\n", err.Message().c_str());
  });
  if (!started) return weft::HttpError(503, "too many letters are on their way");
  w.WriteHeader(202);
  return w.Write("accepted\n");
}

int main() {
  return RunChecks([](const weft::Context& ctx) {
    weft::Group mails(weft::WithoutCancel(ctx), {.limit = 1});
    const weft::Handler handler = weft::Chain([&](weft::ResponseWriter& w, weft::Request& r) { return Order(w, r, mails); },
                                              {weft::RequestId({.accept = true})});
    weft::Recorder recorder;
    recorder.Serve(handler, weft::RequestBuilder("POST", "/orders").Header("X-Request-Id", "r-7").Body("tea"));
    Check(recorder.Status() == 202 && sent.empty());
    recorder.Serve(handler, weft::RequestBuilder("POST", "/orders").Body("coffee"));
    Check(recorder.Status() == 503);
    Check(!mails.Wait());
    Check(sent == std::vector<std::string>{"tea for r-7"});
  });
}
