// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_LOG_H_
#define WEFT_HANDLERS_LOG_H_

#include <cstdint>
#include <string>
#include <string_view>

#include <weft/concurrency/context.h>

namespace weft {

// weft's log: where the default observer, AccessLog() and Recover() write. Its lines go through spdlog: to the logger that is
// registered as "weft", else to the default logger if the program has set one that has a name, else to stderr.
//
// While a server runs, nobody waits for the place where the lines end up. They are put into a queue, with the time at which they were
// written, and one thread, which is started by the first line and ends with the last server, hands them to spdlog in that order. The
// queue holds 4,096 lines and 1 MiB; what comes while it is full is dropped and counted, and the next line that gets through is preceded by
// "N lines were dropped: the log was not taken fast enough". So a pipe behind stderr that nobody reads, or a full disk behind a
// sink of the program, costs lines, and never holds a loop, a drain, or the end of ListenAndServe for more than about a second.
// Without a server lines are written in place. A pattern with %t shows the thread that hands the lines over.
//
// A line is written with the ids of the request whose fiber, Offload or AfterFunc writes it (work_ids.h): on stderr as "[id] " before the text,
// in a program's own loggers where SetLogPattern (log_pattern.h) says.
//
// When ListenAndServe returns, what was queued has been written and the thread has ended; so it is, too, when the process calls exit
// while a server runs. The one exception is a sink of the program's own that does not return from its write: a thread cannot be ended from
// outside. It is waited for for a second, then left to itself. It touches nothing but that sink any more, ends as soon as
// the sink returns, and until then further lines are dropped. A process that exits interrupts it, so that it cannot keep the process
// from ending. weft's own way to stderr always ends in time.

// The numbers are those of spdlog.
enum class LogLevel : std::uint8_t {
  kTrace = 0,
  kDebug = 1,
  kInfo = 2,
  kWarning = 3,
  kError = 4,
  kCritical = 5,
};

// Whether a line of this level would be written, for callers whose lines are costly to make.
bool LogEnabled(LogLevel level) noexcept;

// Writes a line, without an end of line of its own, unless its level is not wanted. From any thread, in fibers too; never suspends.
// What a client has sent must be escaped by the caller.
void LogLine(LogLevel level, std::string line) noexcept;

// The same about a request for which the caller does not run, or no longer: with this id, unless it is empty.
void LogLineAbout(std::string_view request_id, LogLevel level, std::string line) noexcept;

// The same for a line that has a form of its own, such as that of an access log: to the spdlog logger registered as `logger`, else to
// stderr, without time and level before it.
void LogLineTo(const char* logger, LogLevel level, std::string line) noexcept;

// How many lines were dropped since the process began: the queue was full, or what takes the lines failed or did not end in time.
std::uint64_t DroppedLogLines() noexcept;

// The time in which lines are queued; ListenAndServe holds one. Others may, whose loops must not wait for a log while no server runs.
class LogSession {
 public:
  LogSession();
  // Ends it in place, if it has not ended.
  ~LogSession();
  LogSession(const LogSession&) = delete;
  LogSession& operator=(const LogSession&) = delete;

  // The end of the last session waits until all lines are written and the thread has ended, for at most about a second, whatever
  // becomes of `ctx`. In a fiber the wait parks, on a thread of the Offload pool.
  void End(const Context& ctx);

 private:
  bool ended_ = false;
};

}  // namespace weft

#endif  // WEFT_HANDLERS_LOG_H_
