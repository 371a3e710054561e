// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_SERVICE_JOBS_H_
#define WEFT_EXAMPLES_SERVICE_JOBS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include <boost/describe/class.hpp>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/result.h>
#include <weft/handlers/routing/mux.h>

struct Job {
  std::uint64_t id = 0;
  std::string text;
};

struct JobCounts {
  std::uint64_t taken_in = 0;
  std::uint64_t waiting = 0;
  std::uint64_t done = 0;
};
BOOST_DESCRIBE_STRUCT(JobCounts, (), (taken_in, waiting, done))

// Jobs on their way from handlers, of all loops, to the worker. Nothing in here parks its loop.
class JobQueue {
 public:
  // The id of the job. Fails under a done context, when too many jobs wait (503), and after Close.
  weft::Result<std::uint64_t> Put(const weft::Context& ctx, std::string text);
  // No more jobs are taken in; the worker ends when it has done those that wait.
  void Close();
  // Where the worker takes them from.
  const weft::Chan<Job>& Jobs() const { return jobs_; }

  void CountDone() { ++done_; }
  JobCounts Count() const;

 private:
  static constexpr std::size_t kWaitingMax = 1000;

  const weft::Chan<Job> jobs_{kWaitingMax};
  std::atomic<bool> closed_{false};  // says why TrySend failed
  std::atomic<std::uint64_t> last_id_{0};
  std::atomic<std::uint64_t> taken_in_{0};
  std::atomic<std::uint64_t> done_{0};
};

// Does the jobs until the queue is closed and empty. When its context is done it closes the queue and continues with those that wait: a
// client that got "accepted" can rely on it. A job has a time limit of its own instead.
weft::Error WorkOff(const weft::Context& ctx, JobQueue& queue);

// The routes of it.
//   POST /jobs    gives the worker something to do: 202, and 503 while too much waits
//   GET /jobs     JobCounts
// `jobs` outlives the mux.
void AddJobRoutes(weft::Mux& mux, JobQueue& jobs);

#endif  // WEFT_EXAMPLES_SERVICE_JOBS_H_
