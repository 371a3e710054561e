# SPDX-License-Identifier: Apache-2.0
mutation "those who wait do not learn of a new time" internal/channel/time_point_queue.cc explore_timer_test \
  's/  while \(QueueWaiter\* waiter = waiters_\.PopFront\(\)\) [^\n]*\n//'

mutation "all who wait get it" internal/channel/time_point_queue.cc explore_timer_test \
  's/(taken_ns_ = when_ns_;\n)  when_ns_ = kNever;\n/\1/'

mutation "whoever does not wait any more stays in the queue" internal/channel/time_point_queue.cc explore_timer_test \
  's/\{ waiter\.Leave\(\); \};/{};/'

mutation "a tick that came late puts the ticker out of step" internal/channel/time_point_queue.cc explore_timer_test \
  's/AddNs\(taken_ns_, [^;]*;/AddNs(now_ns, 2 * period_ns_);/'
