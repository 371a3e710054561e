// SPDX-License-Identifier: Apache-2.0

// Routes in groups, middleware for some of them, and pages for what is not there.
//
//   build/release/examples/routing --address 127.0.0.1:8080 &
//   curl http://127.0.0.1:8080/api/v1/users/7/notes/3
//   curl -X DELETE -H 'Authorization: Bearer let-me-in' 127.0.0.1:8080/api/v1/users/7/notes/3

#include <csignal>
#include <cstdio>
#include <string>

#include <weft/handlers/middleware/bearer_auth.h>
#include <weft/handlers/routing/mux.h>
#include <weft/handlers/routing/strip_prefix.h>
#include <weft/server/listen_and_serve.h>

#include "flags.h"

weft::Error Note(weft::ResponseWriter& w, weft::Request& r) {
  const weft::Result<int> id = r.PathValueAs<int>("id");
  if (weft::Error err = id.Err()) return err;  // responds 400
  return w.Write(std::string(r.Method()) + " note " + std::to_string(*id) + " of " +
                 std::string(r.PathValue("user")) + "\n");
}

weft::Mux Routes() {
  weft::Mux mux;
  mux.Group("/api/v1/users/{user}", {}, [](weft::Mux& user) {
    user.Handle("GET /notes/{id}", Note);
    user.Handle("DELETE /notes/{id}", Note, {weft::BearerAuth("notes", {{"anna", "let-me-in"}})});
  });
  mux.Handle("/old/", weft::StripPrefix("/old", [](weft::ResponseWriter& w, weft::Request& r) {
               return w.Write("an old page: " + std::string(r.Path()) + "\n");
             }));
  mux.NotFound([](weft::ResponseWriter& w, weft::Request& r) {
    w.WriteHeader(404);
    return w.Write("nothing at " + std::string(r.Path()) + "\n");
  });
  return mux;
}

int main(int argc, char** argv) {
  weft::ServerOptions options{.address = "127.0.0.1:8080"};
  Flags flags(argc, argv, "usage: routing [--address HOST:PORT]");
  while (flags.Next()) {
    if (!flags.Is("--address")) flags.Unknown();
    options.address = flags.Text();
  }
  if (weft::Error err = options.Validate()) flags.Fail("--address: " + err.Message());
  options.on_listen = [](std::string_view bound) {
    std::printf("listening on %s\n", bound.data());
    std::fflush(stdout);
  };
  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  if (weft::Error err = weft::ListenAndServe(ctx, options, Routes())) {
    std::fprintf(stderr, "routing: %s\n", err.Message().c_str());
    return 1;
  }
}
