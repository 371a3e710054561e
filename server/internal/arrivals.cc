// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/arrivals.h>

#include <atomic>
#include <utility>

namespace weft::internal {
namespace {

// A loop that is not held gets to its inbox sooner.
constexpr Duration kOnTheWay = std::chrono::milliseconds(12);

}  // namespace

struct Arrivals::Arrival : LoopTask {
  Arrival(Landing& t, Fd f, const Peer& p) : LoopTask(&OnLoop), to(t), fd(std::move(f)), peer(p) {}

  static void OnLoop(LoopTask* task) {
    auto* arrival = static_cast<Arrival*>(task);
    const std::shared_ptr<Arrival> last = std::move(arrival->self);
    if (!arrival->taken.exchange(true, std::memory_order_acq_rel)) arrival->to.Adopt(std::move(arrival->fd), arrival->peer);
  }

  Landing& to;
  Fd fd;
  const Peer peer;
  std::atomic<bool> taken{false};  // the loop that sets it gets the connection
  std::shared_ptr<Arrival> self;   // until the loop has picked it up
};

Arrivals::Arrivals(Landing& here) : here_(here) {}

Arrivals::~Arrivals() { here_.loop().Disarm(look_); }

std::shared_ptr<Arrivals::Arrival> Arrivals::Post(Landing& to, Fd fd, const Peer& peer) {
  auto arrival = std::make_shared<Arrival>(to, std::move(fd), peer);
  arrival->self = arrival;
  to.loop().Post(*arrival);
  return arrival;
}

void Arrivals::Send(Landing& to, Fd fd, const Peer& peer) {
  sent_.emplace_back();
  try {
    sent_.back() = Post(to, std::move(fd), peer);
  } catch (...) {
    sent_.pop_back();
    throw;
  }
  if (!look_.Armed()) here_.loop().Arm(look_, here_.loop().TurnTime() + kOnTheWay);
}

void Arrivals::SendFrom(Landing& to, Fd fd, const Peer& peer) { (void)Post(to, std::move(fd), peer); }

void Arrivals::OnLook(LoopTimer* timer) {
  Arrivals& self = *static_cast<Look*>(timer)->arrivals;
  const std::vector<std::shared_ptr<Arrival>> sent = std::move(self.sent_);
  self.sent_.clear();
  for (const std::shared_ptr<Arrival>& arrival : sent) {
    if (arrival->taken.exchange(true, std::memory_order_acq_rel)) continue;
    arrival->to.Unexpect();
    self.here_.Expect();
    self.here_.Adopt(std::move(arrival->fd), arrival->peer);
  }
}

}  // namespace weft::internal
