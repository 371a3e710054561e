// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_LIVE_INTERNAL_OUTBOX_STATE_H_
#define WEFT_HANDLERS_LIVE_INTERNAL_OUTBOX_STATE_H_

#include <atomic>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/thread_mutex.h>
#include <weft/handlers/live/websocket_types.h>

namespace weft::internal {

// What a WebSocket shares with the handles that send into it. Any thread; nothing waits under the lock.
struct WebSocketOutboxState {
  WebSocketOutboxState(std::size_t most_messages, std::size_t most_bytes) : messages_max(most_messages), bytes_max(most_bytes) {}

  // False: it is full, or has ended.
  bool Push(WebSocketMessage message) {
    std::lock_guard hold(lock);
    const std::size_t size = message.data.size();
    if (ended || end || queue.size() >= messages_max || bytes + size > bytes_max) return false;
    queue.push_back(std::move(message));
    has_news = true;
    bytes += size;
    if (queue.size() == 1) wake();
    return true;
  }
  void End(Error why) {
    std::lock_guard hold(lock);
    if (ended || end) return;
    end = std::move(why);
    has_news = true;
    wake();
  }
  bool Open() {
    std::lock_guard hold(lock);
    return !ended && !end;
  }

  // --- by the WebSocket

  // Ends what waits when there is something for it, until the next call. `later`: what is here already waits for the next Wake.
  void WakeBy(CancelFunc cancel, bool later) {
    std::lock_guard hold(lock);
    std::swap(wake, cancel);
    if (!later && (!queue.empty() || end)) wake();
  }
  void Wake() {
    std::lock_guard hold(lock);
    if (!queue.empty() || end) wake();
  }
  // Ends what waits in any case.
  void Interrupt() {
    std::lock_guard hold(lock);
    wake();
  }
  // Without the lock, for the path of each message: whether Take or TakeEnd may have something.
  bool HasNews() const { return has_news; }
  // All that is queued.
  std::vector<WebSocketMessage> Take() {
    std::lock_guard hold(lock);
    has_news = static_cast<bool>(end);
    bytes = 0;
    return std::exchange(queue, {});
  }
  // Why the connection is to end, once.
  Error TakeEnd() {
    std::lock_guard hold(lock);
    if (!end) return {};
    ended = true;
    has_news = !queue.empty();
    return std::exchange(end, Error());
  }
  void Close() {
    std::lock_guard hold(lock);
    ended = true;
    end = Error();
    has_news = false;
    queue.clear();
    bytes = 0;
    wake = CancelFunc();
  }

  const std::size_t messages_max;
  const std::size_t bytes_max;
  ThreadMutex lock;
  std::vector<WebSocketMessage> queue WEFT_GUARDED_BY(lock);
  std::size_t bytes WEFT_GUARDED_BY(lock) = 0;
  bool ended WEFT_GUARDED_BY(lock) = false;
  Error end WEFT_GUARDED_BY(lock);
  CancelFunc wake WEFT_GUARDED_BY(lock);
  // Unguarded: read without the lock. Set under it.
  std::atomic<bool> has_news = false;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_LIVE_INTERNAL_OUTBOX_STATE_H_
