// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_SCOPED_CONTEXT_H_
#define WEFT_CONCURRENCY_SCOPED_CONTEXT_H_

#include <weft/concurrency/context.h>

namespace weft {

// Makes `ctx` the CurrentContext() of the running fiber, or of a plain thread, until the end of the
// C++ scope. `ctx` must live as long. Scopes nest, and end on the fiber or thread on which they
// began.
//
//   const weft::Context named = weft::WithValue(ctx, kUser, user);
//   const weft::ScopedContext current(named);
//   Foreign();                                  // what it logs by CurrentContext() has the user
class [[nodiscard]] ScopedContext {
 public:
  explicit ScopedContext(const Context& ctx) noexcept;
  ~ScopedContext();
  ScopedContext(const ScopedContext&) = delete;
  ScopedContext& operator=(const ScopedContext&) = delete;

 private:
  const Context* previous_;
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_SCOPED_CONTEXT_H_
