// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_DRAIN_H_
#define WEFT_SERVER_INTERNAL_DRAIN_H_

#include <cstdint>
#include <mutex>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/thread_mutex.h>
#include <weft/concurrency/loop.h>
#include <weft/handlers/readiness.h>
#include <weft/server/internal/entrance.h>
#include <weft/server/internal/workers.h>
#include <weft/server/internal/server_state.h>

namespace weft::internal {

// The end of a server, step by step (docs/shutdown.md): lame duck, drain, drain timeout, forced close. It waits for events,
// with a bound on each step but the last: nothing returns while a handler runs.
//
// The fiber of ListenAndServe takes the steps. Its loop may be held by a handler that does not park; then the watchdog thread
// takes each step that has been due for kTakeOver: it shuts the listener, has every loop that is not held do its part, keeps the
// time, and names the fibers that hold the others. The first of the two threads takes a step; none is taken twice.
class Drain : private LoopSentinel {
 public:
  // From the start of the server: `ctx` is the one whose end starts the drain.
  Drain(ServerState& shared, Workers& workers, Entrance& entrance, Readiness::Report& readiness, const Context& ctx);
  ~Drain();
  Drain(const Drain&) = delete;
  Drain& operator=(const Drain&) = delete;

  // Makes the watchdog thread watch the server. In the fiber.
  Error Watch();
  // Drains, for this reason. Empty after a clean drain; else the requests that were closed by force. In the fiber.
  Error Run(const Error& cause);

 private:
  enum class Stage : std::uint8_t { kServing, kLameDuck, kDraining, kCanceling, kForcedClose };
  struct News;

  static Duration OnLook(LoopSentinel* sentinel);
  Duration Look();
  TimePoint TakeSteps(TimePoint now, const Error& cause);
  bool TakeStep(TimePoint now, const Error& cause, News& news) WEFT_REQUIRES(lock_);
  void Enter(Stage stage, DrainPhase phase, TimePoint due, News& news) WEFT_REQUIRES(lock_);
  void BeginToDrain(TimePoint now, News& news) WEFT_REQUIRES(lock_);
  void NameHolders(TimePoint now);
  void Tell(const News& news);
  Error Outcome();

  ServerState& shared_;
  Workers& workers_;
  Entrance& entrance_;
  Readiness::Report& readiness_;
  const Context ctx_;

  ThreadMutex lock_;  // never held while anything waits
  Stage stage_ WEFT_GUARDED_BY(lock_) = Stage::kServing;
  TimePoint begin_ WEFT_GUARDED_BY(lock_);
  TimePoint due_ WEFT_GUARDED_BY(lock_) = TimePoint::max();  // when the next step is due
  Error cause_ WEFT_GUARDED_BY(lock_);

  // Unguarded: used by the watchdog thread only.
  TimePoint asked_ = TimePoint::max();  // when it saw that the drain must begin
  Stage named_ = Stage::kServing;       // whose holders were named
  TimePoint name_at_ = TimePoint::max();
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_DRAIN_H_
