// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_INTERNAL_STDERR_SINK_H_
#define WEFT_HANDLERS_INTERNAL_STDERR_SINK_H_

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include <spdlog/sinks/base_sink.h>

namespace weft::internal {

// spdlog's colored sink to stderr, except that a stalled reader cannot hold it: it drops lines once the time limit of LogQueue
// has expired. It does so without O_NONBLOCK, which would apply to every process that shares the open file, such as the
// shell. Lines of LogQueue's writer are gathered, up to as many as a pipe takes at once, until flush.
class StderrSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit StderrSink(int descriptor);

 private:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override;
  void AppendColoured(std::string_view text, const spdlog::details::log_msg& message);
  bool WriteAll(std::string_view text) const;
  bool WaitUntilWritable() const;
  long WritePiece(std::string_view piece) const;

  const int descriptor_;
  bool colours_ = false;
  std::string gathered_;
  std::uint64_t gathered_lines_ = 0;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_INTERNAL_STDERR_SINK_H_
