// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/log.h>

#include <unistd.h>

#include <chrono>
#include <memory>
#include <utility>

#include <spdlog/spdlog.h>

#include <weft/concurrency/offload.h>
#include <weft/concurrency/work_ids.h>
#include <weft/handlers/internal/log_formatter.h>
#include <weft/handlers/internal/log_queue.h>
#include <weft/handlers/internal/stderr_sink.h>

namespace weft {
namespace {

using internal::LogQueue;

#if defined(__SANITIZE_THREAD__)
// spdlog makes its registry when it is used first, under a guard that ThreadSanitizer cannot see, since that library is not
// instrumented. Here it is made before there are threads.
const spdlog::logger* const g_registry_is_made = spdlog::default_logger_raw();
#endif

constexpr spdlog::level::level_enum Spdlogs(LogLevel level) { return static_cast<spdlog::level::level_enum>(level); }

static_assert(Spdlogs(LogLevel::kTrace) == spdlog::level::trace && Spdlogs(LogLevel::kDebug) == spdlog::level::debug);
static_assert(Spdlogs(LogLevel::kInfo) == spdlog::level::info && Spdlogs(LogLevel::kWarning) == spdlog::level::warn);
static_assert(Spdlogs(LogLevel::kError) == spdlog::level::err && Spdlogs(LogLevel::kCritical) == spdlog::level::critical);

std::shared_ptr<spdlog::logger>* NewStderrLogger(const char* name, const char* pattern) {
  auto logger = std::make_shared<spdlog::logger>(name, std::make_shared<internal::StderrSink>(STDERR_FILENO));
  logger->set_formatter(internal::NewLogFormatter(pattern));
  return new std::shared_ptr<spdlog::logger>(std::move(logger));
}

// weft's own, which are never destroyed: servers may end during static destruction.
const std::shared_ptr<spdlog::logger>& ToStderr() {
  static const auto* const logger = NewStderrLogger("weft", "[%Y-%m-%d %H:%M:%S.%e] [%n] [%^%l%$] %*%v");
  return *logger;
}

const std::shared_ptr<spdlog::logger>& BareToStderr() {
  static const auto* const logger = NewStderrLogger("weft", "%v");
  return *logger;
}

// The user's, if there is one. spdlog's own default, which has no name, writes to stdout, which belongs to the program.
std::shared_ptr<spdlog::logger> CurrentLogger() {
  if (std::shared_ptr<spdlog::logger> named = spdlog::get("weft")) return named;
  std::shared_ptr<spdlog::logger> common = spdlog::default_logger();
  return common != nullptr && common->name().empty() ? ToStderr() : common;
}

void Queue(std::shared_ptr<spdlog::logger> logger, bool gathered, LogLevel level, std::string line, std::string_view about = {}) {
  if (logger == nullptr || !logger->should_log(Spdlogs(level))) return;
  const Context ctx = CurrentContext();
  internal::LogEntry entry{std::chrono::system_clock::now(), Spdlogs(level), 0, std::move(logger), std::move(line), gathered};
  entry.ids = {std::string(about.empty() ? RequestIdOf(ctx) : about), std::string(TraceIdOf(ctx))};
  LogQueue::Get().Write(std::move(entry));
}

}  // namespace

bool LogEnabled(LogLevel level) noexcept {
  try {
    const std::shared_ptr<spdlog::logger> logger = CurrentLogger();
    return logger != nullptr && logger->should_log(Spdlogs(level));
  } catch (...) {
    return false;  // there is no memory for a log
  }
}

void LogLine(LogLevel level, std::string line) noexcept { LogLineAbout({}, level, std::move(line)); }

void LogLineAbout(std::string_view request_id, LogLevel level, std::string line) noexcept {
  try {
    std::shared_ptr<spdlog::logger> logger = CurrentLogger();
    const bool gathered = logger == ToStderr();
    Queue(std::move(logger), gathered, level, std::move(line), request_id);
  } catch (...) {
    LogQueue::Get().CountDropped(1);
  }
}

void LogLineTo(const char* logger, LogLevel level, std::string line) noexcept {
  try {
    std::shared_ptr<spdlog::logger> named = spdlog::get(logger);
    const bool gathered = named == nullptr;
    if (gathered) named = BareToStderr();
    Queue(named, gathered, level, std::move(line));
  } catch (...) {
    LogQueue::Get().CountDropped(1);
  }
}

std::uint64_t DroppedLogLines() noexcept { return LogQueue::Get().Dropped(); }

LogSession::LogSession() { LogQueue::Get().Enter(); }

LogSession::~LogSession() {
  if (!ended_ && LogQueue::Get().Leave()) LogQueue::Get().AwaitEnd();
}

void LogSession::End(const Context& ctx) {
  if (std::exchange(ended_, true) || !LogQueue::Get().Leave()) return;
  // All threads of the pool may be stuck. Even then, the wait for the end is bounded.
  const CancelScope patience = WithTimeout(WithoutCancel(ctx), LogQueue::kPatience);
  const Error not_called = Offload(patience.ctx, [] { LogQueue::Get().AwaitEnd(); });
  if (not_called) LogQueue::Get().AwaitEnd();
}

}  // namespace weft
