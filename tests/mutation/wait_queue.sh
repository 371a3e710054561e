# SPDX-License-Identifier: Apache-2.0
mutation "a Set on the way into the queue is missed" internal/wait_queue.cc explore_wait_queue_test \
  's/    if \(count_ == 0\) return \{\};\n    waiters_/    waiters_/'

mutation "only one is woken" internal/wait_queue.cc explore_wait_queue_test \
  's/while \(Parker\* waiter = waiters_\.PopFront\(\)\) waiter->Wake/if (Parker* waiter = waiters_.PopFront()) waiter->Wake/'

mutation "a waiter that gives up stays in the queue" internal/wait_queue.cc explore_wait_queue_test \
  's/  if \(parker\.Linked\(\)\) parker\.Unlink\(\);\n//'

mutation "waiters are woken one Done too early" internal/wait_queue.cc explore_wait_queue_test \
  's/if \(count_ == 0\) WakeAll/if (count_ <= 1) WakeAll/'

mutation "waking ends at one that has given up" internal/wait_queue.cc explore_wait_queue_test \
  's/(PopFront\(\)\)) waiter->Wake\(\);/\1 {\n    if (!waiter->Wake()) return;\n  }/'
