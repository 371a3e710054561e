// SPDX-License-Identifier: Apache-2.0
#include "neighbour.h"

#include <unistd.h>

namespace {

// A bound address as a URL, a unix socket as the client names it: "unix:@app" is "http+unix://%40app".
std::string UrlOf(std::string_view bound) {
  if (!bound.starts_with("unix:")) return std::string(bound);
  std::string url = "http+unix://";
  for (const char c : bound.substr(5)) {
    if (c == '/') url += "%2F";
    else if (c == '@') url += "%40";
    else url += c;
  }
  return url;
}

}  // namespace

void Neighbour::Found(std::string_view bound) {
  url_ = UrlOf(bound);
  found_.Set();
}

weft::ServerOptions ServerForItself(Neighbour& neighbour) {
  weft::ServerOptions options{.address = "unix:@weft-service-" + std::to_string(getpid()), .loops = 1};
  options.on_listen = [&neighbour](std::string_view bound) { neighbour.Found(bound); };
  options.name = "itself";
  return options;
}
