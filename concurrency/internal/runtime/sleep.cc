// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/context.h>
#include <weft/concurrency/internal/runtime/park.h>
#include <weft/concurrency/clock.h>

namespace weft {

Error Sleep(const Context& ctx, Duration duration) {
  if (Error err = ctx.Err()) return err;
  if (duration <= Duration::zero()) return {};
  internal::Parker parker("sleep");
  const std::int64_t until = internal::AddNs(internal::NowNs(), duration.count());
  if (parker.Park(ctx, until) == internal::Parker::kContextDone) return ctx.Err();
  return {};
}

Error Context::Wait() const {
  internal::ExplorePoint();
  if (Error err = Err()) return err;
  internal::Parker parker("context");
  parker.Park(*this);
  return Err();
}

}  // namespace weft
