// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/context.h>

#include <weft/concurrency/internal/context/context_node.h>

namespace weft {

using internal::ContextNode;

Context::Context(const Context& other) noexcept : node_(other.node_) {
  if (node_ != nullptr) node_->Ref();
}

Context& Context::operator=(const Context& other) noexcept {
  Context copy(other);
  std::swap(node_, copy.node_);
  return *this;
}

Context::~Context() {
  if (node_ != nullptr) ContextNode::Unref(node_);
}

Error Context::Err() const {
  ContextNode* const canceler = ContextAccess::Canceler(*this);
  if (canceler == nullptr || !canceler->MayBeDone()) [[likely]] return {};
  return canceler->Err();
}

Error Context::Cause() const {
  ContextNode* canceler = ContextAccess::Canceler(*this);
  return canceler != nullptr ? canceler->Cause() : Error();
}

std::optional<TimePoint> Context::Deadline() const {
  const std::int64_t deadline = ContextAccess::DeadlineNs(*this);
  if (deadline == internal::kNever) return std::nullopt;
  return internal::FromNs(deadline);
}

const void* Context::Lookup(const void* key) const { return node_ != nullptr ? node_->Lookup(key) : nullptr; }

CancelFunc::CancelFunc() noexcept = default;
CancelFunc::CancelFunc(CancelFunc&& other) noexcept
    : node_(std::exchange(other.node_, nullptr)), finisher_(std::move(other.finisher_)) {}

CancelFunc& CancelFunc::operator=(CancelFunc&& other) noexcept {
  if (this == &other) return *this;
  Finish();
  node_ = std::exchange(other.node_, nullptr);
  finisher_ = std::move(other.finisher_);
  return *this;
}

CancelFunc::~CancelFunc() { Finish(); }

void CancelFunc::Finish() noexcept {
  if (node_ == nullptr) return;
  finisher_.reset();  // the watch first, so that the name of a signal at the last moment is still recorded
  if (!node_->Unique()) node_->CancelByScope();  // else nothing could see it, and it has no children
  ContextNode::Unref(std::exchange(node_, nullptr));
}

void CancelFunc::Cancel(Error cause) const {
  if (node_ == nullptr) return;
  if (finisher_ != nullptr) finisher_->Stop();
  node_->Cancel(std::move(cause));
}

CancelFunc ContextAccess::MakeCancel(ContextNode* node, std::unique_ptr<internal::CancelFinisher> finisher) {
  CancelFunc cancel;
  node->Ref();
  cancel.node_ = node;
  cancel.finisher_ = std::move(finisher);
  return cancel;
}

CancelScope ContextAccess::MakeScope(ContextNode* node) noexcept {
  CancelScope scope;
  scope.cancel.node_ = node;
  scope.ctx = Adopt(node);
  return scope;
}

Context Background() { return {}; }

namespace {
CancelScope NewScope(const Context& parent, std::int64_t deadline_ns, Error cause) {
  return ContextAccess::MakeScope(ContextNode::NewCanceler(ContextAccess::Node(parent), deadline_ns, std::move(cause), /*refs=*/2));
}
}  // namespace

CancelScope WithCancel(const Context& parent) { return NewScope(parent, internal::kNever, {}); }

// A parent whose deadline has passed was done before its child was made, even if its deadline was not checked yet. A deadline of
// the child that is even earlier must not count as the reason.
CancelScope WithDeadline(const Context& parent, TimePoint deadline, Error cause) {
  (void)parent.Err();
  return NewScope(parent, internal::ToNs(deadline), std::move(cause));
}

CancelScope WithTimeout(const Context& parent, Duration timeout, Error cause) {
  if (timeout <= Duration::zero()) (void)parent.Err();
  return NewScope(parent, internal::AddNs(internal::NowNs(), timeout.count()), std::move(cause));
}

// A context whose deadline has passed was done before, even if that was not checked yet.
CancelScope WithEither(const Context& parent, const Context& other) {
  (void)parent.Err();
  (void)other.Err();
  ContextNode* node = ContextNode::NewEither(ContextAccess::Node(parent), ContextAccess::Node(other));
  node->Ref();
  return ContextAccess::MakeScope(node);
}

Context WithoutCancel(const Context& parent) {
  return ContextAccess::Adopt(ContextNode::NewDetached(ContextAccess::Node(parent)));
}

Context internal::MakeValueContext(const Context& parent, const void* key, const ValueType& type, void* from) {
  return ContextAccess::Adopt(ContextNode::NewValue(ContextAccess::Node(parent), key, type, from));
}

}  // namespace weft
