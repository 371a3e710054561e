// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_ACCEPTOR_H_
#define WEFT_SERVER_INTERNAL_ACCEPTOR_H_

#include <weft/concurrency/loop.h>
#include <weft/server/internal/entrance.h>

namespace weft::internal {

// One loop's part in accepting: watches the listener and takes connections through the Entrance. All loops of a server watch the same
// socket, and the kernel wakes one of those that sleep (EPOLLEXCLUSIVE). A socket for each loop (SO_REUSEPORT) would hand clients to
// loops that are held.
//
// When descriptors or connections have run out it pauses, so that it neither spins nor gives up. On its loop's thread.
class Acceptor final : public FdWatch {
 public:
  Acceptor(Entrance& entrance, Loop& loop);
  ~Acceptor() { Stop(); }

  Error Start();
  void Stop();

 private:
  struct Pause : LoopTimer {
    explicit Pause(Acceptor* a) : LoopTimer(&Acceptor::OnPauseEnd), acceptor(a) {}
    Acceptor* acceptor;
  };
  void OnFdEvents(std::uint32_t events) override;
  static void OnPauseEnd(LoopTimer* timer);
  void TakeABreak();
  void StopWatching();

  Entrance& entrance_;
  Loop& loop_;
  Duration pause_time_;  // the length of the next pause
  bool watching_ = false;
  Pause pause_{this};
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_ACCEPTOR_H_
