// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_UNIQUE_FUNCTION_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_UNIQUE_FUNCTION_H_

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace weft::internal {

template <class Signature>
class UniqueFunction;

// A callable that may be move-only (std::move_only_function of C++23). Small ones live inside, without an allocation.
// It cannot be moved: it is built where it stays.
template <class R, class... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() = default;
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, UniqueFunction>)
  explicit UniqueFunction(F&& f) {
    Emplace(std::forward<F>(f));
  }
  UniqueFunction(const UniqueFunction&) = delete;
  UniqueFunction& operator=(const UniqueFunction&) = delete;
  ~UniqueFunction() { Reset(); }

  template <class F>
  void Emplace(F&& f) {
    using Function = std::decay_t<F>;
    Reset();
    if constexpr (sizeof(Function) <= kInline && alignof(Function) <= alignof(std::max_align_t)) {
      target_ = new (storage_) Function(std::forward<F>(f));
      destroy_ = [](void* target) { static_cast<Function*>(target)->~Function(); };
    } else {
      target_ = new Function(std::forward<F>(f));
      destroy_ = [](void* target) { delete static_cast<Function*>(target); };
    }
    call_ = [](void* target, Args... args) -> R { return (*static_cast<Function*>(target))(std::forward<Args>(args)...); };
  }

  void Reset() {
    if (target_ != nullptr) destroy_(std::exchange(target_, nullptr));
  }
  explicit operator bool() const { return target_ != nullptr; }
  R operator()(Args... args) { return call_(target_, std::forward<Args>(args)...); }

 private:
  static constexpr std::size_t kInline = 64;
  void* target_ = nullptr;
  R (*call_)(void*, Args...) = nullptr;
  void (*destroy_)(void*) = nullptr;
  alignas(std::max_align_t) unsigned char storage_[kInline];
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_UNIQUE_FUNCTION_H_
