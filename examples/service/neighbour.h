// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_SERVICE_NEIGHBOUR_H_
#define WEFT_EXAMPLES_SERVICE_NEIGHBOUR_H_

#include <string>
#include <string_view>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/event.h>
#include <weft/server/options.h>

// Another service, which the tour asks; in this example it is the service itself, so its address is known once that listens.
class Neighbour {
 public:
  explicit Neighbour(weft::HttpClient& client) : client_(client) {}

  // Once: where it listens, as ServerOptions::on_listen says it.
  void Found(std::string_view bound);
  // Until then. Errors: the context's.
  weft::Error AwaitFound(const weft::Context& ctx) { return found_.Wait(ctx); }

  weft::HttpClient& Client() const { return client_; }
  // "http://127.0.0.1:8080"; after Found.
  const std::string& Url() const { return url_; }

 private:
  weft::HttpClient& client_;
  std::string url_;
  weft::Event found_;
};

// With TLS the service asks itself in plain text, on a socket of its own: it shows no certificate. Sets `neighbour` to its address.
weft::ServerOptions ServerForItself(Neighbour& neighbour);

#endif  // WEFT_EXAMPLES_SERVICE_NEIGHBOUR_H_
