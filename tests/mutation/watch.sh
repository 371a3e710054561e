# SPDX-License-Identifier: Apache-2.0
mutation "a value on the way into the wait is missed" internal/channel/version_queue.cc explore_watch_test \
  's/if \(changed \|\| closed_\) return false/if (closed_) return false/'

mutation "a value wakes only the first" internal/channel/version_queue.cc explore_watch_test \
  's/while \(QueueWaiter\* waiter = waiters_/if (QueueWaiter* waiter = waiters_/'

mutation "a reader that gives up stays in the queue" internal/channel/version_queue.cc explore_watch_test \
  's/        waiter\.Leave\(\);\n//'

mutation "a close wakes nobody" internal/channel/version_queue.cc explore_watch_test \
  's/(closed_ = true;\n)  WakeAllLocked\(\);\n/\1/'
