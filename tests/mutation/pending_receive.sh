# SPDX-License-Identifier: Apache-2.0
mutation "what is there already is slept through" pending_receive.h explore_pending_receive_test \
  's/    if \(!Waits\(\) && !Ready\(\)\) TryLocked\(\);\n//'

mutation "a sender that waits is not woken" pending_receive.h explore_pending_receive_test \
  's/    if \(served != nullptr\) chan_->DeliverInLock\(\*served\);\n//'

mutation "it stays in the queue after Take" pending_receive.h explore_pending_receive_test \
  's/    LeaveLocked\(\);\n//'

mutation "it stays in the queue at its end" pending_receive.h explore_pending_receive_test \
  's/(~PendingReceive\(\) \{) Leave\(\); \}/\1}/'

mutation "a value that has come is overwritten by the next one" pending_receive.h explore_pending_receive_test \
  's/    if \(!Ready\(\)\) TryLocked\(\);\n/    TryLocked();\n/'

mutation "a close is no reason to wake up" internal/channel/pending_receive_core.cc explore_pending_receive_test \
  's/\{ static_cast<Waiter&>\(waiter\)\.wake\(\); \}/{\n  if (!static_cast<Waiter\&>(waiter).closed) static_cast<Waiter\&>(waiter).wake();\n}/'

mutation "nobody is woken" internal/channel/pending_receive_core.cc explore_pending_receive_test \
  's/static_cast<Waiter&>\(waiter\)\.wake\(\);/(void)waiter;/'
