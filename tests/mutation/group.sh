# SPDX-License-Identifier: Apache-2.0
mutation "a place that becomes free on the way into the queue is missed" internal/structure/group.cc explore_group_test \
  's/return \(place = TakeFreeLocked\(\)\) != Place::kFull;/return false;/'

mutation "the end of the last member is missed by Wait" internal/structure/group.cc explore_group_test \
  's/if \(word_\.compare_exchange_strong\(word, word \| kWaited, std::memory_order_acq_rel\)\) parker/word_.fetch_or(kWaited);\n    parker/'

mutation "one member more than the limit" internal/structure/group_state.h explore_group_test \
  's/word \/ kOne >= static/word \/ kOne > static/' internal/structure/group.cc

mutation "a place is handed to a caller that has given up" internal/structure/group.cc explore_group_test \
  's/if \(caller->Wake\(\)\) return true;/caller->Wake();\n    return true;/'

mutation "a place that came after the cancel is kept" internal/structure/group.cc explore_group_test \
  's/  Leave\(\);\n  return Place::kRefused;/  return Place::kRefused;/'

mutation "a greater limit lets nobody in" internal/structure/group.cc explore_group_test \
  's/  while \(!FullAt\(word_\.load[^\n]*\n//'

mutation "the first error does not end the others" internal/structure/group.cc explore_group_test \
  's/  Cancel\(std::move\(error\)\);\n//'

mutation "the later error wins" internal/structure/group.cc explore_group_test \
  's/    if \(first_\) return;\n//'

mutation "the parent's cancellation counts as the group's own" internal/structure/group.cc explore_group_test \
  's/!ContextAccess::Node\(ctx_\)->EndedFromAbove\(\) && //'

mutation "an end from above is forgotten" internal/context/context_node.cc explore_group_test \
  's/ended_from_above_ = overdue[^;]*;/ended_from_above_ = false;/'

mutation "the parent's deadline counts as the group's own" internal/context/context_node.cc explore_group_test \
  's/overdue \? deadline_from_above_ \|\| deadline_from_other_ :/overdue ? false :/'

mutation "a place above a smaller limit is handed on" internal/structure/group.cc explore_group_test \
  's/!FullAt\(word - kOne\) && WakeCaller/WakeCaller/'
