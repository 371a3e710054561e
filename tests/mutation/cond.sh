# SPDX-License-Identifier: Apache-2.0
mutation "a signal to one that has given up is lost" internal/sync/cond.cc explore_cond_test \
  's/if \(first->Wake\(\)\) return;/first->Wake();\n    return;/'

mutation "it unlocks before it counts as waiting" internal/sync/cond.cc explore_cond_test \
  's/\[&\] \{ lock\.unlock\(\); \}/[] {}/; s/(  const bool woken =)/  lock.unlock();\n\1/'

mutation "a waiter that gives up stays in the queue" internal/runtime/wait_list.h explore_cond_test \
  's/  if \(parker\.Linked\(\)\) parker\.Unlink\(\);\n//' internal/sync/cond.cc

mutation "a broadcast wakes only the first" internal/sync/cond.cc explore_cond_test \
  's/leaving_\.Begin\(waiters_\);/if (Parker* first = waiters_.PopFront()) first->Wake();/'

mutation "a wait that ends by its context returns without the mutex" internal/sync/cond.cc explore_cond_test \
  's/  lock\.lock\(\);\n/  if (woken) lock.lock();\n/'

mutation "a signal is used up by one that says that its context is done" internal/sync/cond.cc explore_cond_test \
  's/return woken \? Error\(\) : ctx\.Err\(\);/return ctx.Err();/'

mutation "the newest waiter is woken first" internal/runtime/wait_list.h explore_cond_test \
  's/waiters\.PushBack\(parker\)/waiters.PushFront(parker)/' internal/sync/cond.cc

mutation "those whom a broadcast does not wake itself are forgotten" internal/sync/cond.cc explore_cond_test \
  's/leaving_\.PassOn\(\);//'

mutation "one that has given up wakes none of the others" internal/sync/cond.cc explore_cond_test \
  's/\(std::uint32_t\) WEFT_REQUIRES\(lock_\) \{ leaving_\.PassOn\(\);/(std::uint32_t how) { if (how == Parker::kWoken) leaving_.PassOn();/'
