// SPDX-License-Identifier: Apache-2.0

// What Compress does, written with public names only: gzip by zlib, for those that want it, of what may be changed and is worth it.
#include <zlib.h>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <weft/handlers/body_filter.h>
#include <weft/handlers/content/serve_content.h>
#include <weft/handlers/testing.h>
#include <weft/http/content_coding.h>
#include <weft/http/entity_tag.h>
#include <weft/http/media_type.h>
#include <weft/http/status.h>
#include "check.h"

constexpr std::size_t kSizeMin = 1024;

bool WantsGzip(const weft::Request& r) { return weft::ChooseCoding(r.Header(), {"gzip"}) == "gzip"; }

bool MayBeCoded(int status, const weft::Fields& header, std::size_t length) {
  for (const std::string_view value : header.Values("Cache-Control")) {
    std::string lower(value);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (lower.find("no-transform") != std::string::npos) return false;
  }
  const std::string_view declared = header.Get("Content-Length");
  std::from_chars(declared.data(), declared.data() + declared.size(), length);
  return length >= kSizeMin && weft::StatusAllowsBody(status) && status != 206 && !header.Has("Content-Encoding") &&
         !header.Has("Content-Range") && weft::IsCompressible(header.Get("Content-Type"));
}

// Other bytes of the same content: a weak tag, no ranges, and a length that nobody knows yet.
void MarkCoded(weft::Fields& header) {
  header.Set("Content-Encoding", "gzip");
  header.Del("Content-Length");
  header.Del("Accept-Ranges");
  const std::optional<weft::EntityTag> tag = weft::ParseEntityTag(header.Get("ETag"));
  if (tag && !tag->weak) header.Set("ETag", "W/" + std::string(tag->opaque));
}

class Gzip : public weft::BodyFilter {
 public:
  explicit Gzip(const weft::Request& r) : wanted_(WantsGzip(r)) {}
  ~Gzip() override { if (coded_) deflateEnd(&stream_); }

  void Start(int status, weft::Fields& header) override {
    header_ = &header;
    may_ = MayBeCoded(status, header, kSizeMin);
    if (may_ || status == 304) weft::AddVary(header, "Accept-Encoding");
  }
  bool PassesThrough() const override { return !may_ || !wanted_; }
  weft::Error Write(std::string_view data, Output& next) override {
    if (decided_) return Pass(data, Z_NO_FLUSH, next);
    held_.append(data);
    return held_.size() < kSizeMin ? weft::Error() : Decide(true, next);
  }
  weft::Error Flush(Output& next) override {  // more may come, so it is worth it
    if (weft::Error err = Decide(true, next)) return err;
    return Pass({}, Z_SYNC_FLUSH, next);
  }
  weft::Error Finish(Output& next) override {
    if (weft::Error err = Decide(false, next)) return err;
    return Pass({}, Z_FINISH, next);
  }

 private:
  weft::Error Decide(bool worth_it, Output& next) {
    if (std::exchange(decided_, true)) return {};
    coded_ = worth_it && deflateInit2(&stream_, 5, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK;
    if (coded_) MarkCoded(*header_);
    return Pass(std::exchange(held_, {}), Z_NO_FLUSH, next);
  }
  weft::Error Pass(std::string_view data, int flush, Output& next) {
    if (!coded_) return data.empty() ? weft::Error() : next.Write(data);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
    stream_.avail_in = static_cast<uInt>(data.size());
    do {
      char out[4096];
      stream_.next_out = reinterpret_cast<Bytef*>(out);
      stream_.avail_out = sizeof out;
      deflate(&stream_, flush);
      if (weft::Error err = next.Write({out, sizeof out - stream_.avail_out})) return err;
    } while (stream_.avail_out == 0);
    return {};
  }

  const bool wanted_;
  bool may_ = false, decided_ = false, coded_ = false;
  weft::Fields* header_ = nullptr;
  std::string held_;
  z_stream stream_ = {};
};

// HEAD has the fields of GET, and costs no compression. `length`: of the body; true if the coded one would have another.
bool MarkHead(weft::ResponseWriter& w, const weft::Request& r, std::size_t length) {
  if (!MayBeCoded(w.Status(), w.Header(), length)) return false;
  weft::AddVary(w.Header(), "Accept-Encoding");
  if (WantsGzip(r)) MarkCoded(w.Header());
  return WantsGzip(r);
}

weft::Error ServeHead(const weft::Handler& next, weft::ResponseWriter& w, weft::Request& r) {
  const auto inside = std::make_shared<bool>(true);
  const std::shared_ptr<void> leave(nullptr, [inside](void*) { *inside = false; });  // an error has a body of its own
  w.OnHead([&w, &r, inside] { if (*inside) MarkHead(w, r, kSizeMin); });  // flushed, or large
  const weft::Error err = next(w, r);
  return err || w.HeadSent() || !MarkHead(w, r, w.BytesWritten()) ? err : w.Flush();
}

weft::Middleware OwnCompress() {
  return [](weft::Handler next) -> weft::Handler {
    return [next = std::move(next)](weft::ResponseWriter& w, weft::Request& r) -> weft::Error {
      if (r.Method() == "HEAD") return ServeHead(next, w, r);
      w.PushFilter(std::make_unique<Gzip>(r));
      return next(w, r);
    };
  };
}

std::string Gunzip(std::string_view bytes) {
  std::string text(100'000, '\0');
  z_stream stream = {};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  Check(inflateInit2(&stream, 15 + 16) == Z_OK && inflate(&stream, Z_FINISH) == Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

int main() {
  return RunChecks([](const weft::Context&) {
    weft::Recorder recorder;
    const std::string prose(50'000, 'x');
    const auto ask = [&](weft::RequestBuilder request, const char* name, const char* tag, std::string_view text, const char* cache = "") {
      const weft::Handler handler = [&](weft::ResponseWriter& w, weft::Request& r) {
        if (*cache != '\0') w.Header().Set("Cache-Control", cache);
        return weft::ServeContent(w, r, {.name = name, .etag = tag}, text);
      };
      recorder.Serve(weft::Chain(handler, {OwnCompress()}), request.Header("Accept-Encoding", "br, gzip;q=0.5"));
      return std::string(recorder.Header().Get("Content-Encoding"));
    };
    using Ask = weft::RequestBuilder;
    for (const char* method : {"GET", "HEAD"}) {
      Check(ask(Ask(method), "a.txt", "\"1\"", prose) == "gzip");
      Check(recorder.Header().Get("Vary") == "Accept-Encoding" && recorder.Header().Get("ETag") == "W/\"1\"");
      Check(!recorder.Header().Has("Accept-Ranges") && recorder.Header().Get("Content-Length") != "50000");
      if (*method == 'G') Check(recorder.Body().size() < 1000 && Gunzip(recorder.Body()) == prose);
      Check(ask(Ask(method), "a.txt", "W/\"1\"", prose) == "gzip" && recorder.Header().Get("ETag") == "W/\"1\"");
      Check(ask(Ask(method), "a.txt", "", prose) == "gzip" && !recorder.Header().Has("ETag"));
      Check(ask(Ask(method), "a.txt", "\"1\"", "short").empty() && recorder.Header().Get("ETag") == "\"1\"");
      Check(ask(Ask(method), "a.png", "\"1\"", prose).empty() && !recorder.Header().Has("Vary"));
      Check(ask(Ask(method), "a.txt", "\"1\"", prose, "max-age=60, No-Transform").empty());
      Check(recorder.Header().Get("Content-Length") == "50000");
    }
    Check(ask(Ask().Header("Range", "bytes=0-9999"), "a.txt", "\"1\"", prose).empty() && recorder.Status() == 206);
    Check(ask(Ask().Header("If-None-Match", "W/\"1\""), "a.txt", "\"1\"", prose).empty() && recorder.Status() == 304);
    Check(recorder.Header().Get("Vary") == "Accept-Encoding");
    recorder.Serve(weft::Chain([&](weft::ResponseWriter& w, weft::Request&) {
      w.Header().Set("Content-Type", "text/plain");
      return w.Write(prose);
    }, {OwnCompress()}), Ask().Header("Accept-Encoding", "identity"));
    Check(recorder.Body() == prose && recorder.Header().Get("Vary") == "Accept-Encoding");
    recorder.Serve(weft::Chain([&](weft::ResponseWriter& w, weft::Request&) -> weft::Error {
      w.Header().Set("Content-Type", "text/plain");
      if (weft::Error err = w.Write("first")) return err;
      if (weft::Error err = w.Flush()) return err;
      return w.Write(prose);
    }, {OwnCompress()}), Ask().Header("Accept-Encoding", "gzip"));
    Check(Gunzip(recorder.Body()) == "first" + prose);
  });
}
