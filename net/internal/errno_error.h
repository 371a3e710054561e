// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_ERRNO_ERROR_H_
#define WEFT_NET_INTERNAL_ERRNO_ERROR_H_

#include <system_error>

#include <weft/concurrency/error.h>

namespace weft::internal {

// The error that a system call has left in errno.
inline Error FromErrno(int number) { return std::error_code(number, std::generic_category()); }

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_ERRNO_ERROR_H_
