// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_LIFETIMEBOUND_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_LIFETIMEBOUND_H_

// For functions whose result points into their object, and so must not outlive a temporary one. Compilers that know the attribute warn of
// `for (auto& field : client.Get(ctx, url)->Header())`.
#if __has_cpp_attribute(clang::lifetimebound)
#define WEFT_LIFETIMEBOUND [[clang::lifetimebound]]
#elif __has_cpp_attribute(gnu::lifetimebound)
#define WEFT_LIFETIMEBOUND [[gnu::lifetimebound]]
#else
#define WEFT_LIFETIMEBOUND
#endif

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_LIFETIMEBOUND_H_
