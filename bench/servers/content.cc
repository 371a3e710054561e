// SPDX-License-Identifier: Apache-2.0
//
// What bench/run asks of handlers/content: JSON in and out, the same bytes echoed as they are, and the files of a folder.
// peers/gohttp has the same.
//
//   content --address 127.0.0.1:0 --folder PATH

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <weft/handlers/content/file_server.h>
#include <weft/handlers/content/json.h>
#include <weft/handlers/routing/mux.h>
#include <weft/handlers/routing/strip_prefix.h>
#include <weft/server/listen_and_serve.h>

#include "servers/options.h"

struct Item {
  std::string sku;
  std::string title;
  int quantity = 0;
  double price = 0;
  std::vector<std::string> tags;
};
BOOST_DESCRIBE_STRUCT(Item, (), (sku, title, quantity, price, tags))

struct Order {
  std::uint64_t id = 0;
  std::string customer;
  std::string email;
  bool paid = false;
  std::vector<Item> items;
};
BOOST_DESCRIBE_STRUCT(Order, (), (id, customer, email, paid, items))

namespace {

weft::Error Echo(weft::ResponseWriter& w, weft::Request& r) {
  const weft::Result<std::string> body = r.Body().ReadAll();
  if (weft::Error err = body.Err()) return err;
  w.Header().Set("Content-Type", r.Header().Get("Content-Type"));
  return w.Write(*body);
}

weft::Error EchoJson(weft::ResponseWriter& w, weft::Request& r) {
  const weft::Result<Order> order = weft::ReadJson<Order>(r);
  if (weft::Error err = order.Err()) return err;
  return weft::WriteJson(w, *order);
}

}  // namespace

int main(int argc, char** argv) {
  weft::ServerOptions options = weft::bench::OptionsOf(argc, argv);
  std::string folder = ".";
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--folder") folder = argv[i + 1];
  }

  const weft::Result<weft::Handler> files = weft::FileServer(folder);
  if (weft::Error err = files.Err()) return std::fprintf(stderr, "content: %s\n", err.Message().c_str()), 1;
  weft::Mux mux;
  mux.Handle("/{$}", [](weft::ResponseWriter& w, weft::Request&) { return w.Write("Hello, World!"); });
  mux.Handle("POST /echo", Echo);
  mux.Handle("POST /json", EchoJson);
  mux.Handle("GET /files/", weft::StripPrefix("/files", *files));

  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  const weft::Error err = weft::ListenAndServe(ctx, options, mux);
  return err ? std::fprintf(stderr, "content: %s\n", err.Message().c_str()), 1 : 0;
}
