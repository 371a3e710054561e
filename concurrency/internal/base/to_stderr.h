// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_TO_STDERR_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_TO_STDERR_H_

#include <string_view>

namespace weft::internal {

// Writes what stderr takes now, and drops the rest: a report by the watchdog thread must not wait for the reader of a pipe,
// since that thread also ends a drain whose loops are held. Any thread.
void ToStderr(std::string_view text) noexcept;

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_TO_STDERR_H_
