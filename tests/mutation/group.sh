# SPDX-License-Identifier: Apache-2.0
mutation "a place that becomes free on the way into the queue is missed" group.cc explore_group_test \
  's/    if \(!Full\(\)\) continue;\n    for_place_/    for_place_/'

mutation "the end of the last member is missed by Wait" group.cc explore_group_test \
  's/    if \(active_ == 0\) break;\n    for_end_/    for_end_/'

mutation "one member more than the limit" internal/group_state.h explore_group_test \
  's/active_ >= limit_/active_ > limit_/' group.cc

mutation "a place that becomes free is offered to nobody" group.cc explore_group_test \
  's/if \(caller == nullptr \|\| caller->Wake\(\)\) break;/break;/'

mutation "a woken caller takes the place without looking again" group.cc explore_group_test \
  's/if \(woken\) continue;/if (woken) {\n      hold.lock();\n      ++active_;\n      return Place::kGot;\n    }/'

mutation "the first error does not end the others" group.cc explore_group_test \
  's/  cancel = true;\n/  cancel = false;\n/'

mutation "the later error wins" group.cc explore_group_test \
  's/  if \(first_\) return;\n//'
