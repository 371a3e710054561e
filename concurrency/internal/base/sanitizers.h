// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_SANITIZERS_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_SANITIZERS_H_

// Informs the sanitizers of stack switches. Without a sanitizer, every function here is empty. AddressSanitizer may also be used
// for the program alone, with a weft that was built without it: whether it is there shows at run time.

#include <cstddef>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WEFT_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define WEFT_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define WEFT_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define WEFT_TSAN 1
#endif

#if defined(WEFT_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

// Null without AddressSanitizer.
extern "C" {
[[gnu::weak]] void __sanitizer_start_switch_fiber(void** save, const void* bottom, std::size_t size);
[[gnu::weak]] void __sanitizer_finish_switch_fiber(void* saved, const void** from_bottom, std::size_t* from_size);
[[gnu::weak]] void __asan_unpoison_memory_region(const volatile void* address, std::size_t size);
}

namespace weft::internal {

#if defined(WEFT_ASAN)
inline bool UnderAsan() noexcept { return true; }
#else
// ThreadSanitizer has the first two as well, but has to be informed of stacks in its own way.
inline bool UnderAsan() noexcept { return &__asan_unpoison_memory_region != nullptr; }
#endif

// Before a switch: `save` stores the fake stack of the side that is left; bottom and size are those of the side that is entered.
inline void AsanLeave(void** save, const void* bottom, std::size_t size) {
  if (UnderAsan()) [[unlikely]] __sanitizer_start_switch_fiber(save, bottom, size);
}
// After a switch, with what the entered side stored when it was left.
inline void AsanEnter(void* saved, const void** from_bottom, std::size_t* from_size) {
  if (UnderAsan()) [[unlikely]] __sanitizer_finish_switch_fiber(saved, from_bottom, from_size);
}
inline void AsanUnpoison(const void* address, std::size_t size) {
  if (UnderAsan()) [[unlikely]] __asan_unpoison_memory_region(address, size);
}

#if defined(WEFT_TSAN)
inline void* TsanCreateFiber() { return __tsan_create_fiber(0); }
inline void TsanDestroyFiber(void* fiber) { __tsan_destroy_fiber(fiber); }
inline void* TsanCurrentFiber() { return __tsan_get_current_fiber(); }
inline void TsanSwitch(void* fiber) { __tsan_switch_to_fiber(fiber, 0); }
#else
inline void* TsanCreateFiber() { return nullptr; }
inline void TsanDestroyFiber(void*) {}
inline void* TsanCurrentFiber() { return nullptr; }
inline void TsanSwitch(void*) {}
#endif

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_SANITIZERS_H_
