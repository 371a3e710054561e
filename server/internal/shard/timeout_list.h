// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_SHARD_TIMEOUT_LIST_H_
#define WEFT_SERVER_INTERNAL_SHARD_TIMEOUT_LIST_H_

#include <weft/concurrency/clock.h>

namespace weft::internal {

// A link of a doubly linked list that knows when its owner expires.
struct TimeoutLink {
  TimeoutLink* prev = nullptr;
  TimeoutLink* next = nullptr;
  TimePoint expiry;

  bool Linked() const { return next != nullptr; }
  void Unlink() {
    if (next == nullptr) return;
    prev->next = next;
    next->prev = prev;
    prev = next = nullptr;
  }
};

// Connections that all wait for the same length of time: the last to be added expires last, so the list is always in order, and
// adding, moving and removing cost a few pointers. One timer for each loop checks the heads of its lists.
class TimeoutList {
 public:
  explicit TimeoutList(Duration timeout) : timeout_(timeout) { head_.prev = head_.next = &head_; }
  TimeoutList(const TimeoutList&) = delete;
  TimeoutList& operator=(const TimeoutList&) = delete;

  // Moves the link to the end of this list. Returns when it expires.
  TimePoint Add(TimeoutLink& link, TimePoint now) {
    link.Unlink();
    link.expiry = timeout_ >= TimePoint::max() - now ? TimePoint::max() : now + timeout_;
    Append(link);
    return link.expiry;
  }

  // Moves the link to the end of this list; it keeps its time of expiry.
  void AddBack(TimeoutLink& link) {
    link.Unlink();
    Append(link);
  }
  // Moves all links of the other list to the end of this one, in constant time.
  void TakeAll(TimeoutList& other) {
    if (other.head_.next == &other.head_) return;
    other.head_.next->prev = head_.prev;
    other.head_.prev->next = &head_;
    head_.prev->next = other.head_.next;
    head_.prev = other.head_.prev;
    other.head_.prev = other.head_.next = &other.head_;
  }

  // The one that expires first; null if there is none.
  TimeoutLink* First() const { return head_.next == &head_ ? nullptr : head_.next; }
  // The one after this one of the list; null if it is the last.
  TimeoutLink* After(const TimeoutLink& link) const { return link.next == &head_ ? nullptr : link.next; }
  // When the first one expires; TimePoint::max() if there is none.
  TimePoint Earliest() const { return head_.next == &head_ ? TimePoint::max() : head_.next->expiry; }
  Duration Timeout() const { return timeout_; }

 private:
  void Append(TimeoutLink& link) {
    link.prev = head_.prev;
    link.next = &head_;
    head_.prev->next = &link;
    head_.prev = &link;
  }

  const Duration timeout_;
  TimeoutLink head_;
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_SHARD_TIMEOUT_LIST_H_
