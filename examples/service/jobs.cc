// SPDX-License-Identifier: Apache-2.0
#include "jobs.h"

#include <chrono>
#include <utility>

#include <weft/concurrency/time.h>
#include <weft/handlers/content/json.h>

namespace {

// Stands for a call to something slow, such as a mail server.
weft::Error Do(const weft::Context& ctx, const Job&) { return weft::Sleep(ctx, std::chrono::milliseconds(20)); }

}  // namespace

weft::Result<std::uint64_t> JobQueue::Put(const weft::Context& ctx, std::string text) {
  if (weft::Error err = ctx.Err()) return err;
  const std::uint64_t id = ++last_id_;
  ++taken_in_;  // before the worker can count it as done
  if (jobs_.TrySend({id, std::move(text)})) return id;
  --taken_in_;
  if (closed_) return weft::kClosed.Wrap("the worker has ended");
  return weft::HttpError(503, "too many jobs wait");
}

void JobQueue::Close() {
  closed_ = true;
  (void)jobs_.Close();
}

JobCounts JobQueue::Count() const {
  const std::uint64_t done = done_;  // first: what is done was taken in before
  return {.taken_in = taken_in_, .waiting = jobs_.Size(), .done = done};
}

weft::Error WorkOff(const weft::Context& ctx, JobQueue& queue) {
  const weft::StopFunc close = weft::AfterFunc(ctx, [&queue] { queue.Close(); });
  const weft::Context lasting = weft::WithoutCancel(ctx);
  return queue.Jobs().ForEach(lasting, [&](const Job& job) -> weft::Error {
    const weft::CancelScope scope = weft::WithTimeout(lasting, std::chrono::seconds(5));
    if (weft::Error err = Do(scope.ctx, job)) return err.Wrap("job " + std::to_string(job.id));
    queue.CountDone();
    return {};
  });
}

void AddJobRoutes(weft::Mux& mux, JobQueue& jobs) {
  mux.Handle("POST /jobs", [&jobs](weft::ResponseWriter& w, weft::Request& r) -> weft::Error {
    r.Body().SetLimit(16 * 1024);
    weft::Result<std::string> text = r.Body().ReadAll();
    if (weft::Error err = text.Err()) return err;
    const weft::Result<std::uint64_t> id = jobs.Put(r.Ctx(), *std::move(text));
    if (weft::Error err = id.Err()) return err;
    w.WriteHeader(202);
    return w.Write("accepted as job " + std::to_string(*id) + "\n");
  });
  mux.Handle("GET /jobs", [&jobs](weft::ResponseWriter& w, weft::Request&) { return weft::WriteJson(w, jobs.Count()); });
}
