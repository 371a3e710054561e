// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/reusable_context.h>

#include <weft/concurrency/internal/context/context_node.h>
#include <weft/concurrency/internal/runtime/loop_core.h>

namespace weft {

using internal::ContextNode;

namespace {

// For the first use, and if a copy of the last context was kept.
[[gnu::noinline]] void Replace(Context& ctx, const Context& values, TimePoint deadline, const Error& deadline_cause) {
  // Values only: a request outlives the cancellation of the context that the server was started with.
  const Context kept = ContextAccess::Canceler(values) == nullptr ? values : WithoutCancel(values);
  ctx = ContextAccess::Adopt(ContextNode::NewCanceler(ContextAccess::Node(kept), internal::ToNs(deadline), deadline_cause));
}

}  // namespace

ReusableContext::ReusableContext(const Context& values) noexcept : values_(values) {}

ReusableContext::~ReusableContext() {
  if (ContextNode* node = ContextAccess::Node(ctx_)) node->Cancel({});
}

const Context& ReusableContext::Begin(TimePoint deadline, const Error& deadline_cause) {
  ContextNode* node = ContextAccess::Node(ctx_);
  if (node != nullptr && node->Unique()) [[likely]] {
    node->Renew(internal::ToNs(deadline), deadline_cause);
  } else {
    Replace(ctx_, values_, deadline, deadline_cause);
  }
  return ctx_;
}

void ReusableContext::Cancel(const Error& cause) noexcept { ContextAccess::Node(ctx_)->Cancel(cause); }

bool ReusableContext::Done() const noexcept { return ContextAccess::Node(ctx_)->Done(); }

void ReusableContext::End(const Error& cause) noexcept {
  ContextNode* node = ContextAccess::Node(ctx_);
  internal::FiberCore* fiber = internal::CurrentFiber();
  if (fiber != nullptr && fiber->watch.Follows(node)) fiber->watch.Forget();
  if (!node->Unique()) node->Cancel(cause);  // otherwise nothing else can see it
}

void ReusableContext::DropDeadline() noexcept { ContextAccess::Node(ctx_)->DropDeadline(); }

}  // namespace weft
