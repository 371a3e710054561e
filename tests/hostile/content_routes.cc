// SPDX-License-Identifier: Apache-2.0
#include "content_routes.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <boost/json/value.hpp>

#include <weft/handlers/content/cookies.h>
#include <weft/handlers/content/file_server.h>
#include <weft/handlers/content/form.h>
#include <weft/handlers/content/json.h>
#include <weft/handlers/content/multipart.h>
#include <weft/handlers/content/multipart_form.h>
#include <weft/handlers/routing/redirect.h>
#include <weft/handlers/routing/strip_prefix.h>

namespace {

using weft::Error;
using weft::Request;
using weft::ResponseWriter;

struct Line {
  std::string name;
  std::int64_t count = 0;
  double price = 0;
};
BOOST_DESCRIBE_STRUCT(Line, (), (name, count, price))

struct Order {
  std::int64_t id = 0;
  std::vector<Line> lines;
};
BOOST_DESCRIBE_STRUCT(Order, (), (id, lines))

// Large, and of two bytes of text if there is nothing in it.
struct Roomy {
  std::optional<std::array<std::int64_t, 64>> slots;
};
BOOST_DESCRIBE_STRUCT(Roomy, (), (slots))

// As if a client had computed names that collide by the hash of the map.
struct OneBucket {
  std::size_t operator()(const std::string&) const { return 17; }
};

Error ReadRoomy(ResponseWriter& w, Request& r) {
  const weft::Result<std::vector<Roomy>> list = weft::ReadJson<std::vector<Roomy>>(r, {.memory_max = 1 << 20});
  return list.Ok() ? w.Write("read") : list.Err();
}

template <class T>
Error ReadOne(ResponseWriter& w, Request& r) {
  const weft::Result<T> value = weft::ReadJson<T>(r);
  return value.Ok() ? w.Write("read") : value.Err();
}

Error CountParts(ResponseWriter& w, Request& r) {
  weft::MultipartReader parts(r);
  for (int count = 0;; ++count) {
    const weft::Result<weft::MultipartPart*> part = parts.Next(r.Ctx());
    if (Error err = part.Err()) return err;
    if (*part == nullptr) return w.Write(std::to_string(count));
  }
}

Error ReadUpload(ResponseWriter& w, Request& r) {
  weft::Result<weft::MultipartForm> form = weft::ReadMultipartForm(r);
  return form.Ok() ? w.Write(std::to_string(form->Files().size())) : form.Err();
}

Error ReadFields(ResponseWriter& w, Request& r) {
  const weft::Result<weft::Form> form = weft::ReadForm(r);
  return form.Ok() ? w.Write(std::to_string(form->Size())) : form.Err();
}

// As a handler would do it that trusts its users.
Error Offer(ResponseWriter& w, Request& r) {
  const std::string name(r.Query("v").value_or(""));
  if (!w.Header().Set("Content-Disposition", "attachment; filename=\"" + name + "\"")) return weft::HttpError(400, "no name for a file");
  return w.Write("content");
}

Error SetOne(ResponseWriter& w, Request& r) {
  if (weft::SetCookie(w, {.name = "v", .value = std::string(r.Query("v").value_or(""))})) return weft::HttpError(400, "no value for a cookie");
  return w.Write("set");
}

}  // namespace

ContentRoutes::ContentRoutes() {
  char name[] = "/tmp/weft_hostile_XXXXXX";
  if (mkdtemp(name) == nullptr) std::abort();
  folder_ = name;
  std::ofstream(folder_ + "/secret") << "nobody may see this";
  std::filesystem::create_directories(folder_ + "/files/sub");
  std::ofstream(folder_ + "/files/page.html") << "<p>page</p>";
  std::ofstream(folder_ + "/files/sub/index.html") << "<p>index</p>";
  std::ofstream(folder_ + "/files/large.bin") << std::string(1 << 20, 'x');
  std::filesystem::create_symlink(folder_ + "/secret", folder_ + "/files/absolute");
  std::filesystem::create_symlink("../secret", folder_ + "/files/relative");
  std::filesystem::create_symlink("..", folder_ + "/files/up");
}

ContentRoutes::~ContentRoutes() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void ContentRoutes::AddTo(weft::Mux& mux) const {
  const weft::Result<weft::Handler> files = weft::FileServer(folder_ + "/files");
  if (files.Err()) std::abort();
  mux.Handle("/files/", weft::StripPrefix("/files", *files));
  mux.Handle("POST /json", ReadOne<boost::json::value>);
  mux.Handle("POST /order", ReadOne<Order>);
  mux.Handle("POST /roomy", ReadRoomy);
  mux.Handle("POST /colliding", ReadOne<std::unordered_map<std::string, int, OneBucket>>);
  mux.Handle("POST /parts", CountParts);
  mux.Handle("POST /upload", ReadUpload);
  mux.Handle("POST /form", ReadFields);
  mux.Handle("GET /redirect", [](ResponseWriter& w, Request& r) { return weft::Redirect(w, r.Query("v").value_or(""), 303); });
  mux.Handle("GET /cookie", SetOne);
  mux.Handle("GET /download", Offer);
}
