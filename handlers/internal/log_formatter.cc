// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/internal/log_formatter.h>

#include <ctime>
#include <string_view>
#include <utility>

#include <spdlog/pattern_formatter.h>

#include <weft/concurrency/work_ids.h>
#include <weft/handlers/internal/log_queue.h>

namespace weft::internal {
namespace {

// The id that a flag stands for, and the text around it.
class IdFlag final : public spdlog::custom_flag_formatter {
 public:
  enum class Form : std::uint8_t { kRequestId, kTraceId, kRequestIdInBrackets };
  explicit IdFlag(Form form) : form_(form) {}

  void format(const spdlog::details::log_msg&, const std::tm&,
              spdlog::memory_buf_t& line) override {
    // A line of weft's log is formatted on a thread of its own; any other one where it was written.
    if (const LogIds* ids = LogQueue::IdsOfLine()) {
      Append(form_ == Form::kTraceId ? ids->trace : ids->request, line);
    } else {
      const Context ctx = CurrentContext();
      Append(form_ == Form::kTraceId ? TraceIdOf(ctx) : RequestIdOf(ctx), line);
    }
  }

  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<IdFlag>(form_);
  }

 private:
  void Append(std::string_view id, spdlog::memory_buf_t& line) const {
    const auto add = [&line](std::string_view text) {
      line.append(text.data(), text.data() + text.size());
    };
    if (form_ != Form::kRequestIdInBrackets) return add(id.empty() ? "-" : id);
    if (id.empty()) return;
    add("[");
    add(id);
    add("] ");
  }

  const Form form_;
};

}  // namespace

std::unique_ptr<spdlog::formatter> NewLogFormatter(std::string pattern) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<IdFlag>('q', IdFlag::Form::kRequestId);
  formatter->add_flag<IdFlag>('Q', IdFlag::Form::kTraceId);
  formatter->add_flag<IdFlag>('*', IdFlag::Form::kRequestIdInBrackets);
  formatter->set_pattern(std::move(pattern));
  return formatter;
}

}  // namespace weft::internal
