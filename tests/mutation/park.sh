# SPDX-License-Identifier: Apache-2.0
mutation "a cancel between the look and the wait is missed" internal/runtime/park.cc explore_context_test \
  's/  if \(canceler != nullptr && EndedByContext\(canceler\)\) return kContextDone;\n/  if (canceler != nullptr) {\n    std::uint32_t pending = kPending;\n    fiber_->watch.Follow(canceler);\n    fiber_->park_word.compare_exchange_strong(pending, kPendingUnderContext);\n  }\n/'

mutation "a context ends a wait that it has nothing to do with" internal/runtime/park.cc explore_context_test \
  's/!\(may_be_without_context && seen == Parker::kPending\)/seen != Parker::kPending/'

mutation "a wait that is over is still woken at its time" internal/runtime/park.cc explore_context_test \
  's/  fiber_->loop\.timers\(\)\.Disarm\(alarm\);\n//'
