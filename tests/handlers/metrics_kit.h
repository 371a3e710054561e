// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_HANDLERS_METRICS_KIT_H_
#define WEFT_TESTS_HANDLERS_METRICS_KIT_H_

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include <weft/handlers/metrics.h>
#include <weft/handlers/testing.h>

namespace weft::testing {

// What a look at the metrics gives.
inline std::string PageOf(Metrics& metrics) {
  Recorder recorder;
  recorder.Serve(metrics.Serve(), RequestBuilder("GET", "/metrics"));
  EXPECT_EQ(recorder.Status(), 200);
  EXPECT_FALSE(recorder.Err()) << recorder.Err().Message();
  return recorder.Body();
}

// The lines of a page that begin so, each with its end.
inline std::string LinesOf(const std::string& page, std::string_view begin) {
  std::string found;
  for (std::size_t at = 0; at < page.size();) {
    const std::size_t end = page.find('\n', at) + 1;
    if (page.compare(at, begin.size(), begin) == 0) found += page.substr(at, end - at);
    at = end;
  }
  return found;
}

inline std::string LinesOf(Metrics& metrics, std::string_view begin) { return LinesOf(PageOf(metrics), begin); }

}  // namespace weft::testing

#endif  // WEFT_TESTS_HANDLERS_METRICS_KIT_H_
