// SPDX-License-Identifier: Apache-2.0

// What docs/handlers.md says about requests: the query, the path, fields, the body, forms, uploads, cookies.
#include <unistd.h>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <weft/concurrency/file_write.h>
#include <weft/handlers/content/cookies.h>
#include <weft/handlers/content/form.h>
#include <weft/handlers/content/multipart.h>
#include <weft/handlers/content/multipart_form.h>
#include <weft/handlers/content/query.h>
#include <weft/handlers/routing/mux.h>
#include <weft/handlers/testing.h>
#include "check.h"

std::string folder;

weft::Error Search(weft::ResponseWriter& w, weft::Request& r) {
  const std::optional<std::string_view> words = r.Query("q");     // decoded; the first one of this name
  if (!words) return weft::HttpError(400, "q is missing");
  const weft::Result<int> page = weft::QueryOr<int>(r, "page", 1);
  if (weft::Error err = page.Err()) return err;                   // 400: query parameter "page": not a whole number
  std::string text = std::string(*words) + ", page " + std::to_string(*page);
  for (const std::string_view tag : r.QueryValues("tag")) text.append(", ").append(tag);
  return w.Write(text);
}

weft::Error ShowOrder(weft::ResponseWriter& w, weft::Request& r) {  // "GET /customers/{customer}/orders/{id}"
  const weft::Result<std::uint64_t> id = r.PathValueAs<std::uint64_t>("id");
  if (weft::Error err = id.Err()) return err;                     // 400 that names "id"
  const std::string_view customer = r.PathValue("customer");      // decoded: "a b" of /customers/a%20b/...
  return w.Write(std::string(customer) + " " + std::to_string(*id));
}

weft::Error CountBytes(weft::ResponseWriter& w, weft::Request& r) {
  std::uint64_t bytes = 0;
  std::array<char, 8192> piece;
  while (true) {
    const weft::Result<std::size_t> n = r.Body().Read(piece);     // waits for the client
    if (weft::Error err = n.Err()) return err;                    // becomes a 400, 408 or 413
    if (*n == 0) break;
    bytes += *n;
  }
  return w.Write(std::to_string(bytes));
}

weft::Error Login(weft::ResponseWriter& w, weft::Request& r) {
  const weft::Result<weft::Form> form = weft::ReadForm(r);        // 415, 413 or 400
  if (weft::Error err = form.Err()) return err;
  const weft::Result<std::string> user = form->As<std::string>("user");
  if (weft::Error err = user.Err()) return err;
  const weft::Result<bool> stay = form->Or<bool>("stay", false);
  if (weft::Error err = stay.Err()) return err;
  return w.Write(*user + (*stay ? " stays" : " does not stay"));
}

weft::Error SavePhoto(weft::ResponseWriter& w, weft::Request& r) {
  r.Body().SetLimit(20 << 20);
  weft::Result<weft::MultipartForm> form = weft::ReadMultipartForm(r);   // files of more than a megabyte wait on the disk
  if (weft::Error err = form.Err()) return err;
  weft::MultipartFile* photo = form->File("photo");
  if (photo == nullptr) return weft::HttpError(400, "photo is missing");
  const weft::Result<std::uint64_t> size = weft::SaveTo(r.Ctx(), *photo, folder + "/photo");
  if (weft::Error err = size.Err()) return err;
  return w.Write(std::string(form->Fields().Get("title").value_or("untitled")) + ", " + std::to_string(*size) + " bytes");
}

weft::Error SaveArchive(weft::ResponseWriter& w, weft::Request& r) {
  if (!r.LongLived()) return weft::HttpError(503);                // a large upload may outlast request_timeout
  r.Body().SetLimit(std::uint64_t{10} << 30);
  const weft::Result<std::uint64_t> size = weft::SaveTo(r.Ctx(), r.Body(), folder + "/archive", {.sync = true});
  if (weft::Error err = size.Err()) return err;                   // nothing of it is left on the disk
  w.WriteHeader(201);
  return w.Write(std::to_string(*size));
}

weft::Error SaveParts(weft::ResponseWriter& w, weft::Request& r) {
  r.Body().SetLimit(std::uint64_t{10} << 30);
  int files = 0;
  weft::MultipartReader parts(r);
  while (true) {
    const weft::Result<weft::MultipartPart*> part = parts.Next(r.Ctx());
    if (weft::Error err = part.Err()) return err;
    if (*part == nullptr) break;
    if (!(*part)->IsFile()) continue;                             // the following Next reads and discards it
    const std::string path = folder + "/part-" + std::to_string(++files);   // a name of ours, not the client's
    if (weft::Error err = weft::SaveTo(r.Ctx(), **part, path).Err()) return err;
  }
  return w.Write(std::to_string(files));
}

weft::Error Greet(weft::ResponseWriter& w, weft::Request& r) {
  const std::optional<std::string_view> session = weft::CookieOf(r, "__Host-session");
  if (!session) return weft::HttpError(401, "log in first");
  return w.Write("hello, " + std::string(*session));
}

weft::Error LogIn(weft::ResponseWriter& w, weft::Request&) {
  return weft::SetCookie(w, {.name = "__Host-session", .value = "b64token", .max_age = std::chrono::hours(12)});
}

weft::Error LogOut(weft::ResponseWriter& w, weft::Request&) {
  return weft::DeleteCookie(w, {.name = "__Host-session"});
}

weft::Mux Routes() {
  weft::Mux mux;
  mux.Handle("GET /search", Search);
  mux.Handle("GET /customers/{customer}/orders/{id}", ShowOrder);
  mux.Handle("POST /count", CountBytes);
  mux.Handle("POST /login", Login);
  mux.Handle("POST /photo", SavePhoto);
  mux.Handle("PUT /archive", SaveArchive);
  mux.Handle("POST /parts", SaveParts);
  mux.Handle("GET /greet", Greet);
  mux.Handle("POST /session", LogIn);
  mux.Handle("DELETE /session", LogOut);
  return mux;
}

weft::RequestBuilder Multipart(const char* path) {
  const char* body =
      "--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nthe sea\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"../../sea.png\"\r\n\r\nfour\r\n--b--\r\n";
  return weft::RequestBuilder("POST", path).Header("Content-Type", "multipart/form-data; boundary=b").Body(body);
}

int main() {
  char name[] = "/tmp/weft_handlers_XXXXXX";
  if (mkdtemp(name) == nullptr) return 1;
  folder = name;
  const int result = RunChecks([](const weft::Context&) {
    const weft::Mux mux = Routes();
    weft::Recorder recorder;
    const auto body_of = [&](const weft::RequestBuilder& request) {
      recorder.Serve(mux, request);
      return recorder.Body();
    };
    using Ask = weft::RequestBuilder;
    Check(body_of(Ask("GET", "/search?q=tea+pot&page=2&tag=a&tag=b")) == "tea pot, page 2, a, b");
    Check(body_of(Ask("GET", "/search?q=x")) == "x, page 1");
    body_of(Ask("GET", "/search?q=x&page=two"));
    Check(recorder.Status() == 400);
    Check(body_of(Ask("GET", "/customers/a%20b/orders/17")) == "a b 17");
    body_of(Ask("GET", "/customers/a/orders/x"));
    Check(recorder.Status() == 400);
    Check(body_of(Ask("POST", "/count").BodyInPieces({"ab", "cde"})) == "5");
    const auto form = [](std::string text) {
      return Ask("POST", "/login").Header("Content-Type", "application/x-www-form-urlencoded").Body(std::move(text));
    };
    Check(body_of(form("user=anna&stay=true")) == "anna stays");
    Check(body_of(form("user=anna")) == "anna does not stay");
    Check(body_of(Multipart("/photo")) == "the sea, 4 bytes");
    Check(std::filesystem::file_size(folder + "/photo") == 4);
    Check(body_of(Ask("PUT", "/archive").BodyInPieces({std::string(100'000, 'x')})) == "100000");
    Check(body_of(Multipart("/parts")) == "1");
    Check(std::filesystem::exists(folder + "/part-1"));
    Check(body_of(Ask("GET", "/greet").Header("Cookie", "a=b; __Host-session=s7")) == "hello, s7");
    body_of(Ask("GET", "/greet"));
    Check(recorder.Status() == 401);
    body_of(Ask("POST", "/session"));
    Check(recorder.Header().Get("Set-Cookie").starts_with("__Host-session=b64token; "));
    body_of(Ask("DELETE", "/session"));
    Check(recorder.Header().Get("Set-Cookie").find("Max-Age=0") != std::string_view::npos);
  });
  std::filesystem::remove_all(folder);
  return result;
}
