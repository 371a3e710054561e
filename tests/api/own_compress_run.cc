// SPDX-License-Identifier: Apache-2.0

// A middleware that encodes bodies, as Compress does, with public names only: the coding is a toy
// ("x-pairs": each byte after the number of times that it comes), everything around it is not.
#include <weft/handlers/body_filter.h>
#include <weft/handlers/content/serve_content.h>
#include <weft/handlers/testing.h>
#include <weft/http/content_coding.h>
#include <weft/http/media_type.h>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include "check.h"

class Pairs : public weft::BodyFilter {
 public:
  explicit Pairs(const weft::Request& r)
      : wanted_(weft::ChooseCoding(r.Header(), {"x-pairs"}) == "x-pairs") {}

  void Start(int status, weft::Fields& header) override {
    const bool may = status == 200 && !header.Has("Content-Encoding") &&
                     weft::IsCompressible(header.Get("Content-Type"));
    if (may) weft::AddVary(header, "Accept-Encoding");
    passes_ = !may || !wanted_;
    if (passes_) return;
    header.Set("Content-Encoding", "x-pairs");
    header.Set("ETag", "W/" + std::string(header.Get("ETag")));
    header.Del("Content-Length");
    header.Del("Accept-Ranges");
  }
  bool PassesThrough() const override { return passes_; }
  weft::Error Write(std::string_view data, Output& next) override {
    for (const char c : data) {
      if (count_ > 0 && (c != last_ || count_ == 9)) {
        if (weft::Error err = Flush(next)) return err;
      }
      last_ = c;
      ++count_;
    }
    return {};
  }
  weft::Error Flush(Output& next) override {
    if (count_ == 0) return {};
    const char pair[] = {static_cast<char>('0' + count_), last_};
    count_ = 0;
    return next.Write({pair, sizeof pair});
  }
  weft::Error Finish(Output& next) override { return Flush(next); }

 private:
  bool wanted_;
  bool passes_ = false;
  int count_ = 0;
  char last_ = 0;
};

weft::Middleware EncodePairs() {
  return [](weft::Handler next) -> weft::Handler {
    return [next](weft::ResponseWriter& w, weft::Request& r) {
      w.PushFilter(std::make_unique<Pairs>(r));
      return next(w, r);
    };
  };
}

int main() {
  return RunChecks([](const weft::Context&) {
    const auto serve = [](std::string_view name) {
      return weft::Chain(
          [name](weft::ResponseWriter& w, weft::Request& r) {
            return weft::ServeContent(w, r, {.name = name, .etag = "\"1\""}, "aaaab");
          },
          {EncodePairs()});
    };
    const weft::RequestBuilder request =
        weft::RequestBuilder().Header("Accept-Encoding", "x-pairs, gzip");
    weft::Recorder recorder;
    recorder.Serve(serve("a.txt"), request);
    Check(recorder.Body() == "4a1b");
    Check(recorder.Header().Get("Content-Length") == "4");
    Check(recorder.Header().Get("ETag") == "W/\"1\"");
    recorder.Serve(serve("a.png"), request);
    Check(recorder.Body() == "aaaab");
    Check(!recorder.Header().Has("Vary"));
    recorder.Serve(serve("a.txt"), weft::RequestBuilder());
    Check(recorder.Body() == "aaaab");
    Check(recorder.Header().Get("Vary") == "Accept-Encoding");
  });
}
