# SPDX-License-Identifier: Apache-2.0
mutation "a Set on the way into the queue is missed" internal/sync/wait_queue.cc explore_wait_queue_test \
  's/\[&\]\(\) WEFT_REQUIRES\(lock_\) \{ return count_ == 0; \}/[] { return false; }/'

mutation "nobody is woken" internal/sync/wakes.cc explore_wait_queue_test \
  's/  WakeSome\(kByTheCall\);\n//'

mutation "a waiter that gives up stays in the queue" internal/runtime/wait_list.h explore_wait_queue_test \
  's/  if \(parker\.Linked\(\)\) parker\.Unlink\(\);\n//' internal/sync/wait_queue.cc

mutation "waiters are woken one Done too early" internal/sync/wait_queue.cc explore_wait_queue_test \
  's/if \(count_ == 0\) leaving_/if (count_ <= 1) leaving_/'

mutation "those whom the call does not wake itself are forgotten" internal/sync/wait_queue.cc explore_wait_queue_test \
  's/leaving_\.PassOn\(\);//'

mutation "one that has given up wakes none of the others" internal/sync/wait_queue.cc explore_wait_queue_test \
  's/\(std::uint32_t\) WEFT_REQUIRES\(lock_\) \{ leaving_\.PassOn\(\);/(std::uint32_t how) { if (how == Parker::kWoken) leaving_.PassOn();/'

mutation "a cancel after the Set is what a wait returns" internal/sync/wait_queue.cc explore_wait_queue_test \
  's/ \|\| outcome == Parker::kWoken//'
