// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/batch.h>

#include <algorithm>
#include <utility>

#include <weft/net/internal/socket.h>
#include <weft/server/internal/connection.h>
#include <weft/server/internal/loop_server.h>

namespace weft::internal {

Batch::Batch(LoopServer& server) : server_(server), buffer_(new char[kReadBytes]) {}

bool Batch::Begin() {
  if (!begun_) begun_ = server_.loop().RunAfterEvents(after_events_);
  return begun_;
}

void Batch::OnAfterEvents(LoopTask* task) {
  Batch& self = *static_cast<AfterEvents*>(task)->batch;
  self.ServeAndSend();
  self.begun_ = false;
}

bool Batch::Take(Connection& connection) {
  if (!Begin()) return false;
  const std::size_t room = kReadBytes - used_;
  char* bytes = buffer_.get() + used_;
  bool more = false;
  const ssize_t got = connection.ReadSome(bytes, room, more);
  if (got <= 0) return false;
  const auto size = static_cast<std::size_t>(got);
  taken_[taken_count_++] = {&connection, bytes, size, more};
  used_ += size;
  if (taken_count_ == kMax || used_ > kReadBytes / 2) ServeAndSend();
  return true;
}

bool Batch::Keep(Connection& connection, std::string_view answers) {
  server_.TakeHeldBack();
  if (!HandlersAreQuick() || answers.size() > kAnswersMax || kept_count_ == kMax || !Begin()) return false;
  if (kept_count_ == 0) kept_since_ = handler_since_ != kNoHandler ? handler_since_ : Now();
  Kept& kept = kept_[kept_count_];
  kept.connection = &connection;
  kept.answers.Assign(answers);
  ++kept_count_;
  return true;
}

// One look at the clock serves both: how long the handler before took, and how long answers have waited.
void Batch::NoteTime() {
  const TimePoint now = Now();
  if (handler_since_ != kNoHandler) {
    trust_ = now - handler_since_ > kQuick ? std::max(trust_ - kTrust, 0) : std::min(trust_ + 1, 2 * kTrust);
  }
  handler_since_ = now;
  if (kept_count_ == 0 || now - kept_since_ <= kPatience) return;
  SendAnswers();
  handler_since_ = kept_since_ = Now();  // the calls are not the next handler's
}

void Batch::ServeAndSend() {
  for (std::size_t i = 0; i < taken_count_; ++i) {
    const Taken& taken = taken_[i];
    taken.connection->Guard([&taken](Connection& connection) { connection.Serve({taken.bytes, taken.size}, taken.more); });
  }
  taken_count_ = 0;
  used_ = 0;
  NoteTime();
  handler_since_ = kNoHandler;
  SendAnswers();
  for (; kept_count_ != 0; --kept_count_) {
    const Kept& kept = kept_[kept_count_ - 1];
    kept.connection->Guard([&kept](Connection& connection) { connection.SendRest(kept.answers.View()); });
  }
}

// Perhaps in the fiber of a request, which has nothing to do with these clients: what a socket does not take, and one that is broken, is
// left to ServeAndSend.
void Batch::SendAnswers() {
  server_.TakeHeldBack();
  std::size_t left = 0;
  for (std::size_t i = 0; i < kept_count_; ++i) {
    Kept& kept = kept_[i];
    const ssize_t sent = kept.connection->socket().Send(kept.answers.data(), kept.answers.size());
    if (sent == static_cast<ssize_t>(kept.answers.size())) continue;
    if (sent > 0) kept.answers.EraseFront(static_cast<std::size_t>(sent));
    std::swap(kept_[left++], kept);
  }
  kept_count_ = left;
}

void Batch::SendFromBeside() noexcept {
  for (std::size_t i = 0; i < kept_count_; ++i) {
    Kept& kept = kept_[i];
    const ssize_t sent = kept.connection->socket().Send(kept.answers.data(), kept.answers.size());
    kept.sent_from_beside = sent > 0 ? static_cast<std::size_t>(sent) : 0;
  }
}

void Batch::NoteSentFromBeside() noexcept {
  for (std::size_t i = 0; i < kept_count_; ++i) kept_[i].answers.EraseFront(std::exchange(kept_[i].sent_from_beside, 0));
}

}  // namespace weft::internal
