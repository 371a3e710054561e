// SPDX-License-Identifier: Apache-2.0

// A handler that asks two things at once, under one deadline, and fails as one.
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>
#include <weft/handlers/testing.h>

// Stands for two backends, of which one may hang.
std::chrono::milliseconds orders_take{0};

weft::Error Fetch(const weft::Context& ctx, std::string_view path, std::string& out) {
  if (weft::Error err = weft::Sleep(ctx, path == "/orders" ? orders_take : std::chrono::milliseconds(0))) return err;
  out = path;
  return {};
}

weft::Error Profile(weft::ResponseWriter& w, weft::Request& r) {
  weft::CancelScope scope = weft::WithTimeout(r.Ctx(), std::chrono::milliseconds(200));
  std::string user, orders;                              // declared before the group, so they outlive the join
  weft::Group group(scope.ctx);
  group.Go("user", [&](const weft::Context& ctx) { return Fetch(ctx, "/user", user); });
  group.Go("orders", [&](const weft::Context& ctx) { return Fetch(ctx, "/orders", orders); });
  if (weft::Error err = group.Wait()) return err.Wrap("profile");   // a deadline answers 504
  return w.Write(user + orders);
}

int main() {
  int failures = 0;
  const auto expect = [&failures](int status, const std::string& body) {
    weft::Recorder recorder;
    recorder.Serve(Profile, weft::RequestBuilder("GET", "/profile"));
    if (recorder.Status() == status && recorder.Body() == body) return;
    std::fprintf(stderr, "%d %s in place of %d %s\n", recorder.Status(), recorder.Body().c_str(), status, body.c_str());
    ++failures;
  };
  weft::Error err = weft::Run(weft::Background(), [&](const weft::Context&) {
    expect(200, "/user/orders");
    orders_take = std::chrono::hours(1);
    expect(504, "Gateway Timeout\n");
  });
  return err || failures != 0 ? 1 : 0;
}
