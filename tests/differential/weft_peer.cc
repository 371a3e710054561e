// SPDX-License-Identifier: Apache-2.0
//
// The weft server of the differential test, on a unix socket: weft_peer SOCKET LOG. Each response says in X-Seen which request it belongs
// to and how long its body was, and each request is one line of JSON in the log. /304 and /big response what they say.
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>

#include <weft/concurrency/context.h>
#include <weft/handlers/handler.h>
#include <weft/server/listen_and_serve.h>

#include "../kit/quiet_observer.h"

namespace {

using weft::Error;
using weft::Request;
using weft::ResponseWriter;
using weft::Result;

std::FILE* g_log = nullptr;

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\' || byte < 0x20 || byte >= 0x7F) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", byte);
      out += escape;
    } else {
      out += c;
    }
  }
  return out + '"';
}

Error Seen(ResponseWriter& w, Request& r) {
  r.Body().SetLimit(64 << 20);
  const Result<std::string> body = r.Body().ReadAll();
  const std::string size = body.Ok() ? std::to_string(body->size()) : "null";
  const std::string line = "{\"method\":" + Quoted(r.Method()) + ",\"path\":" + Quoted(r.RawPath()) + ",\"host\":" + Quoted(r.Host()) +
                           ",\"edge\":" + Quoted(r.Header().Get("X-Edge")) + ",\"body\":" + size + "}\n";
  std::fputs(line.c_str(), g_log);
  if (Error err = body.Err()) return err;
  w.Header().Set("X-Seen", std::string(r.Method()) + " " + std::string(r.RawPath()) + " " + size);
  if (r.RawPath() == "/304") {
    w.Header().Set("ETag", "\"1\"");
    w.WriteHeader(304);
    return {};
  }
  if (r.RawPath() == "/big") return w.Write(std::string(1 << 20, 'b'));
  return w.Write("seen\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 || (g_log = std::fopen(argv[2], "w")) == nullptr) return 2;
  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  weft::QuietObserver quiet;
  weft::ServerOptions options;
  options.address = std::string("unix:") + argv[1];
  options.loops = 1;
  options.drain_timeout = weft::Duration::zero();
  options.observer = &quiet;
  if (Error err = weft::ListenAndServe(ctx, options, Seen)) {
    std::fprintf(stderr, "weft_peer: %s\n", err.Message().c_str());
    return 1;
  }
  return std::fclose(g_log) == 0 ? 0 : 1;
}
