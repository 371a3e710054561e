// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/acceptor.h>

#include <sys/epoll.h>

#include <algorithm>

namespace weft::internal {
namespace {

// How many connections are accepted before the loop does other things.
constexpr int kAcceptsInARow = 64;
// The pause between two tries while there is no room: short at first, because usually an idle connection makes room at once.
constexpr Duration kFirstPause = std::chrono::milliseconds(1);
constexpr Duration kLongestPause = std::chrono::milliseconds(16);

}  // namespace

Acceptor::Acceptor(Entrance& entrance, Loop& loop) : entrance_(entrance), loop_(loop), pause_time_(kFirstPause) {}

Error Acceptor::Start() {
  // Level-triggered: what is left after a bounded number of accepts is reported again.
  Error err = loop_.Add(*this, entrance_.Descriptor(), EPOLLIN | EPOLLEXCLUSIVE);
  watching_ = !err;
  return err.Wrap("watch the listener");
}

void Acceptor::Stop() {
  loop_.Disarm(pause_);
  StopWatching();
}

void Acceptor::StopWatching() {
  if (!watching_) return;
  watching_ = false;
  loop_.Remove(*this, entrance_.Descriptor());
}

void Acceptor::OnFdEvents(std::uint32_t) {
  for (int i = 0; i < kAcceptsInARow; ++i) {
    switch (entrance_.AcceptOne(&loop_)) {
      case Entrance::Next::kMore: pause_time_ = kFirstPause; break;
      case Entrance::Next::kEmpty: return;
      // Only at the first try, when a client is known to be waiting. Later the listener reports when there is one; accept itself
      // asks for a descriptor before it checks.
      case Entrance::Next::kPause:
        if (i == 0) TakeABreak();
        return;
      case Entrance::Next::kStop: StopWatching(); return;
    }
  }
}

// Waiting clients stay in the backlog; in the meantime an idle connection makes room.
void Acceptor::TakeABreak() {
  StopWatching();
  entrance_.NoteShortage();
  loop_.Arm(pause_, loop_.TurnTime() + pause_time_);
  pause_time_ = std::min(pause_time_ * 2, kLongestPause);
}

void Acceptor::OnPauseEnd(LoopTimer* timer) {
  Acceptor* self = static_cast<Pause*>(timer)->acceptor;
  // There is no memory for the watch either: try again later.
  if (self->Start()) self->loop_.Arm(self->pause_, self->loop_.TurnTime() + kLongestPause);
}

}  // namespace weft::internal
