// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/access_log.h>

#include <exception>
#include <utility>

#include <weft/handlers/internal/outcome.h>
#include <weft/handlers/log.h>

namespace weft {
namespace {

// When a request came.
struct Arrival {
  std::chrono::system_clock::time_point time = std::chrono::system_clock::now();
  TimePoint start = Now();
};

void Record(const std::function<void(const AccessRecord&)>& log, ResponseWriter& w, const Request& r, const Arrival& arrival,
            const Error& error) {
  AccessRecord record;
  record.time = arrival.time;
  record.peer = r.Peer();
  record.id = r.Id();
  record.method = r.Method();
  record.target = r.Target();
  record.host = r.Host();
  record.pattern = r.Pattern();
  record.referer = r.Header().Get("Referer");
  record.user_agent = r.Header().Get("User-Agent");
  record.version = r.Version();
  record.duration = Now() - arrival.start;
  record.error = error;
  const internal::Outcome outcome = internal::OutcomeOf(w, error);
  record.status = outcome.status;
  record.bytes = outcome.bytes;
  record.aborted = outcome.aborted;
  if (!record.error) record.error = w.Err();
  log(record);
}

}  // namespace

Middleware AccessLog(std::function<void(const AccessRecord&)> log) {
  return [log = std::move(log)](Handler next) -> Handler {
    return [log, next = std::move(next)](ResponseWriter& w, Request& r) -> Error {
      const Arrival arrival;
      Error error;
      try {
        error = next(w, r);
      } catch (...) {
        Record(log, w, r, arrival, Error::FromException(std::current_exception()));
        throw;
      }
      Record(log, w, r, arrival, error);
      return error;
    };
  };
}

Middleware AccessLog(AccessLogOptions options) {
  return AccessLog([options](const AccessRecord& record) {
    std::string line = FormatAccessRecord(record, options.format, options.query);
    if (options.format == AccessFormat::kText) {
      LogLine(LogLevel::kInfo, std::move(line));
    } else {
      LogLineTo("weft.access", LogLevel::kInfo, std::move(line));
    }
  });
}

}  // namespace weft
