// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <weft/handlers/metrics.h>
#include <weft/handlers/testing.h>

#include "kit.h"

// Very many series of metrics.
namespace weft {
namespace {

using namespace weft::testing;

constexpr long kOfOneMetric = 500;

// `n` series, as many of each metric as a careful program has.
void AddSeries(Metrics& metrics, long n) {
  Labeled<Histogram>* times = nullptr;
  for (long i = 0; i < n; ++i) {
    if (i % kOfOneMetric == 0) times = &metrics.AddHistogram("times_" + std::to_string(i) + "_seconds", "Times.", {"name"}, DurationBounds());
    times->With({"the name " + std::to_string(i)}).Observe(0.1);
  }
}

TEST(MetricsGrowth, OfAPage) {
  ExpectGrowth(2'500, [](const Context&, long n) {
    Metrics metrics;
    AddSeries(metrics, n);
    Recorder recorder;
    const Handler page = metrics.Serve();
    return Measure([&] { recorder.Serve(page, RequestBuilder("HEAD")); });  // a recorder keeps a body in one string
  });
}

TEST(MetricsGrowth, OfNewSeries) {
  ExpectGrowth(
      2'500,
      [](const Context&, long n) {
        Metrics metrics;
        return Measure([&] { AddSeries(metrics, n); });
      },
      1.0);  // one fiber that makes them all without a pause
}

}  // namespace
}  // namespace weft
