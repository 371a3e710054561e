# SPDX-License-Identifier: Apache-2.0
mutation "a hand-over to a waiter that has given up is lost" mutex.cc explore_mutex_test \
  's/if \(waiter->Wake\(\)\) return;/waiter->Wake();\n    return;/'

mutation "a waiter that gives up stays in the queue" mutex.cc explore_mutex_test \
  's/  if \(parker\.Linked\(\)\) parker\.Unlink\(\);\n//'

mutation "the newest waiter is served first" mutex.cc explore_mutex_test \
  's/waiters_\.PushBack\(parker\);/if (Parker* first = waiters_.Front()) {\n      internal::Link<>\& link = parker;\n      link.prev = first->prev;\n      link.next = first;\n      first->prev->next = \&link;\n      first->prev = \&link;\n    } else {\n      waiters_.PushBack(parker);\n    }/'

mutation "the owner does not learn that more than one waits" mutex.cc explore_mutex_test \
  's/(PopFront\(\)\) \{\n    state_\.store\()waiters_\.Empty\(\) \? kHeld : kContended/\1kHeld/'

mutation "a waiter enters the queue though the mutex has become free" mutex.cc explore_mutex_test \
  's/if \(state_\.exchange\(kContended, std::memory_order_acquire\) == kFree\) \{\n[^}]*\}/state_.exchange(kContended, std::memory_order_acquire);/'

mutation "a waiter is told that it gave up though it was handed the mutex" mutex.cc explore_mutex_test \
  's/if \(woken\) return Got::kMutex;/if (woken \&\& !ctx.Err()) return Got::kMutex;/'
