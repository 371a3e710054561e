# SPDX-License-Identifier: Apache-2.0
mutation "one that has given up is served" internal/sync/pool_core.cc explore_resource_pool_test \
  's/if \(!waiter->Claim\(Parker::kWoken\)\) continue;[^\n]*\n/(void)waiter->Claim(Parker::kWoken);\n/; s/oldest != nullptr && !oldest->Undecided\(\)/false/'

mutation "the newest is served first" internal/sync/pool_core.cc explore_resource_pool_test \
  's/PushBack\(waiter\)/PushFront(waiter)/g'

mutation "a waiter that gives up stays in the queue" internal/sync/pool_core.cc explore_resource_pool_test \
  's/    if \(waiter\.Waits\(\)\) Leave\(waiter\);\n//'

mutation "a room in which nothing was made is lost" internal/sync/pool_core.cc explore_resource_pool_test \
  's/(  \+\+stats_\.failed;\n)  FreeRoom\(\);\n/\1/'

mutation "a room in which nothing was made is free, but nobody who waits is told" internal/sync/pool_core.cc explore_resource_pool_test \
  's/if \(!HandOver\(nullptr, 0\)\) --rooms_taken_/--rooms_taken_/'

mutation "what comes back is kept past those who wait" internal/sync/pool_core.cc explore_resource_pool_test \
  's/else if \(!HandOver\(&item, now\)\)/else/'

mutation "what comes back on the way into the queue is missed" internal/sync/pool_core.cc explore_resource_pool_test \
  's/    if \(take\(\)\) return false;[^\n]*\n//'

mutation "a room is given out twice" internal/sync/pool_core.cc explore_resource_pool_test \
  's/      \+\+rooms_taken_;/      ;/g; s/if \(!HandOver\(nullptr, 0\)\) --rooms_taken_/(void)HandOver(nullptr, 0)/; s/  --rooms_taken_;[^\n]*\n//'
