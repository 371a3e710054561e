// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_METRIC_H_
#define WEFT_HANDLERS_METRIC_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <weft/concurrency/loop_cells.h>

// The kinds of metrics. Metrics (metrics.h) makes and serves them. They may be used from any fiber
// or thread, and nothing suspends.
namespace weft {

namespace internal {
class MetricFamily;
}

// A number that only grows: requests, bytes, failures. Whole numbers only; for seconds and other
// real numbers use a Histogram.
//
//   weft::Counter& sent = metrics.AddCounter("mails_sent_total", "Mails that were accepted.");
//   sent.Add();
class Counter {
 public:
  explicit Counter(LoopCell cell) : cell_(cell) {}
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;

  // Some nanoseconds: each loop counts for itself.
  void Add(std::uint64_t n = 1) noexcept { cell_.Add(n); }
  // The sum over all loops. It may miss what is being added at this moment.
  std::uint64_t Value() const noexcept { return cell_.Sum(); }

 private:
  const LoopCell cell_;
};

// A number that goes up and down: open connections, a temperature, a time.
class Gauge {
 public:
  explicit Gauge(LoopCell cell) : cell_(cell) {}
  Gauge(const Gauge&) = delete;
  Gauge& operator=(const Gauge&) = delete;

  // `x` may be negative. As cheap as a Counter.
  void Add(double x) noexcept { cell_.AddReal(x); }
  // Additions that others make at this moment count as before or after. Costs as much as reading.
  void Set(double value) noexcept {
    base_.store(value - cell_.RealSum(), std::memory_order_relaxed);
  }
  double Value() const noexcept { return base_.load(std::memory_order_relaxed) + cell_.RealSum(); }

 private:
  const LoopCell cell_;
  std::atomic<double> base_{0};
};

// How often a value was in each range, and the sum of all values: durations in seconds, sizes in
// bytes.
class Histogram {
 public:
  Histogram(LoopCell first, std::span<const double> bounds) : first_(first), bounds_(bounds) {}
  Histogram(const Histogram&) = delete;
  Histogram& operator=(const Histogram&) = delete;

  // Counts the value in the first range whose bound is not below it; NaN in the last range.
  void Observe(double value) noexcept {
    std::size_t range = 0;
    while (range < bounds_.size() && !(value <= bounds_[range])) ++range;
    first_.After(range).Add();
    first_.After(bounds_.size() + 1).AddReal(value);
  }
  // The count of the range with this number, which ends at the bound of the same number. The last
  // range, above all bounds, has the number Bounds().size().
  std::uint64_t Count(std::size_t range) const noexcept { return first_.After(range).Sum(); }
  double Sum() const noexcept { return first_.After(bounds_.size() + 1).RealSum(); }
  std::span<const double> Bounds() const noexcept { return bounds_; }

 private:
  const LoopCell first_;  // the ranges, then the sum
  const std::span<const double> bounds_;
};

// A Counter, Gauge or Histogram for each combination of label values. At most 1,000 combinations
// have one of their own. Further ones share the one whose labels are all "other", and
// weft_metrics_overflow_total counts them. So clients may be able to choose a value, although it is
// better if they cannot.
//
//   weft::Labeled<weft::Counter>& paid = metrics.AddCounter("paid_total", "Payments.", {"kind"});
//   paid.With({"card"}).Add();
template <class T>
class Labeled {
 public:
  explicit Labeled(internal::MetricFamily& family) : family_(family) {}
  Labeled(const Labeled&) = delete;
  Labeled& operator=(const Labeled&) = delete;

  // The metric with these values, one for each label in order (aborts otherwise). It is made if it
  // is new, and lives as long as the Metrics. The search takes some tens of nanoseconds, so keep
  // the reference if the values are fixed.
  T& With(std::initializer_list<std::string_view> values) {
    return With(std::span(values.begin(), values.size()));
  }
  T& With(std::span<const std::string_view> values);

 private:
  internal::MetricFamily& family_;
};
template <>
Counter& Labeled<Counter>::With(std::span<const std::string_view> values);
template <>
Gauge& Labeled<Gauge>::With(std::span<const std::string_view> values);
template <>
Histogram& Labeled<Histogram>::With(std::span<const std::string_view> values);

// One value of a metric that is computed when it is read. Values with the same labels are added up.
struct MetricValue {
  std::vector<std::string> labels;  // a value for each label
  double value = 0;
};

// Bounds for the duration of requests in seconds, from 5 ms to 10 s: those that OpenTelemetry's
// conventions advise.
inline std::vector<double> DurationBounds() {
  return {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10};
}

}  // namespace weft

#endif  // WEFT_HANDLERS_METRIC_H_
