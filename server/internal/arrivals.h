// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_ARRIVALS_H_
#define WEFT_SERVER_INTERNAL_ARRIVALS_H_

#include <memory>
#include <vector>

#include <weft/concurrency/loop.h>
#include <weft/net/internal/fd.h>
#include <weft/net/internal/peer.h>

namespace weft::internal {

// New connections on their way from the loop that has accepted them to other loops. A loop may be held from the next moment on, so one
// that has not picked up its new connection some milliseconds later loses it again, to the loop that accepted it.
//
// On its loop's thread, except where it says otherwise.
class Arrivals {
 public:
  // Where connections go.
  class Landing {
   public:
    virtual Loop& loop() = 0;
    // Takes a connection that is expected. On its loop.
    virtual void Adopt(Fd fd, const Peer& peer) noexcept = 0;
    // Counts those that are there or on their way: one more, one less. From any thread.
    virtual void Expect() = 0;
    virtual void Unexpect() = 0;

   protected:
    ~Landing() = default;
  };

  explicit Arrivals(Landing& here);
  ~Arrivals();
  Arrivals(const Arrivals&) = delete;
  Arrivals& operator=(const Arrivals&) = delete;

  // The connection is counted for `to` already. If it throws std::bad_alloc, nothing has happened.
  void Send(Landing& to, Fd fd, const Peer& peer);
  // The same from any thread, if nothing else takes care of it.
  static void SendFrom(Landing& to, Fd fd, const Peer& peer);

 private:
  struct Arrival;
  struct Look : LoopTimer {
    explicit Look(Arrivals* a) : LoopTimer(&Arrivals::OnLook), arrivals(a) {}
    Arrivals* arrivals;
  };
  static std::shared_ptr<Arrival> Post(Landing& to, Fd fd, const Peer& peer);
  static void OnLook(LoopTimer* timer);

  Landing& here_;
  std::vector<std::shared_ptr<Arrival>> sent_;
  Look look_{this};
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_ARRIVALS_H_
