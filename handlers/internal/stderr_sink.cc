// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/internal/stderr_sink.h>

#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstddef>

#include <spdlog/details/os.h>

#include <weft/handlers/internal/log_queue.h>

namespace weft::internal {
namespace {

constexpr int kLookAgainMs = 50;

std::string_view ColourOf(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::debug:
      return "\033[36m";
    case spdlog::level::info:
      return "\033[32m";
    case spdlog::level::warn:
      return "\033[33m\033[1m";
    case spdlog::level::err:
      return "\033[31m\033[1m";
    case spdlog::level::critical:
      return "\033[1m\033[41m";
    default:
      return "\033[37m";
  }
}

}  // namespace

StderrSink::StderrSink(int descriptor)
    : descriptor_(descriptor), colours_(isatty(descriptor) == 1 && spdlog::details::os::is_color_terminal()) {}

void StderrSink::sink_it_(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t line;
  message.color_range_start = 0;
  message.color_range_end = 0;
  formatter_->format(message, line);
  const std::string_view text(line.data(), line.size());
  // Complete lines in each piece, so that lines of other writers do not end up within one.
  if (gathered_.size() + text.size() > PIPE_BUF) flush_();
  ++gathered_lines_;
  AppendColoured(text, message);
  if (!LogQueue::InWriter()) flush_();
}

void StderrSink::flush_() {
  if (!gathered_.empty() && !WriteAll(gathered_)) LogQueue::Get().CountDropped(gathered_lines_);
  gathered_.clear();
  gathered_lines_ = 0;
}

void StderrSink::AppendColoured(std::string_view text, const spdlog::details::log_msg& message) {
  const std::size_t begin = message.color_range_start;
  const std::size_t end = message.color_range_end;
  if (!colours_ || end <= begin) {
    gathered_ += text;
    return;
  }
  gathered_.append(text.substr(0, begin)).append(ColourOf(message.level)).append(text.substr(begin, end - begin));
  gathered_.append("\033[m").append(text.substr(end));
}

// poll reports a pipe or a terminal as writable when it takes PIPE_BUF bytes without waiting, so no more are written at once.
bool StderrSink::WriteAll(std::string_view text) const {
  while (!text.empty()) {
    if (!WaitUntilWritable()) return false;
    const long written = WritePiece(text.substr(0, PIPE_BUF));
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR && errno != EAGAIN) {
      return false;
    }
  }
  return true;
}

bool StderrSink::WaitUntilWritable() const {
  pollfd watched{descriptor_, POLLOUT, 0};
  for (;;) {
    const bool over = LogQueue::Get().PatienceIsOver();
    // The write detects an error.
    if (poll(&watched, 1, over ? 0 : kLookAgainMs) > 0) return true;
    if (over) return false;
  }
}

// Others may write to the same pipe, and fill it after the poll. If the kernel supports it (since 6.4), this write does not
// wait then, and no other write is affected.
long StderrSink::WritePiece(std::string_view piece) const {
  struct stat file;
  if (fstat(descriptor_, &file) == 0 && S_ISFIFO(file.st_mode)) {
    const iovec part{const_cast<char*>(piece.data()), piece.size()};
    const long written = pwritev2(descriptor_, &part, 1, -1, RWF_NOWAIT);
    if (written >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL)) return written;
  }
  return write(descriptor_, piece.data(), piece.size());
}

}  // namespace weft::internal
