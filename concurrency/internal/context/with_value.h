// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_CONTEXT_WITH_VALUE_H_
#define WEFT_CONCURRENCY_INTERNAL_CONTEXT_WITH_VALUE_H_

#include <type_traits>
#include <utility>

#include <weft/concurrency/context.h>

namespace weft {

namespace internal {
using ValueDeleter = void (*)(void*);
Context MakeValueContext(const Context& parent, const void* key, void* value, ValueDeleter deleter);
}  // namespace internal

template <class T>
Context WithValue(const Context& parent, const Key<T>& key, std::type_identity_t<T> value) {
  return internal::MakeValueContext(parent, &key, new T(std::move(value)), [](void* p) { delete static_cast<T*>(p); });
}

}  // namespace weft

#endif  // WEFT_CONCURRENCY_INTERNAL_CONTEXT_WITH_VALUE_H_
