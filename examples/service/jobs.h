// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_SERVICE_JOBS_H_
#define WEFT_EXAMPLES_SERVICE_JOBS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/result.h>
#include <weft/concurrency/sync.h>

struct Job {
  std::uint64_t id = 0;
  std::string text;
};

// Jobs on their way from handlers, of all loops, to the worker. Nothing in here parks its loop.
class JobQueue {
 public:
  struct Counts {
    std::uint64_t taken_in = 0;
    std::uint64_t done = 0;
    std::size_t waiting = 0;
  };

  JobQueue();

  // The id of the job. Fails under a done context, when too many jobs wait (answers 503), and after Close.
  weft::Result<std::uint64_t> Put(const weft::Context& ctx, std::string text);
  // Waits for a job. kClosed when there is none left after Close.
  weft::Result<Job> Take(const weft::Context& ctx);
  void Close();

  void CountDone();
  Counts Count();

 private:
  static constexpr std::size_t kWaitingMax = 1000;

  weft::Mutex mutex_;  // guards the rest
  std::deque<Job> jobs_;
  Counts counts_;
  bool closed_ = false;
  std::shared_ptr<weft::Event> news_;  // set while Take need not wait
};

// Does the jobs until the queue is closed and empty. It does not stop when its context is done: who got "accepted" for an answer
// can rely on it. A job has a time limit of its own instead.
weft::Error WorkOff(const weft::Context& ctx, JobQueue& queue);

#endif  // WEFT_EXAMPLES_SERVICE_JOBS_H_
