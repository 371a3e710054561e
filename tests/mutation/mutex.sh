# SPDX-License-Identifier: Apache-2.0
mutation "a hand-over to a waiter that has given up is lost" internal/sync/mutex.cc explore_mutex_test \
  's/if \(first->Wake\(kOwner\)\) return true;/first->Wake(kOwner);\n    return true;/'

mutation "a waiter that gives up stays in the queue" internal/sync/mutex.cc explore_mutex_test \
  's/    if \(waiter\.Linked\(\)\) waiter\.Unlink\(\);\n//'

mutation "the newest waiter is served first" internal/sync/mutex.cc explore_mutex_test \
  's/waiters_\.PushBack\(waiter\)/waiters_.PushFront(waiter)/'

mutation "the owner does not learn that more than one waits" internal/sync/mutex.cc explore_mutex_test \
  's/if \(waiters_\.Empty\(\)\) Clear\(kQueued, std::memory_order_relaxed\);\n    return first;/Clear(kQueued, std::memory_order_relaxed);\n    return first;/'

mutation "a waiter enters the queue though the mutex has become free" internal/sync/mutex.cc explore_mutex_test \
  's/\| \(\(state & kHeld\) == 0 \? kHeld : kQueued\)/| kQueued/; s/  if \(\(state & kHeld\) == 0\) return true;\n//'

mutation "a waiter is told that it gave up though it was handed the mutex" internal/sync/mutex.cc explore_mutex_test \
  's/\|\| outcome == kOwner\) return true;/|| (outcome == kOwner \&\& !ctx.Err())) return true;/'

mutation "it is set free, and only one that has given up is told" internal/sync/mutex.cc explore_mutex_test \
  's/if \(first->Wake\(kMayTry\)\) return true;/first->Wake(kMayTry);\n    return true;/'

mutation "a waiter that was woken to try counts as on its way for ever" internal/sync/mutex.cc explore_mutex_test \
  's/again \? kWoken : 0/0/; s/Spin\(kWoken\)/Spin(0)/'

mutation "a waiter that was woken and finds it taken loses its place" internal/sync/mutex.cc explore_mutex_test \
  's/waiters_\.PushFront\(waiter\)/waiters_.PushBack(waiter)/'
