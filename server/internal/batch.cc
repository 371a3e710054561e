// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/batch.h>

#include <algorithm>

#include <weft/server/internal/connection.h>
#include <weft/server/internal/loop_server.h>
#include <weft/server/internal/socket_io.h>

namespace weft::internal {

Batch::Batch(LoopServer& server) : server_(server), buffer_(new char[kReadBytes]) {}

bool Batch::Begin() {
  if (!begun_) begun_ = server_.loop().RunAfterEvents(after_events_);
  return begun_;
}

void Batch::OnAfterEvents(LoopTask* task) {
  Batch& self = *static_cast<AfterEvents*>(task)->batch;
  self.Finish();
  self.begun_ = false;
}

bool Batch::Take(Connection& connection) {
  if (!Begin()) return false;
  const std::size_t room = kReadBytes - used_;
  char* bytes = buffer_.get() + used_;
  const ssize_t got = Receive(connection.descriptor(), bytes, room);
  if (got <= 0) return false;
  const auto size = static_cast<std::size_t>(got);
  taken_[taken_count_++] = {&connection, bytes, size, size == room};
  used_ += size;
  if (taken_count_ == kMax || used_ > kReadBytes / 2) Finish();
  return true;
}

bool Batch::Keep(Connection& connection, ByteBuffer& answers) {
  if (!HandlersAreQuick() || answers.size() > kAnswersMax || !Begin()) return false;
  if (kept_count_ == kMax) SendAnswers();
  Kept& kept = kept_[kept_count_++];
  kept.connection = &connection;
  kept.answers.Swap(answers);
  return true;
}

void Batch::Finish() {
  Serve();
  SendAnswers();
}

void Batch::Serve() {
  TimePoint begin = Now();
  TimePoint kept_since = begin;
  for (std::size_t i = 0; i < taken_count_; ++i) {
    const Taken& taken = taken_[i];
    taken.connection->Serve({taken.bytes, taken.size}, taken.more);
    const TimePoint end = Now();
    trust_ = end - begin > kQuick ? std::max(trust_ - kTrust, 0) : std::min(trust_ + 1, 2 * kTrust);
    if (end - kept_since > kPatience) {
      SendAnswers();
      kept_since = end;
    }
    begin = end;
  }
  taken_count_ = 0;
  used_ = 0;
}

void Batch::SendAnswers() {
  for (std::size_t i = 0; i < kept_count_; ++i) {
    Kept& kept = kept_[i];
    const ssize_t sent = Send(kept.connection->descriptor(), kept.answers.data(), kept.answers.size());
    if (sent != static_cast<ssize_t>(kept.answers.size())) kept.connection->SendRest(kept.answers, sent);
    kept.answers.Recycle(kAnswersMax);
  }
  kept_count_ = 0;
}

}  // namespace weft::internal
