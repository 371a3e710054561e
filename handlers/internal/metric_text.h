// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_INTERNAL_METRIC_TEXT_H_
#define WEFT_HANDLERS_INTERNAL_METRIC_TEXT_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

// Prometheus' text format, version 0.0.4: one line for each value, "name{label="value",...} number", and before the values of a metric
// two that say what it is.
namespace weft::internal {

inline constexpr std::string_view kMetricTextType = "text/plain; version=0.0.4; charset=utf-8";

// "notes_made_total"; with colons for names, not for labels.
bool IsMetricName(std::string_view name);
bool IsLabelName(std::string_view name);  // also not one that Prometheus keeps for itself

// `type` is "counter", "gauge" or "histogram".
void AppendMetricHead(std::string_view name, std::string_view help, std::string_view type, std::string& out);

// `a="x",b="y"`. What is no UTF-8 becomes U+FFFD.
std::string FormatLabels(std::span<const std::string> names, std::span<const std::string_view> values);

// A line; `name` and `suffix` together are its name, `labels` as FormatLabels writes them.
void AppendSample(std::string_view name, std::string_view suffix, std::string_view labels, std::uint64_t value, std::string& out);
void AppendSample(std::string_view name, std::string_view suffix, std::string_view labels, double value, std::string& out);

// The shortest decimal that gives the same number; "+Inf", "-Inf", "NaN".
void AppendReal(double value, std::string& out);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_INTERNAL_METRIC_TEXT_H_
