// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/internal/metric_family.h>

#include <map>

#include <weft/concurrency/run.h>
#include <weft/handlers/internal/metric_text.h>

namespace weft {

template <>
Counter& Labeled<Counter>::With(std::span<const std::string_view> values) {
  return *family_.With(values).counter;
}
template <>
Gauge& Labeled<Gauge>::With(std::span<const std::string_view> values) {
  return *family_.With(values).gauge;
}
template <>
Histogram& Labeled<Histogram>::With(std::span<const std::string_view> values) {
  return *family_.With(values).histogram;
}

namespace internal {
namespace {

constexpr std::size_t kWriteBytes = 16 * 1024;
// A fiber that is alone on its loop continues some 64 times before the loop looks for events, and all of the text may be compressed,
// too.
constexpr std::size_t kPieceBytes = 2 * 1024;
constexpr std::size_t kSeriesAtOnce = 64;

std::string_view TypeOf(MetricKind kind) {
  switch (kind) {
    case MetricKind::kCounter:
      return "counter";
    case MetricKind::kGauge:
      return "gauge";
    case MetricKind::kHistogram:
      break;
  }
  return "histogram";
}

}  // namespace

Error MetricWriter::EndSeries() {
  if (text_.size() - piece_begin_ < kPieceBytes) return {};
  if (text_.size() >= kWriteBytes) {
    if (Error err = Flush()) return err;
  }
  piece_begin_ = text_.size();
  Yield();
  return {};
}

Error MetricWriter::Flush() {
  Error err = w_.Write(text_);
  text_.clear();
  piece_begin_ = 0;
  return err;
}

void MetricSource::AppendHead(std::string& out) const { AppendMetricHead(name_, help_, TypeOf(kind_), out); }

MetricFamily::MetricFamily(LoopCells& cells, MetricKind kind, std::string name, std::string help, std::vector<std::string> labels,
                           std::vector<double> bounds)
    : MetricSource(kind, std::move(name), std::move(help), std::move(labels)), cells_(cells), bounds_(std::move(bounds)) {}

MetricSeries& MetricFamily::With(LabelTable::Values values) {
  if (values.size() != labels().size()) AbortMisuse("Labeled::With", "needs one value for each label");
  return static_cast<MetricSeries&>(table_.FindOrMake(values, [this](LabelTable::Values all) { return Make(all); }));
}

std::unique_ptr<LabelEntry> MetricFamily::Make(LabelTable::Values values) {
  auto series = std::make_unique<MetricSeries>();
  series->label_text = FormatLabels(labels(), values);
  switch (kind()) {
    case MetricKind::kCounter:
      series->counter.emplace(cells_.Take());
      break;
    case MetricKind::kGauge:
      series->gauge.emplace(cells_.Take());
      break;
    case MetricKind::kHistogram:
      series->histogram.emplace(cells_.Take(bounds_.size() + 2), bounds_);
      break;
  }
  return series;
}

Error MetricFamily::WriteTo(MetricWriter& out) const {
  for (std::size_t seen = 0;;) {
    const std::vector<const LabelEntry*> some = table_.From(seen, kSeriesAtOnce);
    if (some.empty()) return {};
    if (seen == 0) AppendHead(out.text());
    for (const LabelEntry* one : some) {
      AppendSeries(static_cast<const MetricSeries&>(*one), out.text());
      if (Error err = out.EndSeries()) return err;
    }
    seen += some.size();
  }
}

void MetricFamily::AppendSeries(const MetricSeries& series, std::string& out) const {
  if (series.counter) return AppendSample(name(), "", series.label_text, series.counter->Value(), out);
  if (series.gauge) return AppendSample(name(), "", series.label_text, series.gauge->Value(), out);
  AppendHistogram(series, out);
}

// Each bucket counts the values in it and below. The total is that of the last bucket, so that the two agree whatever is added meanwhile.
void MetricFamily::AppendHistogram(const MetricSeries& series, std::string& out) const {
  const Histogram& histogram = *series.histogram;
  std::string labels = series.label_text;
  if (!labels.empty()) labels += ',';
  labels += "le=\"";
  const std::size_t before_bound = labels.size();
  std::uint64_t count = 0;
  for (std::size_t i = 0; i <= bounds_.size(); ++i) {
    count += histogram.Count(i);
    labels.resize(before_bound);
    if (i < bounds_.size()) {
      AppendReal(bounds_[i], labels);
    } else {
      labels += "+Inf";
    }
    labels += '"';
    AppendSample(name(), "_bucket", labels, count, out);
  }
  AppendSample(name(), "_sum", series.label_text, histogram.Sum(), out);
  AppendSample(name(), "_count", series.label_text, count, out);
}

// Two lines for the same labels would make Prometheus reject the page.
Error ReadMetric::WriteTo(MetricWriter& out) const {
  std::map<std::string, double> values;
  for (const MetricValue& one : read_()) {
    if (one.labels.size() != labels().size()) AbortMisuse("Metrics", "a MetricValue needs one value for each label");
    const std::vector<std::string_view> views(one.labels.begin(), one.labels.end());
    values[FormatLabels(labels(), views)] += one.value;
  }
  if (values.empty()) return {};
  AppendHead(out.text());
  for (const auto& [label_text, value] : values) {
    AppendSample(name(), "", label_text, value, out.text());
    if (Error err = out.EndSeries()) return err;
  }
  return {};
}

}  // namespace internal
}  // namespace weft
