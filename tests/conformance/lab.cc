// SPDX-License-Identifier: Apache-2.0
#include "lab.h"

#include <charconv>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include <weft/handlers/error_status.h>
#include <weft/handlers/routing/mux.h>

namespace weft::conformance {
namespace {

using Act = Error (*)(ResponseWriter&, Request&);

int StatusIn(std::string_view path) {
  int status = 0;
  std::from_chars(path.data() + path.rfind('/') + 1, path.data() + path.size(), status);
  return status;
}

// "/status/204"
Error Choose(ResponseWriter& w, Request& r) {
  w.WriteHeader(StatusIn(r.Path()));
  return {};
}

// "/write/204": a handler that does not care whether there may be a body.
Error ChooseAndWrite(ResponseWriter& w, Request& r) {
  w.WriteHeader(StatusIn(r.Path()));
  static_cast<void>(w.Write("hello"));
  return {};
}

// "/fail/403"
Error Fail(ResponseWriter& w, Request& r) {
  if (Error err = w.Write("half of an answer")) return err;
  return HttpError(StatusIn(r.Path()));
}

Error Flushed(ResponseWriter& w, std::string_view first, std::string_view second) {
  if (Error err = w.Write(first)) return err;
  if (Error err = w.Flush()) return err;
  return w.Write(second);
}

Error Split(ResponseWriter& w, Request&) {
  constexpr std::string_view kEvil = "a\r\nEvil: 1\r\n\r\nevil";
  w.Header().Set("Link", kEvil);
  w.Header().Add("X\r\nEvil", "1");
  w.WriteHeader(103);
  w.Header().Set("X", "\nEvil: 1");
  w.Header().Set("Y", std::string_view("a\0b", 3));
  w.Header().Set("Z", "a\rEvil: 1");
  w.Trailer().Set("T", kEvil);
  w.Trailer().Set("Content-Length", "5");
  w.Trailer().Set("Good", "1");
  return w.Write("hello");
}

Error Typed(ResponseWriter& w, const char* name, const char* value, std::string_view body) {
  w.Header().Set(name, value);
  return w.Write(body);
}

const std::map<std::string_view, Act>& Acts() {
  static const std::map<std::string_view, Act> acts = {
      {"/empty", [](ResponseWriter&, Request&) -> Error { return {}; }},
      {"/hello", [](ResponseWriter& w, Request&) { return w.Write("hello"); }},
      {"/long", [](ResponseWriter& w, Request&) { return w.Write(std::string(5000, 'x')); }},
      {"/html", [](ResponseWriter& w, Request&) { return w.Write("<!DOCTYPE html><p>hello"); }},
      {"/flush", [](ResponseWriter& w, Request&) { return Flushed(w, "hel", "lo"); }},
      {"/flush-html", [](ResponseWriter& w, Request&) { return Flushed(w, "<html>", "</html>"); }},
      {"/declared", [](ResponseWriter& w, Request&) { w.Header().Set("Content-Length", "5"); return Flushed(w, "hel", "lo"); }},
      {"/length", [](ResponseWriter& w, Request&) -> Error { w.Header().Set("Content-Length", "1234"); return {}; }},
      {"/304", [](ResponseWriter& w, Request&) -> Error {
         w.Header().Set("ETag", "\"v1\"");
         w.Header().Set("Content-Length", "1234");
         w.WriteHeader(304);
         return {};
       }},
      {"/short", [](ResponseWriter& w, Request&) { w.Header().Set("Content-Length", "9"); return Flushed(w, "hel", "lo"); }},
      {"/short-held", [](ResponseWriter& w, Request&) { return Typed(w, "Content-Length", "9", "hello"); }},
      {"/over", [](ResponseWriter& w, Request&) { w.Header().Set("Content-Length", "4"); return Flushed(w, "hel", "lo"); }},
      {"/over-held", [](ResponseWriter& w, Request&) { return Typed(w, "Content-Length", "4", "hello"); }},
      {"/own-framing", [](ResponseWriter& w, Request&) {
         w.Header().Set("Transfer-Encoding", "gzip, chunked");
         w.Header().Add("Content-Length", "5");
         w.Header().Add("Content-Length", "50");
         return w.Write("hello");
       }},
      {"/own-date", [](ResponseWriter& w, Request&) { return Typed(w, "Date", "Sun, 06 Nov 1994 08:49:37 GMT", "hello"); }},
      {"/own-type", [](ResponseWriter& w, Request&) { return Typed(w, "content-type", "text/css", "<html>"); }},
      {"/encoded", [](ResponseWriter& w, Request&) { return Typed(w, "Content-Encoding", "gzip", "<html>"); }},
      {"/close", [](ResponseWriter& w, Request&) { return Typed(w, "Connection", "close", "hello"); }},
      {"/upgrade-and-close", [](ResponseWriter& w, Request&) { return Typed(w, "Connection", "upgrade, close", "hello"); }},
      {"/keep-alive", [](ResponseWriter& w, Request&) { return Typed(w, "Connection", "keep-alive", "hello"); }},
      {"/trailer", [](ResponseWriter& w, Request&) { w.Trailer().Set("Sum", "7"); return w.Write("hello"); }},
      {"/early-hints", [](ResponseWriter& w, Request&) {
         w.Header().Set("Link", "</a.css>");
         w.WriteHeader(103);
         w.WriteHeader(102);
         return w.Write("hello");
       }},
      {"/explicit-100", [](ResponseWriter& w, Request& r) { w.WriteHeader(100); return Tell(w, r); }},
      {"/split", Split},
      {"/fail-late", [](ResponseWriter& w, Request&) { static_cast<void>(Flushed(w, "hel", "lo")); return HttpError(500); }},
      {"/throw", [](ResponseWriter&, Request&) -> Error { throw std::runtime_error("secret"); }},
      {"/throw-late", [](ResponseWriter& w, Request&) -> Error { static_cast<void>(Flushed(w, "hel", "")); throw std::runtime_error("secret"); }},
      {"/abort", [](ResponseWriter& w, Request&) -> Error { w.Abort(); return {}; }},
      {"/unread", [](ResponseWriter& w, Request&) { return w.Write("unread"); }},
      {"/half", [](ResponseWriter& w, Request& r) -> Error {
         char two[2];
         const Result<std::size_t> n = r.Body().Read(two);
         if (Error err = n.Err()) return err;
         return w.Write("half read");
       }},
      {"/answer-first", [](ResponseWriter& w, Request& r) -> Error {
         if (Error err = Flushed(w, "first ", "")) return err;
         return Tell(w, r);
       }},
      {"/pass-error", [](ResponseWriter& w, Request& r) -> Error {
         const Result<std::string> body = r.Body().ReadAll();
         if (Error err = body.Err()) return err;
         return w.Write(*body);
       }},
  };
  return acts;
}

// CONNECT has no path; its host says what to do.
Error Tunnel(ResponseWriter& w, Request& r) {
  if (r.Host() == "forbidden.test:443") return HttpError(403);
  if (r.Host() == "careless-flush.test:443") return Flushed(w, "hel", "lo");
  return w.Write("hello");
}

}  // namespace

Error Tell(ResponseWriter& w, Request& r) {
  const Result<std::string> body = r.Body().ReadAll();
  if (Error err = body.Err()) return err.Is(kMalformed) ? HttpError(StatusOf(err), err.Message()) : err;
  std::string text(r.Method());
  text.append(" ").append(r.RawPath());
  if (!r.RawQuery().empty()) text.append("?").append(r.RawQuery());
  text.append(" on ").append(r.Host());
  if (!body->empty()) text.append(": ").append(*body);
  for (const auto& [name, value] : r.Trailer()) text.append("; ").append(name).append("=").append(value);
  if (r.Version() != std::pair(1, 1)) text += "; 1.0";
  for (const std::string_view value : r.Header().Values("X")) text.append(" [").append(value).append("]");
  return w.Write(text);
}

Handler Laboratory() {
  return [](ResponseWriter& w, Request& r) -> Error {
    const std::string_view path = r.Path();
    if (r.Method() == "CONNECT") return Tunnel(w, r);
    if (path.starts_with("/status/")) return Choose(w, r);
    if (path.starts_with("/write/")) return ChooseAndWrite(w, r);
    if (path.starts_with("/fail/")) return Fail(w, r);
    const auto act = Acts().find(path);
    return act == Acts().end() ? Tell(w, r) : act->second(w, r);
  };
}

Handler Routes() {
  Mux mux;
  mux.Handle("GET /probe", Tell);
  mux.Handle("GET /page", Tell);
  mux.Handle("POST /page", Tell);
  mux.Handle("PURGE /cache", Tell);
  mux.Handle("/any", Tell);
  mux.Handle("GET /folder/", Tell);
  return mux;
}

}  // namespace weft::conformance
