// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_KIT_SANITIZED_H_
#define WEFT_TESTS_KIT_SANITIZED_H_

// Whether a sanitizer slows the test down.

namespace weft {

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WEFT_TEST_UNDER_TSAN 1
#endif
#if __has_feature(address_sanitizer)
#define WEFT_TEST_UNDER_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define WEFT_TEST_UNDER_TSAN 1
#endif
#if defined(__SANITIZE_ADDRESS__)
#define WEFT_TEST_UNDER_ASAN 1
#endif

#if defined(WEFT_TEST_UNDER_TSAN)
inline constexpr bool kTsan = true;
#else
inline constexpr bool kTsan = false;
#endif
#if defined(WEFT_TEST_UNDER_ASAN)
inline constexpr bool kAsan = true;
#else
inline constexpr bool kAsan = false;
#endif
inline constexpr bool kSanitized = kTsan || kAsan;

// A number of repetitions, smaller where each costs more.
inline constexpr int Rounds(int usual) { return kSanitized ? usual / 10 : usual; }

}  // namespace weft

#endif  // WEFT_TESTS_KIT_SANITIZED_H_
