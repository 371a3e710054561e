// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_CONTEXT_WITH_VALUE_H_
#define WEFT_CONCURRENCY_INTERNAL_CONTEXT_WITH_VALUE_H_

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#include <weft/concurrency/context.h>

namespace weft {

namespace internal {

// How a context holds a value, in one piece of memory with its node.
struct ValueType {
  std::size_t size;
  std::size_t alignment;
  void (*move)(void* to, void* from);
  void (*destroy)(void* value);
};

template <class T>
inline constexpr ValueType kValueType = {
    sizeof(T), alignof(T),
    [](void* to, void* from) { ::new (to) T(std::move(*static_cast<T*>(from))); },
    [](void* value) { static_cast<T*>(value)->~T(); }};

Context MakeValueContext(const Context& parent, const void* key, const ValueType& type, void* from);

}  // namespace internal

template <class T>
Context WithValue(const Context& parent, const Key<T>& key, std::type_identity_t<T> value) {
  return internal::MakeValueContext(parent, &key, internal::kValueType<T>, &value);
}

}  // namespace weft

#endif  // WEFT_CONCURRENCY_INTERNAL_CONTEXT_WITH_VALUE_H_
