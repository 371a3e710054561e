// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_PROGRESS_H_
#define WEFT_NET_INTERNAL_PROGRESS_H_

#include <cstdint>

#include <weft/concurrency/clock.h>

namespace weft::internal {

// Distinguishes a client that stalls from one that is slow. Time runs only while a fiber waits for the peer, and in
// each period of that time at least `least` bytes must move; a handler that takes its time costs the client nothing. There is no
// timer: the end of the period is the end of the wait.
//
//   const TimePoint until = progress.WaitUntil(Now(), period, least);
//   ... wait; past `until` the client has stalled ...
//   progress.Waited(now);
//   progress.Moved(bytes);
class Progress {
 public:
  // A wait begins. Returns when it must end. If enough has moved, a new period begins with it.
  TimePoint WaitUntil(TimePoint now, Duration period, std::uint64_t least) {
    if (moved_ >= least || waited_ == Duration::zero()) Restart();
    began_ = now;
    if (period >= TimePoint::max() - now) return TimePoint::max();
    return period > waited_ ? now + (period - waited_) : now;
  }
  // The last wait that began is over.
  void Waited(TimePoint now) {
    if (now > began_) waited_ += now - began_;
  }
  void Moved(std::uint64_t bytes) { moved_ += bytes; }
  void Restart() {
    moved_ = 0;
    waited_ = Duration::zero();
  }

  std::uint64_t moved() const { return moved_; }  // in this period
  bool AtBegin() const { return moved_ == 0 && waited_ == Duration::zero(); }

 private:
  std::uint64_t moved_ = 0;
  Duration waited_ = Duration::zero();
  TimePoint began_;
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_PROGRESS_H_
