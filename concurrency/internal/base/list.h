// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_LIST_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_LIST_H_

namespace weft::internal {

// A link of a doubly linked list; the element derives from it. Tag distinguishes several lists of one element.
template <class Tag = void>
struct Link {
  Link* prev = nullptr;
  Link* next = nullptr;
  bool Linked() const { return next != nullptr; }
  void Unlink() {
    prev->next = next;
    next->prev = prev;
    prev = next = nullptr;
  }
};

// A list of elements that it does not own: no allocation, O(1) removal from the middle. Guarded by its user.
template <class T, class Tag = void>
class List {
 public:
  List() { head_.prev = head_.next = &head_; }
  List(const List&) = delete;
  List& operator=(const List&) = delete;

  bool Empty() const { return head_.next == &head_; }
  void PushBack(T& element) {
    Link<Tag>& link = element;
    link.prev = head_.prev;
    link.next = &head_;
    head_.prev->next = &link;
    head_.prev = &link;
  }
  void PushFront(T& element) {
    Link<Tag>& link = element;
    link.prev = &head_;
    link.next = head_.next;
    head_.next->prev = &link;
    head_.next = &link;
  }
  // Moves all elements of the other list to the end of this one, in constant time.
  void TakeAll(List& other) {
    if (other.Empty()) return;
    other.head_.next->prev = head_.prev;
    other.head_.prev->next = &head_;
    head_.prev->next = other.head_.next;
    head_.prev = other.head_.prev;
    other.head_.prev = other.head_.next = &other.head_;
  }
  T* Front() { return Empty() ? nullptr : static_cast<T*>(head_.next); }
  T* Back() { return Empty() ? nullptr : static_cast<T*>(head_.prev); }
  T* PopFront() {
    T* front = Front();
    if (front != nullptr) static_cast<Link<Tag>*>(front)->Unlink();
    return front;
  }
  T* Next(T& element) {
    Link<Tag>* next = static_cast<Link<Tag>&>(element).next;
    return next == &head_ ? nullptr : static_cast<T*>(next);
  }
  T* Previous(T& element) {
    Link<Tag>* prev = static_cast<Link<Tag>&>(element).prev;
    return prev == &head_ ? nullptr : static_cast<T*>(prev);
  }
  void InsertBefore(T& place, T& element) {
    Link<Tag>& link = element;
    Link<Tag>& next = place;
    link.prev = next.prev;
    link.next = &next;
    next.prev->next = &link;
    next.prev = &link;
  }

 private:
  Link<Tag> head_;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_LIST_H_
