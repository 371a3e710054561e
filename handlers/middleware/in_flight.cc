// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/in_flight.h>

#include <memory>
#include <utility>

#include <weft/concurrency/semaphore.h>

namespace weft {
namespace {

class Slot {
 public:
  explicit Slot(Semaphore& slots) : slots_(slots), taken_(slots.TryAcquire()) {}
  ~Slot() {
    if (taken_) slots_.Release();
  }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  bool Taken() const { return taken_; }

 private:
  Semaphore& slots_;
  const bool taken_;
};

}  // namespace

Middleware InFlight(std::int64_t max) {
  return [slots = std::make_shared<Semaphore>(max)](Handler next) -> Handler {
    return [slots, next = std::move(next)](ResponseWriter& w, Request& r) -> Error {
      const Slot slot(*slots);
      if (!slot.Taken()) return HttpError(503, "too many requests at once");
      return next(w, r);
    };
  };
}

}  // namespace weft
