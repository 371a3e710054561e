// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/recover.h>

#include <exception>
#include <string>

#include <weft/handlers/error_status.h>
#include <weft/handlers/log.h>

namespace weft {

Middleware Recover(std::function<void(const Request&, const Error&)> report) {
  return [report = std::move(report)](Handler next) -> Handler {
    return [report, next = std::move(next)](ResponseWriter& w, Request& r) -> Error {
      Error thrown;
      try {
        return next(w, r);
      } catch (...) {
        thrown = Error::FromException(std::current_exception());
      }
      // Outside the catch block: sending may suspend.
      report(r, thrown);
      FinishWithError(w, thrown);
      return {};
    };
  };
}

Middleware Recover() {
  return Recover([](const Request& r, const Error& error) {
    LogLine(LogLevel::kError, "exception in the handler of " + std::string(r.Method()) + " " + std::string(r.RawPath()) + ": " +
                                  std::string(error.Message()));
  });
}

}  // namespace weft
