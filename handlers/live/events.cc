// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/live/events.h>

#include <algorithm>
#include <memory>
#include <string>

#include <weft/concurrency/unlimited.h>
#include <weft/handlers/handler.h>
#include <weft/handlers/middleware/internal/random_hex.h>

namespace weft {
namespace {

constexpr Duration kRetryMax = std::chrono::hours(24);

constexpr std::size_t kSmall = 256;    // on the stack
constexpr std::size_t kSearched = 64;  // longer texts are searched with many bytes at a time

// Whether a search for line breaks and NUL can be left out. Most texts are so short that calls to search them would take longer.
bool IsPlain(std::string_view text) {
  if (text.size() > kSearched) return false;
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; });
}

bool HasLineBreak(std::string_view text) { return text.find('\n') != text.npos || text.find('\r') != text.npos; }

// The line breaks of a text, one after the other, with one look at each byte for each kind of break.
class LineBreaks {
 public:
  explicit LineBreaks(std::string_view text) : text_(text), line_feed_(text.find('\n')), carriage_return_(text.find('\r')) {}
  // The end of the line that begins at `from`; npos: it is the last one.
  std::size_t EndOfLine(std::size_t from) {
    if (line_feed_ < from) line_feed_ = text_.find('\n', from);
    if (carriage_return_ < from) carriage_return_ = text_.find('\r', from);
    return std::min(line_feed_, carriage_return_);
  }

 private:
  std::string_view text_;
  std::size_t line_feed_;
  std::size_t carriage_return_;
};

// `label`: the name of the field, and what follows it.
template <std::size_t N>
char* PutField(const char (&label)[N], std::string_view value, char* to) {
  to = std::copy_n(label, N - 1, to);
  to = std::copy(value.begin(), value.end(), to);
  *to = '\n';
  return to + 1;
}

// Of what PutEvent writes, at most. `plain`: of its data.
std::size_t SizeMax(const ServerSentEvent& event, bool plain) {
  constexpr std::string_view kAround = "id: \nevent: \ndata: \n\n";
  const std::size_t size = event.id.size() + event.event.size() + event.data.size() + kAround.size();
  if (plain || !HasLineBreak(event.data)) return size;
  const auto breaks = std::count_if(event.data.begin(), event.data.end(), [](char c) { return c == '\n' || c == '\r'; });
  return size + static_cast<std::size_t>(breaks) * std::string_view("data: \n").size();
}

char* PutLines(std::string_view data, char* to) {
  LineBreaks breaks(data);
  for (std::size_t from = 0;;) {
    const std::size_t end = breaks.EndOfLine(from);
    to = PutField("data: ", data.substr(from, end - from), to);
    if (end == data.npos) return to;
    from = end + (data.substr(end).starts_with("\r\n") ? 2 : 1);
  }
}

// Returns the end.
char* PutEvent(const ServerSentEvent& event, bool plain, char* to) {
  if (!event.id.empty()) to = PutField("id: ", event.id, to);
  if (!event.event.empty()) to = PutField("event: ", event.event, to);
  // An event without any line of data is none for the client, so one that is empty has an empty line.
  to = plain ? PutField("data: ", event.data, to) : PutLines(event.data, to);
  *to = '\n';
  return to + 1;
}

// Why it cannot be sent; null: it can. User input must not become another field.
const char* WhyNot(const ServerSentEvent& event) {
  if (!IsPlain(event.id) && (HasLineBreak(event.id) || event.id.find('\0') != event.id.npos)) {
    return "the id of an event has a line break or a NUL";
  }
  if (!IsPlain(event.event) && HasLineBreak(event.event)) return "the type of an event has a line break";
  return nullptr;
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
  if (HasLineBreak(text)) return Error::New("a comment of an event stream has a line break");
  if (Error err = w_->Write(": " + std::string(text) + "\n\n")) return err;
  return w_->Flush();
}

Error EventStream::SendRandomRetry() {
  if (Error err = w_->Write(RetryLine(std::chrono::duration_cast<Duration>(retry_ * (0.5 + 2 * Random()))))) return err;
  return w_->Flush();
}

Error EventStream::Add(const ServerSentEvent& event) {
  added_ = true;
  if (const char* const why_not = WhyNot(event)) return Error::New(why_not);
  // One write, without memory for most.
  const bool plain = IsPlain(event.data);
  const std::size_t size = SizeMax(event, plain);
  char small[kSmall];
  const std::unique_ptr<char[]> large = size > kSmall ? std::make_unique_for_overwrite<char[]>(size) : nullptr;
  char* const begin = large != nullptr ? large.get() : small;
  return w_->Write({begin, static_cast<std::size_t>(PutEvent(event, plain, begin) - begin)});
}

Error EventStream::SendHeartbeat(internal::EventWait& wait) {
  if (!wait.Due()) return {};
  if (Error err = SendComment()) return err;
  wait.Sent();
  return {};
}

Error EventStream::AddLagged(std::string data) { return Add(ServerSentEvent{.event = "lagged", .data = std::move(data)}); }

Error EventStream::SendLagged() {
  if (Error err = AddLagged("disconnected")) return err;
  return w_->Flush();
}

}  // namespace weft
