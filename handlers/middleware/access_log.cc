// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/access_log.h>

#include <cstdio>
#include <exception>

#include <weft/handlers/error_status.h>
#include <weft/handlers/log.h>

namespace weft {
namespace {

// What a client sends must not be able to forge a line.
void AppendEscaped(std::string_view text, std::string& line) {
  constexpr char kHex[] = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\') {
      line += c;
    } else {
      line += {'\\', 'x', kHex[byte / 16], kHex[byte % 16]};
    }
  }
}

void Record(const std::function<void(const AccessRecord&)>& log, ResponseWriter& w, const Request& r, TimePoint start,
            const Error& error) {
  AccessRecord record;
  record.peer = r.Peer();
  record.method = r.Method();
  record.target = r.Target();
  record.host = r.Host();
  record.pattern = r.Pattern();
  record.version = r.Version();
  record.bytes = w.BytesWritten();
  record.duration = Now() - start;
  record.error = error;
  record.status = w.Status();
  record.aborted = w.Err() || (error && w.HeadSent());
  if (error && !w.HeadSent()) {  // the error's answer will take the place of what was written so far
    record.bytes = 0;
    record.status = StatusOf(error);
    record.aborted = record.aborted || record.status == kStatusClientGone;
  }
  if (!record.error) record.error = w.Err();
  log(record);
}

}  // namespace

Middleware AccessLog(std::function<void(const AccessRecord&)> log) {
  return [log = std::move(log)](Handler next) -> Handler {
    return [log, next = std::move(next)](ResponseWriter& w, Request& r) -> Error {
      const TimePoint start = Now();
      Error error;
      try {
        error = next(w, r);
      } catch (...) {
        Record(log, w, r, start, Error::FromException(std::current_exception()));
        throw;
      }
      Record(log, w, r, start, error);
      return error;
    };
  };
}

Middleware AccessLog() {
  return AccessLog([](const AccessRecord& record) { LogLine(LogLevel::kInfo, FormatAccessRecord(record)); });
}

std::string FormatAccessRecord(const AccessRecord& record) {
  std::string line;
  AppendEscaped(record.peer.empty() ? "-" : record.peer, line);
  line += " \"";
  AppendEscaped(record.method, line);
  line += ' ';
  AppendEscaped(record.target, line);
  line += " HTTP/" + std::to_string(record.version.first) + '.' + std::to_string(record.version.second) + "\" ";
  line += std::to_string(record.status) + ' ' + std::to_string(record.bytes);
  const std::chrono::duration<double, std::milli> milliseconds = record.duration;
  char duration[48];
  std::snprintf(duration, sizeof duration, " %.3fms", milliseconds.count());
  line += duration;
  if (record.aborted) line += " aborted";
  if (record.error) {
    line += record.aborted ? ": " : " ";
    AppendEscaped(record.error.Message(), line);
  }
  return line;
}

}  // namespace weft
