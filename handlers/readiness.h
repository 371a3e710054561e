// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_READINESS_H_
#define WEFT_HANDLERS_READINESS_H_

#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <weft/concurrency/internal/base/thread_mutex.h>

namespace weft {

class ReadinessHold;

// Whether a process should be sent new requests. Servers report to it, and a handler reports to
// load balancers (ReadyHandler in handlers/debug/health.h). The application may hold it back while
// it warms up or lacks something. Several servers may share one: it is ready while at least one
// serves, none drains, and nothing holds it back.
//
// It must outlive the servers and handlers that use it. All members may be called from any thread;
// none suspends.
//
//   weft::Readiness readiness;
//   app_options.readiness = &readiness;
//   debug_mux.Handle("/readyz", weft::ReadyHandler(readiness));
//   weft::ReadinessHold warming_up = readiness.Hold("is reading its index");
class Readiness {
 public:
  // The report of one server: constructed when it starts to serve, destroyed when it has ended.
  class Report {
   public:
    // `readiness` may be null; then nothing is reported.
    explicit Report(Readiness* readiness) noexcept : readiness_(readiness) { Add(kOneServing); }
    ~Report() { Add(-kOneServing - (draining_ ? kOneDraining : 0)); }
    Report(const Report&) = delete;
    Report& operator=(const Report&) = delete;

    // The drain, or the lame-duck time before it, has started. Calls after the first one do
    // nothing.
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
    return servers > 0 && servers < kOneDraining && holds_.load(std::memory_order_acquire) == 0 &&
           !held_back_.load(std::memory_order_acquire);
  }
  // Why it is not ready, for people; empty if it is.
  std::vector<std::string> Reasons() const;

  // While the result lives it is not ready, whatever the servers and other holds say. The reason is
  // for people: "database: connection refused".
  [[nodiscard]] ReadinessHold Hold(std::string reason);

  // A single hold without an object: from a call with true to one with false, by any caller. Two
  // users of it would overwrite each other; use Hold instead.
  void HoldBack(bool held) noexcept { held_back_.store(held, std::memory_order_release); }

 private:
  friend class ReadinessHold;
  using Held = std::list<std::string>;

  void Release(Held::iterator hold) noexcept;

  // Both counts are in one word, so that a reader sees them at one instant.
  static constexpr std::int64_t kOneServing = 1;
  static constexpr std::int64_t kOneDraining = std::int64_t{1} << 32;

  std::atomic<std::int64_t> servers_{0};
  std::atomic<bool> held_back_{false};
  std::atomic<std::uint64_t> holds_{0};  // as many as there are reasons
  mutable internal::ThreadMutex lock_;
  Held reasons_ WEFT_GUARDED_BY(lock_);
};

// Keeps a Readiness from being ready. Made by Readiness::Hold; the Readiness must outlive it. It
// may be moved. One that was moved from, or default-constructed, holds nothing.
class [[nodiscard]] ReadinessHold {
 public:
  ReadinessHold() noexcept = default;
  ReadinessHold(ReadinessHold&& other) noexcept
      : readiness_(std::exchange(other.readiness_, nullptr)), hold_(other.hold_) {}
  ReadinessHold& operator=(ReadinessHold&& other) noexcept {
    if (this == &other) return *this;
    Release();
    readiness_ = std::exchange(other.readiness_, nullptr);
    hold_ = other.hold_;
    return *this;
  }
  ~ReadinessHold() { Release(); }

  // Releases the hold now. Calls after the first one do nothing.
  void Release() noexcept {
    if (Readiness* readiness = std::exchange(readiness_, nullptr)) readiness->Release(hold_);
  }
  bool Holds() const noexcept { return readiness_ != nullptr; }

 private:
  friend class Readiness;
  ReadinessHold(Readiness& readiness, Readiness::Held::iterator hold) noexcept
      : readiness_(&readiness), hold_(hold) {}

  Readiness* readiness_ = nullptr;
  Readiness::Held::iterator hold_{};
};

}  // namespace weft

#endif  // WEFT_HANDLERS_READINESS_H_
