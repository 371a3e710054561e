# SPDX-License-Identifier: Apache-2.0
mutation "a cancel wakes only the first waiter" internal/context/context_node.cc explore_context_test \
  's/    waiter->fire\(waiter\);/&\n    return false;/'

mutation "a child of a context that is done stays live" internal/context/context_node.cc explore_context_test \
  's/(Ending ending\{cancel_parent->Err\(\)[^\n]*\n)  Finish\(ending\);/\1/'

mutation "a cancel after the deadline gives its own cause" internal/context/context_node.cc explore_context_test \
  's/cause_ = overdue \? \([^)]*\) : ending\.cause;/cause_ = ending.cause;/'

mutation "a later cancel replaces the cause" internal/context/context_node.cc explore_context_test \
  's/(SetError\(Ending& ending, ContextNode\*& todo\) noexcept \{\n  std::lock_guard hold\(lock_\);\n)  if [^\n]*\n/\1/; s/(Cancel\(Error cause\) noexcept \{\n  if \()[^{]*/\1true) /'

mutation "a function that was stopped runs all the same" internal/structure/after_func.cc explore_context_test \
  's/if \(phase != Phase::kWaiting\) return false;/if (phase == Phase::kStarted) return false;/'

mutation "the end of a StopFunc does not wait" internal/structure/after_func.cc explore_context_test \
  's/return phase != Phase::kStarted;/return true;/'

mutation "of very many waiters only the first are woken" internal/context/context_node.cc explore_context_test \
  's/  if \(ending\.more_waiters\) WakeRest\(\);\n//'

mutation "of very many waiters below only the first are woken" internal/context/context_node.cc explore_context_test \
  's/    if \(latched && ending\.more_waiters\) child->WakeRest\(\);\n//'

mutation "of very many children only the first are ended" internal/context/context_node.cc explore_context_test \
  's/while \(ending\.more_children\)/while (false)/'

mutation "the end of the other one of two contexts does not reach" internal/context/context_node.cc explore_context_test \
  's/  if \(relays != nullptr\) \[\[unlikely\]\] FinishTargets\(relays, ending\.at_ns\);\n//'
