// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/testing_explore.h>

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <random>
#include <string>

#include <weft/concurrency/internal/base/sanitizers.h>
#include <weft/concurrency/internal/runtime/explorer.h>
#include <weft/concurrency/internal/runtime/loop_core.h>

#if defined(WEFT_ASAN) || defined(WEFT_TSAN)
#include <sanitizer/common_interface_defs.h>
#endif

namespace weft::internal {
namespace {

// What a dying process prints. Prepared before a schedule begins, because nothing can be formatted at that time.
char g_epitaph[96];

void SayEpitaph() {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, g_epitaph, strlen(g_epitaph));
  g_epitaph[0] = '\0';
}

// Prints the seed when the process dies. Sanitizers report most deaths by themselves, but not an abort.
class DeathWatch {
 public:
  DeathWatch() {
#if defined(WEFT_ASAN) || defined(WEFT_TSAN)
    __sanitizer_set_death_callback(&SayEpitaph);
#endif
    struct sigaction action {};
    action.sa_handler = &OnSignal;
    action.sa_flags = SA_ONSTACK;
    for (int i = 0; i < kSignals; ++i) sigaction(kWatched[i], &action, &before_[i]);
  }
  ~DeathWatch() {
    g_epitaph[0] = '\0';
    for (int i = 0; i < kSignals; ++i) sigaction(kWatched[i], &before_[i], nullptr);
  }
  DeathWatch(const DeathWatch&) = delete;
  DeathWatch& operator=(const DeathWatch&) = delete;

 private:
#if defined(WEFT_ASAN) || defined(WEFT_TSAN)
  static constexpr int kWatched[] = {SIGABRT, SIGTERM};
#else
  static constexpr int kWatched[] = {SIGABRT, SIGTERM, SIGSEGV, SIGBUS};
#endif
  static constexpr int kSignals = sizeof(kWatched) / sizeof(kWatched[0]);

  // The previous handler takes over when this returns.
  static void OnSignal(int signal) {
    SayEpitaph();
    for (int i = 0; i < kSignals; ++i) {
      if (kWatched[i] == signal) sigaction(signal, &before_[i], nullptr);
    }
    raise(signal);
  }

  inline static struct sigaction before_[kSignals];  // one Explore at a time
};

std::optional<std::uint64_t> NumberFromEnvironment(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr || *text == '\0') return std::nullopt;
  char* end = nullptr;
  const std::uint64_t number = std::strtoull(text, &end, 10);
  if (*end != '\0') AbortMisuse("Explore", "WEFT_SEED and WEFT_SCHEDULES must be decimal numbers");
  return number;
}

class CurrentExplorerGuard {
 public:
  explicit CurrentExplorerGuard(Explorer& explorer) { g_explorer.store(&explorer, std::memory_order_relaxed); }
  ~CurrentExplorerGuard() { g_explorer.store(nullptr, std::memory_order_relaxed); }
  CurrentExplorerGuard(const CurrentExplorerGuard&) = delete;
  CurrentExplorerGuard& operator=(const CurrentExplorerGuard&) = delete;
};

Error RunSchedule(const ExploreOptions& options, Explorer& explorer, UniqueFunction<Error(const Context&)>& body) {
  const CurrentExplorerGuard current(explorer);
  Error err = RunTestMain(options.test, body);
  if (!err && options.failed && options.failed()) err = Error::New("the test noted a failure");
  return err;
}

}  // namespace

Error ExploreMain(const ExploreOptions& options, UniqueFunction<Error(const Context&)>& body) {
  if (CurrentExplorer() != nullptr || CurrentLoop() != nullptr) AbortMisuse("Explore", "it cannot be called in a fiber or another Explore");
  const std::optional<std::uint64_t> replayed = NumberFromEnvironment("WEFT_SEED");
  const std::uint64_t first = replayed ? *replayed : options.seed != 0 ? options.seed : std::random_device{}();
  const auto usual = static_cast<std::uint64_t>(std::max(options.schedules, 1));
  const std::uint64_t count = replayed || usual == 1 ? 1 : NumberFromEnvironment("WEFT_SCHEDULES").value_or(usual);
  const DeathWatch death_watch;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t seed = first + i;
    std::snprintf(g_epitaph, sizeof(g_epitaph), "weft: Explore: the process ends in the schedule of WEFT_SEED=%llu\n",
                  static_cast<unsigned long long>(seed));
    Explorer explorer(seed);
    const Error err = RunSchedule(options, explorer, body);
    if (!err) continue;
    const std::string what = "schedule " + std::to_string(i + 1) + " of " + std::to_string(count) + " (" + explorer.StrategyName() +
                             "); replay it with WEFT_SEED=" + std::to_string(seed) + "; the last fibers that ran: " + explorer.LastFibers();
    std::fprintf(stderr, "weft: Explore: %s: %s\n", what.c_str(), err.Message().c_str());
    return err.Wrap(what);
  }
  return {};
}

}  // namespace weft::internal
