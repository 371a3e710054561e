// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_READINESS_H_
#define WEFT_HANDLERS_READINESS_H_

#include <atomic>
#include <cstdint>

namespace weft {

// Whether a process should be sent new requests. Servers report to it, a handler tells load
// balancers (ReadyHandler in handlers/health.h), and the application may hold it back while it
// warms up. Several servers may share one: it is ready while at least one serves, none drains, and
// nobody holds it back.
//
// It outlives the servers and handlers that use it. All members may be called from any thread; none
// suspends.
//
//   weft::Readiness readiness;
//   app_options.readiness = &readiness;
//   debug_mux.Handle("/readyz", weft::ReadyHandler(readiness));
class Readiness {
 public:
  // What one server reports: made when it begins to serve, destroyed when it has ended.
  class Report {
   public:
    // `readiness` may be null: then nobody is told.
    explicit Report(Readiness* readiness) noexcept : readiness_(readiness) { Add(kOneServing); }
    ~Report() { Add(-kOneServing - (draining_ ? kOneDraining : 0)); }
    Report(const Report&) = delete;
    Report& operator=(const Report&) = delete;

    // The drain, or the lame-duck time before it, has begun. Calls after the first one do nothing.
    void BeginDrain() noexcept {
      if (draining_) return;
      draining_ = true;
      Add(kOneDraining);
    }

   private:
    void Add(std::int64_t change) noexcept {
      if (readiness_ != nullptr) readiness_->servers_.fetch_add(change, std::memory_order_acq_rel);
    }

    Readiness* readiness_;
    bool draining_ = false;
  };

  Readiness() = default;
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  bool Ready() const noexcept {
    const std::int64_t servers = servers_.load(std::memory_order_acquire);
    return servers > 0 && servers < kOneDraining && !held_back_.load(std::memory_order_acquire);
  }

  // Makes it not ready, whatever the servers report, until called with false.
  void HoldBack(bool held) noexcept { held_back_.store(held, std::memory_order_release); }

 private:
  // Both counts in one word, so that a reader sees them at one instant.
  static constexpr std::int64_t kOneServing = 1;
  static constexpr std::int64_t kOneDraining = std::int64_t{1} << 32;

  std::atomic<std::int64_t> servers_{0};
  std::atomic<bool> held_back_{false};
};

}  // namespace weft

#endif  // WEFT_HANDLERS_READINESS_H_
