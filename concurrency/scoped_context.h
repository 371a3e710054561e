// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_SCOPED_CONTEXT_H_
#define WEFT_CONCURRENCY_SCOPED_CONTEXT_H_

#include <weft/concurrency/context.h>

namespace weft {

// Makes `ctx` the CurrentContext() of the running fiber, or of a plain thread, until the end of the
// C++ scope. For calls into code that cannot take a context as an argument.
//
//   void Handle(const weft::Context& ctx, const User& user) {
//     const weft::Context named = weft::WithValue(ctx, kUser, user);
//     const weft::ScopedContext current(named);
//     Foreign();                                   // finds the user by CurrentContext()
//   }
//
// `ctx` must outlive this object. Scopes may be nested, and must end on the fiber or thread on
// which they began. Never suspends.
class [[nodiscard]] ScopedContext {
 public:
  explicit ScopedContext(const Context& ctx) noexcept;
  ~ScopedContext();
  ScopedContext(const ScopedContext&) = delete;
  ScopedContext& operator=(const ScopedContext&) = delete;

 private:
  const Context*& place_;
  const Context* const previous_;
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_SCOPED_CONTEXT_H_
