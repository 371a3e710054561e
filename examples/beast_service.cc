// SPDX-License-Identifier: Apache-2.0

// A service that was written for Beast, moved: its handler, from a request to a message_generator, is as it was; the listener, the sessions and
// their callbacks are gone. docs/live.md says what changes.
//
//   build/release/examples/beast_service --address 127.0.0.1:8080
//   curl -d tea http://127.0.0.1:8080/orders

#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>

#include <boost/beast/http.hpp>

#include <weft/handlers/beast.h>
#include <weft/handlers/routing/mux.h>
#include <weft/server/listen_and_serve.h>

#include "server_flags.h"

namespace beast = boost::beast;
namespace http = beast::http;

namespace {

// Not a line of this knows of weft.
template <class Body, class Allocator>
http::message_generator HandleRequest(http::request<Body, http::basic_fields<Allocator>>&& request) {
  const auto respond = [&request](http::status status, std::string body) {
    http::response<http::string_body> response{status, request.version()};
    response.set(http::field::server, "orders/1.0");
    response.set(http::field::content_type, "text/plain");
    response.keep_alive(request.keep_alive());
    response.body() = std::move(body);
    response.prepare_payload();
    return response;
  };
  if (request.method() != http::verb::get && request.method() != http::verb::post) {
    return respond(http::status::bad_request, "Unknown HTTP-method\n");
  }
  if (request.target() != "/orders") return respond(http::status::not_found, "The resource was not found.\n");
  if (request.method() == http::verb::post) return respond(http::status::created, "ordered: " + request.body() + "\n");
  return respond(http::status::ok, "no orders\n");
}

}  // namespace

int main(int argc, char** argv) {
  const weft::ServerOptions options = ServerFlags(argc, argv, "beast_service", "127.0.0.1:8080");

  weft::Mux mux;
  mux.Handle("/", weft::FromBeast(HandleRequest<http::string_body, std::allocator<char>>));
  mux.Handle("GET /new", [](weft::ResponseWriter& w, weft::Request&) { return w.Write("a handler of weft next to it\n"); });

  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  if (weft::Error err = weft::ListenAndServe(ctx, options, mux)) {
    std::fprintf(stderr, "beast_service: %s\n", err.Message().c_str());
    return 1;
  }
}
