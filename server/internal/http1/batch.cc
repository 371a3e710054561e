// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/http1/batch.h>

#include <algorithm>
#include <new>
#include <utility>

#include <weft/net/internal/socket.h>

namespace weft::internal::http1 {

Batch::Batch(Loop& loop, Lending& lending) : loop_(loop), lending_(lending), buffer_(new char[kReadBytes]) {}

bool Batch::Begin() {
  if (!begun_) begun_ = loop_.RunAfterEvents(after_events_);
  return begun_;
}

void Batch::OnAfterEvents(LoopTask* task) {
  Batch& self = *static_cast<AfterEvents*>(task)->batch;
  self.ServeAndSend();
  self.begun_ = false;
}

bool Batch::Take(Client& client) {
  if (!Begin()) return false;
  const std::size_t room = kReadBytes - used_;
  char* bytes = buffer_.get() + used_;
  bool more = false;
  const ssize_t got = client.Read(bytes, room, more);
  if (got <= 0) return false;
  const auto size = static_cast<std::size_t>(got);
  taken_[taken_count_++] = {&client, bytes, size, more};
  used_ += size;
  if (taken_count_ == kMax || used_ > kReadBytes / 2) ServeAndSend();
  return true;
}

bool Batch::Keep(Client& client, std::string_view responses) {
  lending_.TakeBack();
  if (!HandlersAreQuick() || responses.size() > kResponsesMax || kept_count_ == kMax || !Begin()) return false;
  if (kept_count_ == 0) kept_since_ = handler_since_ != kNoHandler ? handler_since_ : Now();
  KeptResponses& kept = kept_[kept_count_];
  kept.client = &client;
  kept.bytes.Assign(responses);
  ++kept_count_;
  return true;
}

// One reading of the clock serves both: how long the previous handler took, and how long responses have waited.
void Batch::NoteTime() {
  const TimePoint now = Now();
  if (handler_since_ != kNoHandler) {
    trust_ = now - handler_since_ > kQuick ? std::max(trust_ - kTrust, 0) : std::min(trust_ + 1, 2 * kTrust);
  }
  handler_since_ = now;
  if (kept_count_ == 0 || now - kept_since_ <= kPatience) return;
  SendResponses();
  handler_since_ = kept_since_ = Now();  // the time of the calls does not count as the next handler's
}

void Batch::ServeAndSend() {
  for (std::size_t i = 0; i < taken_count_; ++i) {
    const Taken& taken = taken_[i];
    taken.client->Serve({taken.bytes, taken.size}, taken.more);
  }
  taken_count_ = 0;
  used_ = 0;
  NoteTime();
  handler_since_ = kNoHandler;
  SendResponses();
  while (kept_count_ != 0) {
    // Taken out first: a fiber runs during the call, after the bytes were copied, and may have others kept.
    const KeptResponses& kept = kept_[--kept_count_];
    kept.client->SendRest(kept.bytes.View());
  }
}

// This may run in the fiber of a request that has nothing to do with these clients. So what a socket does not
// take, and sockets that are broken, are left to ServeAndSend.
void Batch::SendResponses() {
  lending_.TakeBack();
  std::size_t left = 0;
  for (std::size_t i = 0; i < kept_count_; ++i) {
    KeptResponses& kept = kept_[i];
    const ssize_t sent = kept.client->Send(kept.bytes.View());
    if (sent == static_cast<ssize_t>(kept.bytes.size()) && !kept.client->HoldsOutput()) continue;
    if (sent > 0) kept.bytes.EraseFront(static_cast<std::size_t>(sent));
    std::swap(kept_[left++], kept);
  }
  kept_count_ = left;
}

void Batch::SendFromWatchdog() noexcept {
  for (std::size_t i = 0; i < kept_count_; ++i) {
    KeptResponses& kept = kept_[i];
    try {
      const ssize_t sent = kept.client->Send(kept.bytes.View());
      kept.sent_from_watchdog = sent > 0 ? static_cast<std::size_t>(sent) : 0;
    } catch (const std::bad_alloc&) {  // a layer holds the rest: the loop will send it
    }
  }
}

void Batch::NoteSentFromWatchdog() noexcept {
  for (std::size_t i = 0; i < kept_count_; ++i) kept_[i].bytes.EraseFront(std::exchange(kept_[i].sent_from_watchdog, 0));
}

}  // namespace weft::internal::http1
