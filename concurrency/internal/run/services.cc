// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/services.h>

#include <deque>
#include <exception>
#include <mutex>
#include <utility>

#include <weft/concurrency/group.h>
#include <weft/concurrency/internal/base/small_lock.h>

namespace weft {
namespace {

// A group for each service: so each is canceled and joined by itself.
class ServiceList {
 public:
  ServiceList(const Context& ctx, std::vector<Service> services)
      : values_(WithoutCancel(ctx)), end_(WithCancel(ctx)), services_(std::move(services)), left_(services_.size()) {
    if (services_.empty()) end_.cancel();
  }

  void StartAll(std::source_location where) {
    for (Service& service : services_) {
      Group& group = groups_.emplace_back(values_);
      if (group.Go(service.name, [this, &service](const Context& ctx) { RunOne(ctx, service); }, where)) continue;
      NoteFailure(group.Wait().Wrap(service.name));
      return;
    }
  }

  Error WaitAndEnd() WEFT_NO_LOCK_ANALYSIS {  // at its end no other fiber is left
    (void)end_.ctx.Wait();
    const Error why = end_.ctx.Cause();
    for (; !groups_.empty(); groups_.pop_back()) {
      groups_.back().Cancel(why);
      (void)groups_.back().Wait();  // RunOne has noted what it returned
    }
    return first_;
  }

 private:
  void RunOne(const Context& ctx, Service& service) {
    Error err;
    try {
      err = service.run(ctx);
    } catch (...) {
      err = Error::FromException(std::current_exception());
    }
    const bool as_told = ctx.Err() && (err.Is(kCanceled) || err.Is(ctx.Cause()));
    if (err && !as_told) NoteFailure(std::move(err));
    bool last = false;
    {
      std::lock_guard hold(lock_);
      last = --left_ == 0;
    }
    if (last) end_.cancel();
  }

  void NoteFailure(Error err) {
    {
      std::lock_guard hold(lock_);
      if (!first_) first_ = err;
    }
    end_.cancel(std::move(err));
  }

  const Context values_;
  const CancelScope end_;
  std::vector<Service> services_;
  internal::SmallLock lock_;
  std::size_t left_ WEFT_GUARDED_BY(lock_);  // that have not returned
  Error first_ WEFT_GUARDED_BY(lock_);
  // Unguarded: of the caller of StartAll. Last, because what their members touch is declared before.
  std::deque<Group> groups_;
};

}  // namespace

Error RunServices(const Context& ctx, std::vector<Service> services, std::source_location where) {
  ServiceList list(ctx, std::move(services));
  list.StartAll(where);
  return list.WaitAndEnd();
}

}  // namespace weft
