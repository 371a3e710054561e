// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/observe/trace_ring.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace weft::internal {

TraceRing* TraceRing::Make(std::uint64_t trace, const void* loop, std::size_t events, std::string name) noexcept {
  auto* words = static_cast<std::uint64_t*>(std::calloc(events * TraceEvent::kWords, sizeof(std::uint64_t)));
  return words != nullptr ? new TraceRing(trace, loop, words, events, std::move(name)) : nullptr;
}

TraceRing::TraceRing(std::uint64_t trace, const void* loop, std::uint64_t* words, std::size_t events, std::string name)
    : trace_(trace), loop_(loop), words_(words), size_(events), name_(std::move(name)) {}

TraceRing::~TraceRing() { std::free(words_); }

void TraceRing::Put(const TraceEvent& event) noexcept {
  const std::uint64_t head = head_.load(std::memory_order_relaxed);
  std::uint64_t* at = words_ + (head & (size_ - 1)) * TraceEvent::kWords;
  const auto store = [&at](std::uint64_t word) { std::atomic_ref(*at++).store(word, std::memory_order_release); };
  store(static_cast<std::uint64_t>(event.time_ns));
  store(static_cast<std::uint64_t>(event.kind) | static_cast<std::uint64_t>(event.detail) << 32);
  store(event.fiber);
  store(event.other);
  for (const std::uint64_t word : event.name) store(word);
  head_.store(head + 1, std::memory_order_release);
}

TraceTrack TraceRing::Read(std::uint64_t& lost) const {
  const std::uint64_t end = head_.load(std::memory_order_acquire);
  const std::uint64_t begin = end > size_ ? end - size_ : 0;
  TraceTrack track;
  track.name = name_;
  track.events.reserve(end - begin);
  for (std::uint64_t i = begin; i < end; ++i) {
    std::uint64_t* at = words_ + (i & (size_ - 1)) * TraceEvent::kWords;
    const auto load = [&at] { return std::atomic_ref(*at++).load(std::memory_order_acquire); };
    TraceEvent event;
    event.time_ns = static_cast<std::int64_t>(load());
    const std::uint64_t what = load();
    event.kind = static_cast<TraceKind>(what & 0xff);
    event.detail = static_cast<std::uint32_t>(what >> 32);
    event.fiber = load();
    event.other = load();
    for (std::uint64_t& word : event.name) word = load();
    track.events.push_back(event);
  }
  const std::uint64_t now = head_.load(std::memory_order_relaxed);
  const std::uint64_t whole = now + 1 > size_ ? now + 1 - size_ : 0;  // the event `now` may be half written
  if (whole > begin) track.events.erase(track.events.begin(), track.events.begin() + static_cast<std::ptrdiff_t>(std::min(whole, end) - begin));
  lost += end - track.events.size();
  return track;
}

}  // namespace weft::internal
