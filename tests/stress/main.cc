// SPDX-License-Identifier: Apache-2.0
//
// Random work over everything that wakes somebody, under contexts that end at random, by fibers of several loops and plain threads at
// once. Nothing may hang, be lost or be kept.
//
//   stress [--seconds N] [--seed S] [--loops N] [--only NAME]
//
// The seed says which operations each worker does, in which order; how they meet is up to the machine. So a failure may need some
// runs of its seed to come back.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/debug.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>

#include "hammer.h"

namespace weft::stress {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr unsigned kFibers = 12;
constexpr unsigned kThreads = 2;
constexpr auto kHangs = std::chrono::seconds(30);

std::atomic<int> g_broken{0};

struct Settings {
  double seconds = 10;
  std::uint64_t seed = std::random_device{}();
  int loops = 2;
  std::string only;
};

struct Work {
  const Settings& settings;
  std::vector<std::unique_ptr<Hammer>> hammers;
  std::atomic<std::uint64_t> steps{0};
  std::atomic<bool> stop{false};

  void Do(const Context& ctx, unsigned number) {
    Random random(settings.seed, number);
    Worker worker{ctx, random, number < kFibers};
    while (!stop.load(std::memory_order_relaxed)) {
      hammers[random.Below(static_cast<unsigned>(hammers.size()))]->Step(worker);
      steps.fetch_add(1, std::memory_order_relaxed);
    }
  }
};

// Ends the work when its time is over, and the process when nothing goes on.
void Watch(Work& work, const std::atomic<bool>& ended) {
  const auto end = SteadyClock::now() + std::chrono::duration<double>(work.settings.seconds);
  auto moved = SteadyClock::now();
  for (std::uint64_t before = 0; !ended.load(); std::this_thread::sleep_for(std::chrono::milliseconds(10))) {
    const auto now = SteadyClock::now();
    if (now >= end) work.stop = true;
    const std::uint64_t steps = work.steps.load(std::memory_order_relaxed);
    if (steps != before) moved = now;
    before = steps;
    if (now - moved < kHangs) continue;
    std::fprintf(stderr, "stress: nothing moves; --seed %llu --loops %d\n%s", static_cast<unsigned long long>(work.settings.seed),
                 work.settings.loops, FormatFiberTree(ListFibers()).c_str());
    std::abort();
  }
}

int Main(const Settings& settings) {
  std::printf("stress: --seed %llu --loops %d --seconds %g\n", static_cast<unsigned long long>(settings.seed), settings.loops,
              settings.seconds);
  std::fflush(stdout);
  Work work{settings, {}};
  for (const HammerEntry& entry : Hammers()) {
    if (settings.only.empty() || settings.only == entry.name) work.hammers.push_back(entry.make());
  }
  if (work.hammers.empty()) {
    std::fprintf(stderr, "stress: no tool is called %s\n", settings.only.c_str());
    return 2;
  }
  std::atomic<bool> ended{false};
  std::thread watch([&] { Watch(work, ended); });
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < kThreads; ++t) threads.emplace_back([&, t] { work.Do(Background(), kFibers + t); });
  RunOptions options;
  options.loops = settings.loops;
  const Error err = Run(Background(), options, [&](const Context& ctx) -> Error {
    Group group(ctx, {.spread = true});
    for (unsigned f = 0; f < kFibers; ++f) group.Go([&, f](const Context& c) { work.Do(c, f); });
    return group.Wait();
  });
  for (std::thread& thread : threads) thread.join();
  ended = true;
  watch.join();
  if (err) Broken(err.Message());
  for (auto& hammer : work.hammers) hammer->Check();
  std::printf("stress: %llu steps, %d rules broken\n", static_cast<unsigned long long>(work.steps.load()), g_broken.load());
  return g_broken.load() == 0 ? 0 : 1;
}

// Exits where an argument is none of ours.
Settings Parse(int count, char** arguments) {
  Settings settings;
  for (int i = 1; i < count; i += 2) {
    const char* name = arguments[i];
    const char* value = i + 1 < count ? arguments[i + 1] : "";
    if (std::strcmp(name, "--seconds") == 0) {
      settings.seconds = std::atof(value);
    } else if (std::strcmp(name, "--seed") == 0) {
      settings.seed = std::strtoull(value, nullptr, 10);
    } else if (std::strcmp(name, "--loops") == 0) {
      settings.loops = std::atoi(value);
    } else if (std::strcmp(name, "--only") == 0) {
      settings.only = value;
    } else {
      std::fprintf(stderr, "usage: stress [--seconds N] [--seed S] [--loops N] [--only NAME]\n");
      std::exit(2);
    }
  }
  return settings;
}

}  // namespace

void Broken(const std::string& rule) {
  static std::mutex lock;
  const std::lock_guard hold(lock);
  if (g_broken.fetch_add(1) < 20) std::fprintf(stderr, "stress: BROKEN: %s\n", rule.c_str());
}

}  // namespace weft::stress

int main(int argc, char** argv) { return weft::stress::Main(weft::stress::Parse(argc, argv)); }
