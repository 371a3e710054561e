// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_SYNC_H_
#define WEFT_CONCURRENCY_SYNC_H_

// Everything that fibers and threads use to share state. Each tool also has a header of its own,
// which is faster to compile:
//
//   mutual exclusion    Mutex, RWMutex, Cond
//   something happened  Event, WaitGroup
//   only once           Once, OnceValue, OnceFunc, OnceResult, Singleflight
//   not too many        Semaphore, ResourcePool
//   reuse               FreeList
//   blocking code       Offload
//
// For passing values from one fiber to another there are channels (chan.h).

#include <weft/concurrency/cond.h>           // IWYU pragma: export
#include <weft/concurrency/event.h>          // IWYU pragma: export
#include <weft/concurrency/free_list.h>      // IWYU pragma: export
#include <weft/concurrency/mutex.h>          // IWYU pragma: export
#include <weft/concurrency/offload.h>        // IWYU pragma: export
#include <weft/concurrency/once.h>           // IWYU pragma: export
#include <weft/concurrency/resource_pool.h>  // IWYU pragma: export
#include <weft/concurrency/rw_mutex.h>       // IWYU pragma: export
#include <weft/concurrency/semaphore.h>      // IWYU pragma: export
#include <weft/concurrency/singleflight.h>   // IWYU pragma: export
#include <weft/concurrency/wait_group.h>     // IWYU pragma: export

#endif  // WEFT_CONCURRENCY_SYNC_H_
