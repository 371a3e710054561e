# SPDX-License-Identifier: Apache-2.0
mutation "a Set on the way into the queue is missed" internal/wait_queue.cc explore_wait_queue_test \
  's/    if \(count_ == 0\) return \{\};\n    waiters_/    waiters_/'

mutation "nobody is woken" internal/wakes.cc explore_wait_queue_test \
  's/  WakeSome\(kByTheCall\);\n//'

mutation "a waiter that gives up stays in the queue" internal/wait_queue.cc explore_wait_queue_test \
  's/  if \(parker\.Linked\(\)\) parker\.Unlink\(\);\n//'

mutation "waiters are woken one Done too early" internal/wait_queue.cc explore_wait_queue_test \
  's/if \(count_ == 0\) leaving_/if (count_ <= 1) leaving_/'

mutation "those whom the call does not wake itself are forgotten" internal/wait_queue.cc explore_wait_queue_test \
  's/  leaving_\.PassOn\(\);\n//'

mutation "one that has given up wakes none of the others" internal/wait_queue.cc explore_wait_queue_test \
  's/  leaving_\.PassOn\(\);/  if (woken) leaving_.PassOn();/'

mutation "a cancel after the Set is what a wait returns" internal/wait_queue.cc explore_wait_queue_test \
  's/  if \(woken\) return \{\};\n/  (void)woken;\n/'
