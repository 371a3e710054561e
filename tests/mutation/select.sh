# SPDX-License-Identifier: Apache-2.0
mutation "cases that were not chosen stay in their queues" internal/channel/select_core.cc explore_select_test \
  's/  LeaveCases\(call, true\);\n//'

mutation "the look and the wait are not one step" internal/channel/select_core.cc explore_select_test \
  's/(    const std::uint32_t outcome = WaitOnce)/    locks.unlock();\n    ExplorePoint();\n    locks.lock();\n\1/'

mutation "the case that was chosen is forgotten when the context is done" internal/channel/select_core.cc explore_select_test \
  's/if \(outcome == Parker::kContextDone\) return ctx\.Err\(\);/if (Error err = ctx.Err()) return err;/'

mutation "no case has a time" internal/channel/select_core.cc explore_select_test \
  's/if \(due < first\)/if (due > first)/'

mutation "a timer that is set anew counts as done" internal/channel/time_point_queue.h explore_select_test \
  's/(DoneWhenClaimed\(\) noexcept override \{ return )false/\1true/' internal/channel/time_point_queue.cc

mutation "a send that was ended by a close counts as done" internal/channel/select_cases.h explore_select_test \
  's/if \(closed_ \|\| waiter_\.closed\)/if (closed_)/'

mutation "another context is not left" internal/channel/select_cases.cc explore_select_test \
  's/canceler->Remove\(watch_\);/(void)canceler;/'
