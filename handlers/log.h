// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_LOG_H_
#define WEFT_HANDLERS_LOG_H_

#include <cstdint>
#include <string>
#include <string_view>

#include <weft/concurrency/context.h>

namespace weft {

// weft's log, which the default observer, AccessLog() and Recover() write to. Its lines go through
// spdlog: to the logger registered as "weft", or else to the default logger if the program has set
// one with a name, or else to stderr.
//
//   weft::LogLine(weft::LogLevel::kWarning, "prices: 3 of 120 rows skipped");
//
// While a server runs, writing a line never waits for the log's destination. Lines are put into a
// queue, with the time at which they were written. One thread, which starts with the first line and
// ends with the last server, passes them to spdlog in that order. The queue holds 4,096 lines and 1
// MiB. Lines that do not fit are dropped and counted, and the next line that fits is preceded by "N
// lines were dropped: the log's destination was too slow". So if stderr is a pipe that is not read,
// or a sink of the program writes to a full disk, lines are lost. It never blocks a loop or a
// drain, and delays the end of ListenAndServe by at most about a second. Without a server, lines
// are written in place. A pattern with %t shows the thread that passes the lines on.
//
// A line carries the ids of the request whose fiber, Offload or AfterFunc writes it (work_ids.h):
// on stderr as "[id] " before the text, and in a program's own loggers where SetLogPattern
// (log_pattern.h) puts them.
//
// When ListenAndServe returns, all queued lines are written and the thread has ended. The same
// applies if the process calls exit while a server runs. The one exception is a sink of the program
// that does not return from its write, because a thread cannot be ended from outside. The server
// waits a second for it and then leaves the thread alone. That thread uses nothing but the sink
// from then on, and ends as soon as the sink returns; until then, further lines are dropped. The
// exit of the process interrupts it, so it cannot keep the process from ending. weft's own sink,
// which writes to stderr, always returns in time.

// The numbers are those of spdlog.
enum class LogLevel : std::uint8_t {
  kTrace = 0,
  kDebug = 1,
  kInfo = 2,
  kWarning = 3,
  kError = 4,
  kCritical = 5,
};

// Whether a line of this level would be written, for callers whose lines are expensive to make.
bool LogEnabled(LogLevel level) noexcept;

// Writes a line, given without a line feed at its end, unless its level is disabled. From any
// thread, and in fibers; never suspends. The caller must escape what comes from a client.
void LogLine(LogLevel level, std::string line) noexcept;

// The same about a request for which the caller is not (or no longer) running: with this id, unless
// it is empty.
void LogLineAbout(std::string_view request_id, LogLevel level, std::string line) noexcept;

// The same for a line with a format of its own, such as that of an access log: to the spdlog logger
// registered as `logger`, or else to stderr, without time and level.
void LogLineTo(const char* logger, LogLevel level, std::string line) noexcept;

// How many lines were dropped since the process started, because the queue was full, or because the
// destination failed or did not return in time.
std::uint64_t DroppedLogLines() noexcept;

// While one exists, lines are queued. ListenAndServe holds one. So may other code whose loops must
// not wait for a log while no server runs.
class LogSession {
 public:
  LogSession();
  // Ends it, if End was not called, and blocks the thread.
  ~LogSession();
  LogSession(const LogSession&) = delete;
  LogSession& operator=(const LogSession&) = delete;

  // Ends the session. The end of the last one waits until all lines are written and the thread has
  // ended, for at most about a second, whatever happens to `ctx`. In a fiber this parks, with the
  // wait on a thread of the Offload pool.
  void End(const Context& ctx);

 private:
  bool ended_ = false;
};

}  // namespace weft

#endif  // WEFT_HANDLERS_LOG_H_
