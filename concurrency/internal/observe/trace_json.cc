// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weft/concurrency/internal/base/tracing.h>

namespace weft::internal {
namespace {

constexpr std::int64_t kWakeNs = 1000;  // how long a wake-up is drawn, at most

std::string_view NameOf(const TraceEvent& event) {
  const auto* text = reinterpret_cast<const char*>(event.name);
  return {text, strnlen(text, sizeof(event.name))};
}

void AppendQuoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    // A shortened name may end within a character, and bytes beyond ASCII may not be text at all.
    const bool plain = c >= 0x20 && c < 0x7f;
    out += plain ? c : '?';
  }
  out += '"';
}

// Writes the events of the format one by one.
class Writer {
 public:
  explicit Writer(std::int64_t begin_ns) : begin_ns_(begin_ns), pid_(getpid()) {}

  void Meta(std::size_t track, const char* what, std::string_view name) {
    Open(what, "M", track);
    out_ += ",\"args\":{\"name\":";
    AppendQuoted(out_, name);
    out_ += "}}";
  }
  void Slice(std::size_t track, std::string_view name, const char* category, std::int64_t from, std::int64_t to, const std::string& arguments) {
    Open(name, "X", track, category, from);
    // One less: viewers add the two as floating-point numbers, and would see it reach into the next slice.
    Number(",\"dur\":", to > from ? to - from - 1 : 0);
    out_ += ",\"args\":{" + arguments + "}}";
  }
  void Instant(std::size_t track, std::string_view name, std::int64_t at) {
    Open(name, "i", track, "context", at);
    out_ += ",\"s\":\"t\"}";
  }
  void Arrow(const char* end, std::size_t track, const char* name, std::uint64_t id, std::int64_t at) {
    Open(name, end, track, "wake", at);
    out_ += ",\"id\":" + std::to_string(id) + (end[0] == 'f' ? ",\"bp\":\"e\"}" : "}");
  }
  std::string Finish(const TraceData& data) {
    return "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"events\":" + std::to_string(data.events) + ",\"lost\":" + std::to_string(data.lost) +
           "},\"traceEvents\":[" + out_ + "\n]}\n";
  }

 private:
  void Open(std::string_view name, const char* phase, std::size_t track, const char* category = nullptr, std::int64_t at = 0) {
    out_ += out_.empty() ? "\n{\"name\":" : ",\n{\"name\":";
    AppendQuoted(out_, name);
    out_ += ",\"ph\":\"" + std::string(phase) + "\",\"pid\":" + std::to_string(pid_) + ",\"tid\":" + std::to_string(track + 1);
    if (category == nullptr) return;
    out_ += ",\"cat\":\"" + std::string(category) + '"';
    Number(",\"ts\":", at - begin_ns_);
  }
  void Number(const char* key, std::int64_t ns) {
    char text[48];
    std::snprintf(text, sizeof(text), "%s%lld.%03lld", key, static_cast<long long>(ns / 1000), static_cast<long long>(ns % 1000));
    out_ += text;
  }

  const std::int64_t begin_ns_;
  const int pid_;
  std::string out_;
};

bool Begins(TraceKind kind) { return kind == TraceKind::kResume || kind == TraceKind::kOffloadBegin; }
bool Ends(TraceKind kind) {
  return kind == TraceKind::kPark || kind == TraceKind::kYield || kind == TraceKind::kEnd || kind == TraceKind::kOffloadEnd;
}
bool Wakes(TraceKind kind) { return kind == TraceKind::kWake || kind == TraceKind::kStart; }

std::string HowItEnded(const TraceEvent* end) {
  if (end == nullptr) return ",\"then\":\"the trace ended\"";
  switch (end->kind) {
    case TraceKind::kPark: {
      std::string text = ",\"then\":\"waits\",\"for\":";
      AppendQuoted(text, reinterpret_cast<const char*>(end->other));
      return text;
    }
    case TraceKind::kYield: return ",\"then\":\"yields\"";
    case TraceKind::kEnd: return ",\"then\":\"ends\"";
    default: return "";
  }
}

const char* Outcome(const TraceEvent& wake) {
  if (wake.kind == TraceKind::kStart) return "start";
  return wake.detail == 1 ? "context done" : wake.detail == 2 ? "timed out" : "woken";
}

// The slices of one track. Begin or end of a slice may be lost at the ends of the trace.
void WriteSlices(Writer& out, const TraceData& data, std::size_t track) {
  const std::vector<TraceEvent>& events = data.tracks[track].events;
  const std::int64_t first = events.empty() ? data.begin_ns : data.lost != 0 ? events.front().time_ns : data.begin_ns;
  const TraceEvent* open = nullptr;
  const auto close = [&](const TraceEvent& named, const TraceEvent* end, std::int64_t to) {
    const bool offload = named.kind == TraceKind::kOffloadBegin || named.kind == TraceKind::kOffloadEnd;
    const std::string name = (offload ? "offload " : "") + std::string(NameOf(named));
    out.Slice(track, name, offload ? "offload" : "fiber", open != nullptr ? open->time_ns : first, to,
              "\"fiber\":" + std::to_string(named.fiber) + HowItEnded(end));
    open = nullptr;
  };
  for (std::size_t i = 0; i < events.size(); ++i) {
    const TraceEvent& event = events[i];
    if (Begins(event.kind)) {
      if (open != nullptr) close(*open, nullptr, event.time_ns);
      open = &event;
    } else if (Ends(event.kind)) {
      // Without its beginning, it is useful only at the start of the trace.
      if (open != nullptr || i == 0) close(event, &event, event.time_ns);
    } else if (Wakes(event.kind)) {
      const std::int64_t next = i + 1 < events.size() ? events[i + 1].time_ns : data.end_ns;
      out.Slice(track, (event.kind == TraceKind::kStart ? "start " : "wake ") + std::string(NameOf(event)), "wake", event.time_ns,
                std::min(event.time_ns + kWakeNs, next),
                "\"fiber\":" + std::to_string(event.fiber) + ",\"by\":" + std::to_string(event.other) + ",\"outcome\":\"" + Outcome(event) + '"');
    } else {
      out.Instant(track, "cancel", event.time_ns);
    }
  }
  if (open != nullptr) close(*open, nullptr, data.end_ns);
}

// Pairs each wake-up with the run of its fiber that follows.
void WriteArrows(Writer& out, const TraceData& data) {
  struct Point {
    const TraceEvent* event;
    std::size_t track;
  };
  std::vector<Point> points;
  for (std::size_t track = 0; track < data.tracks.size(); ++track) {
    for (const TraceEvent& event : data.tracks[track].events) {
      if (Wakes(event.kind) || event.kind == TraceKind::kResume) points.push_back({&event, track});
    }
  }
  std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) {
    if (a.event->time_ns != b.event->time_ns) return a.event->time_ns < b.event->time_ns;
    return Wakes(a.event->kind) && !Wakes(b.event->kind);
  });
  std::map<std::uint64_t, Point> on_the_way;  // by fiber
  std::uint64_t id = 0;
  for (const Point& point : points) {
    if (Wakes(point.event->kind)) {
      on_the_way[point.event->fiber] = point;
      continue;
    }
    const auto from = on_the_way.find(point.event->fiber);
    if (from == on_the_way.end()) continue;
    const char* name = from->second.event->kind == TraceKind::kStart ? "start" : "wake";
    out.Arrow("s", from->second.track, name, ++id, from->second.event->time_ns);
    out.Arrow("f", point.track, name, id, point.event->time_ns);
    on_the_way.erase(from);
  }
}

}  // namespace

std::string TraceToJson(const TraceData& data) {
  Writer out(data.begin_ns);
  out.Meta(0, "process_name", "weft");
  for (std::size_t track = 0; track < data.tracks.size(); ++track) {
    out.Meta(track, "thread_name", data.tracks[track].name);
    WriteSlices(out, data, track);
  }
  WriteArrows(out, data);
  return out.Finish(data);
}

}  // namespace weft::internal
