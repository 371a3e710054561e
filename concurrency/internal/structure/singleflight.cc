// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/singleflight.h>

#include <mutex>

#include <weft/concurrency/internal/context/context_node.h>
#include <weft/concurrency/internal/runtime/wait_list.h>

namespace weft::internal {
namespace {

// The flights whose work runs under a context, the innermost first.
struct Aboard {
  const Flight* flight;
  const Aboard* outer;  // in an ancestor of the context that carries this
};
constexpr Key<Aboard> kAboard{"singleflight"};

}  // namespace

bool Flight::Carries(const Context& ctx) const {
  for (const Aboard* aboard = ctx.Value(kAboard); aboard != nullptr; aboard = aboard->outer) {
    if (aboard->flight == this) return true;
  }
  return false;
}

Context Flight::WorkContext(const Context& ctx) const {
  CheckMayBlock("Singleflight");
  return WithValue(WithoutCancel(ctx), kAboard, Aboard{this, ctx.Value(kAboard)});
}

void Flight::LandLocked() {
  landed_ = true;
  while (Parker* waiter = parked_.PopFront()) waiter->Wake();
}

Error Flight::Wait(const Context& ctx) {
  bool landed = false;
  const auto look = [&]() WEFT_REQUIRES(lock_) { return landed = landed_; };
  (void)WaitInList(lock_, parked_, "singleflight", ctx, look, [&](std::uint32_t) WEFT_REQUIRES(lock_) { look(); });
  return landed ? Error() : ctx.Err();
}

void Flight::Join(bool cut_off) {
  static const Error kNobody = Error::New("singleflight: no caller waits any longer");
  if (cut_off && group_.has_value()) group_->Cancel(kNobody);
  if (group_.has_value()) (void)group_->Wait();
  group_.reset();
}

Error AsksForItself() {
  return ErrorAccess::Coded(Errc::kDeadlock, Error::New("singleflight: the work for a key asks for the same key, and would wait for itself"));
}

}  // namespace weft::internal
