// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <weft/handlers/middleware/compress.h>
#include <weft/handlers/testing.h>

int main() {
  const weft::Handler page = [](weft::ResponseWriter& w, weft::Request&) {
    return w.Write(std::string(10'000, 'x'));
  };
  weft::Recorder recorder;
  recorder.Serve(weft::Chain(page, {weft::Compress()}),
                 weft::RequestBuilder().Header("Accept-Encoding", "gzip"));
  return recorder.Header().Get("Content-Encoding") == "gzip" ? 0 : 1;
}
