// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <utility>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/internal/context/context_node.h>

namespace weft {
namespace internal {
namespace {

// Ends a context some time after another one has ended, unless it is stopped.
class GraceWatch final : public CancelFinisher {
 public:
  GraceWatch(const Context& parent, Duration grace, Context ended_later, Error cause, std::source_location where)
      : stop_(AfterFunc(parent, Function{sleep_.ctx, std::move(ended_later), grace, std::move(cause)}, where)) {}

  // May be called several times: only the first call has an effect.
  void Stop() noexcept override {
    stop_();
    sleep_.cancel();
  }
  ~GraceWatch() override { Stop(); }

 private:
  struct Function {
    void operator()() const {
      if (!Sleep(sleeping, grace)) ContextAccess::Node(ended_later)->Cancel(cause);
    }
    Context sleeping;
    Context ended_later;
    Duration grace;
    Error cause;
  };

  CancelScope sleep_ = WithCancel(Background());
  StopFunc stop_;
};

}  // namespace
}  // namespace internal

CancelScope WithGrace(const Context& parent, Duration grace, Error cause, std::source_location where) {
  internal::ContextNode* node =
      internal::ContextNode::NewCanceler(ContextAccess::Node(WithoutCancel(parent)), internal::kNever, {});
  CancelScope scope;
  scope.ctx = ContextAccess::Adopt(node);
  scope.cancel = ContextAccess::MakeCancel(
      node, std::make_unique<internal::GraceWatch>(parent, grace, scope.ctx, std::move(cause), where));
  return scope;
}

}  // namespace weft
