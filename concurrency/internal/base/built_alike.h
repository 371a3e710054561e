// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_BUILT_ALIKE_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_BUILT_ALIKE_H_

// AddressSanitizer and UndefinedBehaviorSanitizer may be used for a program alone. ThreadSanitizer and MemorySanitizer may not: they
// would report what they have not seen weft do, such as its atomic operations, as faults. So a program under one of them
// does not link with a weft that was built without it; the linker's message has the name of what is missing.
#if defined(__SANITIZE_THREAD__)
#define WEFT_BUILT_ALIKE weft_must_be_built_with_ThreadSanitizer_as_well
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WEFT_BUILT_ALIKE weft_must_be_built_with_ThreadSanitizer_as_well
#elif __has_feature(memory_sanitizer)
#define WEFT_BUILT_ALIKE weft_must_be_built_with_MemorySanitizer_as_well
#endif
#endif

#if defined(WEFT_BUILT_ALIKE)
extern "C" const char WEFT_BUILT_ALIKE;
namespace weft::internal {
[[gnu::used]] inline const char* const kBuiltAlike = &WEFT_BUILT_ALIKE;
}  // namespace weft::internal
#endif

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_BUILT_ALIKE_H_
