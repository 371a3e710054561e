# SPDX-License-Identifier: Apache-2.0
mutation "those who come meanwhile do not wait" internal/sync/once_gate.cc explore_once_test \
  's/if \(state == kRunning\) return \{\};/if (state == kRunning) return Turn::kDone;/'

mutation "those who come meanwhile run it too" internal/sync/once_gate.cc explore_once_test \
  's/  if \(state == kRunning\) return \{\};\n//'

mutation "a turn given to one that has given up is lost" internal/sync/once_gate.cc explore_once_test \
  's/if \(next->Wake\(kTurn\)\) return;[^\n]*\n/next->Wake(kTurn);\n      return;\n/'

mutation "an end on the way into the wait is missed" internal/sync/once_gate.cc explore_once_test \
  's/return \(turn = TryEnter\(\)\)\.has_value\(\);/return false;/'

mutation "the end wakes only the first" internal/sync/once_gate.cc explore_once_test \
  's/while \(Parker\* waiter = waiters_/if (Parker* waiter = waiters_/'

mutation "a waiter that gives up stays in the queue" internal/runtime/wait_list.h explore_once_test \
  's/  if \(parker\.Linked\(\)\) parker\.Unlink\(\);\n//' internal/sync/once_gate.cc

mutation "it counts as running when all have given up" internal/sync/once_gate.cc explore_once_test \
  's/    state_\.store\(kNew, std::memory_order_relaxed\);\n//'
