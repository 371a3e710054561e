// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_POOL_H_
#define WEFT_CONCURRENCY_POOL_H_

// Moved; this line stays for one release.
#include <weft/concurrency/free_list.h>

#endif  // WEFT_CONCURRENCY_POOL_H_
