// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/metrics.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>

#include "metrics_kit.h"

namespace weft {
namespace {

using testing::LinesOf;
using testing::PageOf;

TEST(Metrics, ACounterIsShownWithWhatItIs) {
  Metrics metrics;
  Counter& notes = metrics.AddCounter("notes_made_total", "Notes that were made.");

  notes.Add();
  notes.Add(41);

  EXPECT_EQ(notes.Value(), 42U);
  const std::string page = PageOf(metrics);
  EXPECT_NE(page.find("# HELP notes_made_total Notes that were made.\n"
                      "# TYPE notes_made_total counter\n"
                      "notes_made_total 42\n"),
            std::string::npos)
      << page;
}

TEST(Metrics, APageSaysItsFormatAndMustNotBeStored) {
  Metrics metrics;
  Recorder recorder;
  recorder.Serve(metrics.Serve(), RequestBuilder());
  EXPECT_EQ(recorder.Header().Get("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(recorder.Header().Get("Cache-Control"), "no-store");
}

TEST(Metrics, AGaugeGoesUpAndDownAndCanBeSet) {
  Metrics metrics;
  Gauge& open = metrics.AddGauge("things_open", "Things.");

  open.Add(3);
  open.Add(-1);
  EXPECT_EQ(open.Value(), 2);
  open.Set(7.5);
  EXPECT_EQ(open.Value(), 7.5);
  open.Add(-0.5);

  EXPECT_EQ(LinesOf(metrics, "things_open"), "things_open 7\n");
}

TEST(Metrics, AHistogramCountsEachRangeWithThoseBelow) {
  Metrics metrics;
  Histogram& sizes = metrics.AddHistogram("job_size_bytes", "Sizes.", {1, 10.5, 100});

  for (const double value : {0.0, 1.0, 1.5, 10.5, 99.0, 100.5, 1e9}) sizes.Observe(value);

  EXPECT_EQ(LinesOf(metrics, "job_size_bytes"),
            "job_size_bytes_bucket{le=\"1\"} 2\n"
            "job_size_bytes_bucket{le=\"10.5\"} 4\n"
            "job_size_bytes_bucket{le=\"100\"} 5\n"
            "job_size_bytes_bucket{le=\"+Inf\"} 7\n"
            "job_size_bytes_sum 1000000212.5\n"
            "job_size_bytes_count 7\n");
}

TEST(Metrics, CountsNanAboveAllBounds) {
  Metrics metrics;
  Histogram& odd = metrics.AddHistogram("odd_seconds", "Odd.", {1});

  odd.Observe(std::nan(""));
  odd.Observe(-std::numeric_limits<double>::infinity());

  EXPECT_EQ(LinesOf(metrics, "odd_seconds"),
            "odd_seconds_bucket{le=\"1\"} 1\n"
            "odd_seconds_bucket{le=\"+Inf\"} 2\n"
            "odd_seconds_sum NaN\n"
            "odd_seconds_count 2\n");
}

TEST(Metrics, EachCombinationOfLabelsIsASeries) {
  Metrics metrics;
  Labeled<Counter>& jobs = metrics.AddCounter("jobs_total", "Jobs.", {"kind", "result"});
  Labeled<Histogram>& times = metrics.AddHistogram("job_seconds", "Times.", {"kind"}, {1});

  jobs.With({"mail", "ok"}).Add(2);
  jobs.With({"mail", "failed"}).Add();
  jobs.With({"mailok", ""}).Add(5);
  times.With({"mail"}).Observe(0.5);

  EXPECT_EQ(&jobs.With({"mail", "ok"}), &jobs.With({"mail", "ok"}));
  EXPECT_EQ(LinesOf(metrics, "jobs_total"),
            "jobs_total{kind=\"mail\",result=\"ok\"} 2\n"
            "jobs_total{kind=\"mail\",result=\"failed\"} 1\n"
            "jobs_total{kind=\"mailok\",result=\"\"} 5\n");
  EXPECT_EQ(LinesOf(metrics, "job_seconds_bucket"),
            "job_seconds_bucket{kind=\"mail\",le=\"1\"} 1\n"
            "job_seconds_bucket{kind=\"mail\",le=\"+Inf\"} 1\n");
}

TEST(Metrics, LabelsAndHelpAreEscapedAndUtf8) {
  Metrics metrics;
  metrics.AddCounter("odd_total", "a \"b\"\\\nc", {"text"}).With({"a \"b\"\\\n\xff\xc3\xa9"}).Add();

  const std::string page = PageOf(metrics);

  EXPECT_EQ(LinesOf(page, "# HELP odd_total"), "# HELP odd_total a \"b\"\\\\\\nc\n");
  EXPECT_EQ(LinesOf(page, "odd_total"), "odd_total{text=\"a \\\"b\\\"\\\\\\n\xEF\xBF\xBD\xc3\xa9\"} 1\n");
}

TEST(Metrics, BeyondAThousandSeriesTheyShareOne) {
  Metrics metrics;
  Labeled<Counter>& users = metrics.AddCounter("by_user_total", "Made by whoever wants to.", {"user", "kind"});

  for (int i = 0; i < 5000; ++i) users.With({std::to_string(i), "x"}).Add();
  users.With({"17", "x"}).Add();

  const std::string lines = LinesOf(metrics, "by_user_total");
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 1000);
  EXPECT_NE(lines.find("by_user_total{user=\"17\",kind=\"x\"} 2\n"), std::string::npos);
  EXPECT_NE(lines.find("by_user_total{user=\"other\",kind=\"other\"} 4001\n"), std::string::npos);
  EXPECT_EQ(LinesOf(metrics, "weft_metrics_overflow_total"), "weft_metrics_overflow_total{metric=\"by_user_total\"} 4001\n");
}

TEST(Metrics, ValuesThatExistElsewhereAreAskedForAndAddedUp) {
  Metrics metrics;
  int asked = 0;
  metrics.AddGauge("queue_length", "Lengths.", {"queue"}, [&] {
    ++asked;
    return std::vector<MetricValue>{{{"mail"}, 2}, {{"mail"}, 3}, {{"fax"}, 0.5}};
  });
  metrics.AddCounter("nothing_total", "Never there.", {"queue"}, [] { return std::vector<MetricValue>(); });
  EXPECT_EQ(asked, 0);

  const std::string page = PageOf(metrics);

  EXPECT_EQ(LinesOf(page, "queue_length"), "queue_length{queue=\"fax\"} 0.5\nqueue_length{queue=\"mail\"} 5\n");
  EXPECT_EQ(page.find("nothing_total"), std::string::npos);
  EXPECT_EQ(asked, 1);
}

TEST(Metrics, PoolsAreShownByTheirNames) {
  Metrics metrics;
  metrics.Add("db", [] { return PoolStats{.open = 5, .idle = 2, .in_use = 3, .waited = 7, .longest_wait = std::chrono::milliseconds(1500)}; });
  metrics.Add("cache", [] { return PoolStats{.open = 1}; });

  const std::string page = PageOf(metrics);

  EXPECT_EQ(LinesOf(page, "weft_pool_open{"), "weft_pool_open{pool=\"cache\"} 1\nweft_pool_open{pool=\"db\"} 5\n");
  EXPECT_EQ(LinesOf(page, "weft_pool_in_use{pool=\"db\"}"), "weft_pool_in_use{pool=\"db\"} 3\n");
  EXPECT_EQ(LinesOf(page, "weft_pool_waited_total{pool=\"db\"}"), "weft_pool_waited_total{pool=\"db\"} 7\n");
  EXPECT_EQ(LinesOf(page, "weft_pool_longest_wait_seconds{pool=\"db\"}"), "weft_pool_longest_wait_seconds{pool=\"db\"} 1.5\n");
}

TEST(Metrics, LoopsAndTheirPoolsAreThere) {
  Metrics metrics;
  RunOptions options;
  options.name = "shown";
  options.loops = 2;
  EXPECT_FALSE(weft::Run(Background(), options, [&](const Context&) {
    const std::string page = PageOf(metrics);

    EXPECT_EQ(LinesOf(page, "weft_fibers{scheduler=\"shown\",loop=\"0\"}"), "weft_fibers{scheduler=\"shown\",loop=\"0\"} 1\n");
    EXPECT_EQ(LinesOf(page, "weft_fibers{scheduler=\"shown\",loop=\"1\"}"), "weft_fibers{scheduler=\"shown\",loop=\"1\"} 0\n");
    EXPECT_NE(LinesOf(page, "weft_loop_lag_seconds{scheduler=\"shown\",loop=\"1\"}"), "");
    EXPECT_EQ(LinesOf(page, "weft_offload_queued{scheduler=\"shown\"}"), "weft_offload_queued{scheduler=\"shown\"} 0\n");
  }));
}

TEST(Metrics, AllLoopsAndThreadsMayCountAndMakeSeriesAtOnce) {
  Metrics metrics;
  Labeled<Counter>& counts = metrics.AddCounter("many_total", "Many.", {"name"});
  const auto count = [&] {
    for (int i = 0; i < 3000; ++i) counts.With({"name " + std::to_string(i % 300)}).Add();
  };
  RunOptions options;
  options.loops = 3;
  std::thread thread(count);
  EXPECT_FALSE(weft::Run(Background(), options, [&](const Context& ctx) {
    GroupOptions spread;
    spread.spread = true;
    Group group(ctx, spread);
    for (int i = 0; i < 3; ++i) group.Go([&](const Context&) { count(); });
    (void)PageOf(metrics);
    EXPECT_FALSE(group.Wait());
  }));
  thread.join();

  for (int i = 0; i < 300; ++i) ASSERT_EQ(counts.With({"name " + std::to_string(i)}).Value(), 40U);
}

TEST(Metrics, NamesThatPrometheusWouldRefuseAbort) {
  Metrics metrics;
  metrics.AddHistogram("taken_seconds", "Taken.");
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(metrics.AddCounter("two words", ""), "two words");
  EXPECT_DEATH(metrics.AddCounter("", ""), "not a name");
  EXPECT_DEATH(metrics.AddGauge("1st", ""), "1st");
  EXPECT_DEATH(metrics.AddGauge("taken_seconds", ""), "already");
  EXPECT_DEATH(metrics.AddCounter("taken_seconds_count", ""), "already");
  EXPECT_DEATH(metrics.AddCounter("a", "", {"b-c"}), "b-c");
  EXPECT_DEATH(metrics.AddCounter("a", "", {"__b"}), "__b");
  EXPECT_DEATH(metrics.AddCounter("a", "", {"b", "b"}), "label");
  EXPECT_DEATH(metrics.AddHistogram("a", "", {"le"}), "le");
  EXPECT_DEATH(metrics.AddHistogram("a", "", {1, 1}), "rising");
  EXPECT_DEATH(metrics.AddCounter("a", "", {"b"}).With({"c", "d"}), "Labeled::With");
}

}  // namespace
}  // namespace weft
