// SPDX-License-Identifier: Apache-2.0
#include "jobs.h"

#include <chrono>
#include <mutex>
#include <utility>

#include <weft/concurrency/time.h>
#include <weft/handlers/handler.h>

namespace {

// Stands for a call to something slow, such as a mail server.
weft::Error Do(const weft::Context& ctx, const Job&) { return weft::Sleep(ctx, std::chrono::milliseconds(20)); }

}  // namespace

JobQueue::JobQueue() : news_(std::make_shared<weft::Event>()) {}

weft::Result<std::uint64_t> JobQueue::Put(const weft::Context& ctx, std::string text) {
  auto hold = mutex_.Acquire(ctx);
  if (weft::Error err = hold.Err()) return err;
  if (closed_) return weft::kClosed.Wrap("the worker has ended");
  if (jobs_.size() == kWaitingMax) return weft::HttpError(503, "too many jobs wait");
  jobs_.push_back({++counts_.taken_in, std::move(text)});
  news_->Set();
  return counts_.taken_in;
}

weft::Result<Job> JobQueue::Take(const weft::Context& ctx) {
  for (;;) {
    std::shared_ptr<weft::Event> news;
    {
      auto hold = mutex_.Acquire(ctx);
      if (weft::Error err = hold.Err()) return err;
      if (!jobs_.empty()) {
        Job job = std::move(jobs_.front());
        jobs_.pop_front();
        return job;
      }
      if (closed_) return weft::kClosed;
      // An Event happens once: the next news gets a new one.
      if (news_->IsSet()) news_ = std::make_shared<weft::Event>();
      news = news_;
    }
    if (weft::Error err = news->Wait(ctx)) return err;
  }
}

void JobQueue::Close() {
  std::lock_guard hold(mutex_);
  closed_ = true;
  news_->Set();
}

void JobQueue::CountDone() {
  std::lock_guard hold(mutex_);
  ++counts_.done;
}

JobQueue::Counts JobQueue::Count() {
  std::lock_guard hold(mutex_);
  Counts counts = counts_;
  counts.waiting = jobs_.size();
  return counts;
}

weft::Error WorkOff(const weft::Context& ctx, JobQueue& queue) {
  const weft::Context lasting = weft::WithoutCancel(ctx);
  for (;;) {
    weft::Result<Job> job = queue.Take(lasting);
    if (weft::Error err = job.Err()) return err.Is(weft::kClosed) ? weft::Error() : err;
    weft::CancelScope scope = weft::WithTimeout(lasting, std::chrono::seconds(5));
    if (weft::Error err = Do(scope.ctx, *job)) return err.Wrap("job " + std::to_string(job->id));
    queue.CountDone();
  }
}
