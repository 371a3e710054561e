// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/live/events.h>

#include <algorithm>

#include <weft/concurrency/unlimited.h>
#include <weft/handlers/handler.h>
#include <weft/handlers/middleware/internal/random_hex.h>

namespace weft {
namespace {

constexpr std::string_view kLineBreaks = "\r\n";

constexpr Duration kRetryMax = std::chrono::hours(24);

void AddField(std::string_view name, std::string_view value, std::string& text) {
  text.append(name).append(": ").append(value).push_back('\n');
}

// Uniform in [0, 1).
double Random() { return static_cast<double>(internal::RandomBits() >> 11) * 0x1p-53; }

std::string RetryLine(Duration retry) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(retry).count();
  return "retry: " + std::to_string(milliseconds) + "\n\n";
}

}  // namespace

EventStream::EventStream(ResponseWriter& w, Request& r, const EventOptions& options)
    : w_(&w), r_(&r), heartbeat_(options.heartbeat), retry_(std::clamp(options.retry, Duration::zero(), kRetryMax)),
      head_only_(r.Method() == "HEAD") {
  if (heartbeat_ <= Duration::zero()) internal::AbortMisuse("StartEvents", "EventOptions::heartbeat must be above zero or kUnlimited");
  if (heartbeat_ != Duration(kUnlimited)) heartbeat_ -= std::chrono::duration_cast<Duration>(heartbeat_ * (Random() / 5));
}

Result<EventStream> StartEvents(ResponseWriter& w, Request& r, const EventOptions& options) {
  EventStream events(w, r, options);
  if (!events.head_only_ && !r.LongLived()) return HttpError(503);
  Fields& header = w.Header();
  header.Set("Content-Type", "text/event-stream");
  if (!header.Has("Cache-Control")) header.Set("Cache-Control", "no-store");
  header.Set("X-Accel-Buffering", "no");
  if (Error err = w.Write(RetryLine(events.retry_))) return err;
  if (Error err = w.Flush()) return err;
  return events;
}

Error EventStream::Send(const ServerSentEvent& event) {
  if (Error err = Add(event)) return err;
  return w_->Flush();
}

Error EventStream::SendComment(std::string_view text) {
  if (text.find_first_of(kLineBreaks) != text.npos) return Error::New("a comment of an event stream has a line break");
  std::string line;
  AddField("", text, line);
  line.push_back('\n');
  if (Error err = w_->Write(line)) return err;
  return w_->Flush();
}

Error EventStream::SendRandomRetry() {
  if (Error err = w_->Write(RetryLine(std::chrono::duration_cast<Duration>(retry_ * (0.5 + 2 * Random()))))) return err;
  return w_->Flush();
}

Error EventStream::Add(const ServerSentEvent& event) {
  added_ = true;
  if (event.id.find_first_of(std::string_view("\r\n\0", 3)) != event.id.npos) return Error::New("the id of an event has a line break or a NUL");
  if (event.event.find_first_of(kLineBreaks) != event.event.npos) return Error::New("the type of an event has a line break");
  // One write, mostly without growth.
  std::string text;
  text.reserve(event.id.size() + event.event.size() + event.data.size() + 32);
  if (!event.id.empty()) AddField("id", event.id, text);
  if (!event.event.empty()) AddField("event", event.event, text);
  // An event without any line of data is none for the client, so one that is empty has an empty line.
  for (std::string_view rest = event.data;;) {
    const std::size_t end = rest.find_first_of(kLineBreaks);
    AddField("data", rest.substr(0, end), text);
    if (end == rest.npos) break;
    rest.remove_prefix(rest.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  }
  text.push_back('\n');
  return w_->Write(text);
}

Error EventStream::AddLagged(std::string data) { return Add(ServerSentEvent{.event = "lagged", .data = std::move(data)}); }

Error EventStream::SendLagged() {
  if (Error err = AddLagged("disconnected")) return err;
  return w_->Flush();
}

}  // namespace weft
