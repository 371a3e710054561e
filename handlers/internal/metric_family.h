// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_INTERNAL_METRIC_FAMILY_H_
#define WEFT_HANDLERS_INTERNAL_METRIC_FAMILY_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weft/concurrency/error.h>
#include <weft/concurrency/loop_cells.h>
#include <weft/handlers/internal/label_table.h>
#include <weft/handlers/metric.h>
#include <weft/handlers/response_writer.h>

namespace weft::internal {

enum class MetricKind : std::uint8_t { kCounter, kGauge, kHistogram };

// Receives the text of metrics, in pieces.
class MetricWriter {
 public:
  explicit MetricWriter(ResponseWriter& w) : w_(w) {}
  std::string& text() { return text_; }
  // Called after each series, so that no loop is held for long: may pass on the text so far, and let others go first.
  Error EndSeries();
  // Passes on the rest.
  Error Flush();

 private:
  ResponseWriter& w_;
  std::string text_;
  std::size_t piece_begin_ = 0;  // where the text began since others went first
};

// A metric with all its series, as a page shows it.
class MetricSource {
 public:
  MetricSource(MetricKind kind, std::string name, std::string help, std::vector<std::string> labels)
      : kind_(kind), name_(std::move(name)), help_(std::move(help)), labels_(std::move(labels)) {}
  virtual ~MetricSource() = default;
  MetricSource(const MetricSource&) = delete;
  MetricSource& operator=(const MetricSource&) = delete;

  virtual Error WriteTo(MetricWriter& out) const = 0;
  virtual std::uint64_t Overflow() const { return 0; }

  MetricKind kind() const { return kind_; }
  const std::string& name() const { return name_; }
  const std::vector<std::string>& labels() const { return labels_; }

 protected:
  void AppendHead(std::string& out) const;

 private:
  const MetricKind kind_;
  const std::string name_;
  const std::string help_;
  const std::vector<std::string> labels_;
};

// The type of series that a family consists of.
struct MetricSeries : LabelEntry {
  std::string label_text;
  std::optional<Counter> counter;
  std::optional<Gauge> gauge;
  std::optional<Histogram> histogram;
};

// A metric that is counted here.
class MetricFamily final : public MetricSource {
 public:
  MetricFamily(LoopCells& cells, MetricKind kind, std::string name, std::string help, std::vector<std::string> labels,
               std::vector<double> bounds);

  MetricSeries& With(LabelTable::Values values);
  Error WriteTo(MetricWriter& out) const override;
  std::uint64_t Overflow() const override { return table_.Overflow(); }

 private:
  std::unique_ptr<LabelEntry> Make(LabelTable::Values values);
  void AppendSeries(const MetricSeries& series, std::string& out) const;
  void AppendHistogram(const MetricSeries& series, std::string& out) const;

  LoopCells& cells_;
  const std::vector<double> bounds_;
  LabelTable table_;
};

// A metric whose values come from a callback.
class ReadMetric final : public MetricSource {
 public:
  using Read = std::function<std::vector<MetricValue>()>;
  ReadMetric(MetricKind kind, std::string name, std::string help, std::vector<std::string> labels, Read read)
      : MetricSource(kind, std::move(name), std::move(help), std::move(labels)), read_(std::move(read)) {}

  Error WriteTo(MetricWriter& out) const override;

 private:
  const Read read_;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_INTERNAL_METRIC_FAMILY_H_
