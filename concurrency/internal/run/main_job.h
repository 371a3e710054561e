// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUN_MAIN_JOB_H_
#define WEFT_CONCURRENCY_INTERNAL_RUN_MAIN_JOB_H_

#include <exception>
#include <utility>

#include <weft/concurrency/internal/base/unique_function.h>
#include <weft/concurrency/internal/runtime/scheduler.h>

namespace weft::internal {

// Where exceptions of the fiber are caught: what leaves `f` becomes an Error.
inline Error CallGuarded(UniqueFunction<Error(const Context&)>& f, const Context& ctx) noexcept {
  try {
    return f(ctx);
  } catch (...) {
    return Error::FromException(std::current_exception());
  }
}

// The first fiber of a scheduler.
class MainJob final : public FiberJob {
 public:
  MainJob(Scheduler& scheduler, const Context& ctx, UniqueFunction<Error(const Context&)>& main)
      : scheduler_(scheduler), ctx_(ctx), main_(main) {}
  void Run() override { result_ = CallGuarded(main_, ctx_); }
  void Ended() noexcept override {
    scheduler_.NoteMainEnded();
    scheduler_.Release();
  }
  Error TakeResult() { return std::move(result_); }

 private:
  Scheduler& scheduler_;
  const Context& ctx_;
  UniqueFunction<Error(const Context&)>& main_;
  Error result_;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_RUN_MAIN_JOB_H_
