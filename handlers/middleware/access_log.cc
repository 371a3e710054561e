// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/access_log.h>

#include <chrono>
#include <exception>
#include <memory>
#include <utility>

#include <weft/handlers/access.h>
#include <weft/handlers/log.h>

namespace weft {
namespace {

using Log = std::function<void(const AccessRecord&)>;

void Record(const internal::AtCompletion& left, const internal::Outcome& outcome) {
  const Request& r = *left.request;
  AccessRecord record;
  record.time = left.arrived;
  record.peer = r.Peer();
  record.id = r.Id();
  record.method = r.Method();
  record.target = r.Target();
  record.host = r.Host();
  record.pattern = r.Pattern();
  record.user = r.User();
  record.referer = r.Header().Get("Referer");
  record.user_agent = r.Header().Get("User-Agent");
  record.version = r.Version();
  record.duration = Now() - left.start;
  record.status = outcome.status;
  record.bytes = outcome.bytes;
  record.aborted = outcome.aborted;
  record.error = outcome.error;
  (*static_cast<Log*>(left.owner.get()))(record);
}

}  // namespace

Middleware AccessLog(std::function<void(const AccessRecord&)> log) {
  return [log = std::make_shared<Log>(std::move(log))](Handler next) -> Handler {
    return [log, next = std::move(next)](ResponseWriter& w, Request& r) -> Error {
      internal::AtCompletion left{&Record, log, &r, r.Ctx(), std::chrono::system_clock::now(), Now(), {}, {}};
      try {
        left.error = next(w, r);
      } catch (...) {
        left.error = Error::FromException(std::current_exception());
        ResponseAccess::AtCompletion(w, std::move(left));
        throw;
      }
      Error error = left.error;
      ResponseAccess::AtCompletion(w, std::move(left));
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
