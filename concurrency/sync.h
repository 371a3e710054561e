// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_SYNC_H_
#define WEFT_CONCURRENCY_SYNC_H_

// All tools for sharing state between fibers and threads. Each has a header of its own.

#include <weft/concurrency/cond.h>          // IWYU pragma: export
#include <weft/concurrency/event.h>         // IWYU pragma: export
#include <weft/concurrency/free_list.h>     // IWYU pragma: export
#include <weft/concurrency/mutex.h>         // IWYU pragma: export
#include <weft/concurrency/offload.h>       // IWYU pragma: export
#include <weft/concurrency/once.h>          // IWYU pragma: export
#include <weft/concurrency/resource_pool.h>  // IWYU pragma: export
#include <weft/concurrency/rw_mutex.h>      // IWYU pragma: export
#include <weft/concurrency/semaphore.h>     // IWYU pragma: export
#include <weft/concurrency/singleflight.h>  // IWYU pragma: export
#include <weft/concurrency/wait_group.h>    // IWYU pragma: export

#endif  // WEFT_CONCURRENCY_SYNC_H_
