# SPDX-License-Identifier: Apache-2.0
mutation "the last one that leaves lets the work go on" internal/structure/singleflight.cc explore_singleflight_test \
  's/  if \(cut_off && [^\n]*\n//'

mutation "newcomers join a flight that was given up" internal/structure/flight.h explore_singleflight_test \
  's/      if \(cut_off\) forget\(\);\n//' internal/structure/singleflight.cc

mutation "the landing wakes only the first" internal/structure/singleflight.cc explore_singleflight_test \
  's/while \(Parker\* waiter = parked_/if (Parker* waiter = parked_/'

mutation "a landing on the way into the wait is missed" internal/structure/singleflight.cc explore_singleflight_test \
  's/return landed = landed_;/return false;/; s/\{ look\(\); \}/{ landed = landed_; }/'

mutation "a caller that leaves stays in the queue" internal/runtime/wait_list.h explore_singleflight_test \
  's/  if \(parker\.Linked\(\)\) parker\.Unlink\(\);\n//' internal/structure/singleflight.cc

mutation "a flight that lands takes the newer one off the board" internal/structure/singleflight_members.h explore_singleflight_test \
  's/ && at->second\.get\(\) == &journey//'

mutation "a shared value is moved out" internal/structure/singleflight_members.h explore_singleflight_test \
  's/if \(shared\) return/if (false) return/'

mutation "each caller that leaves cancels the work" internal/structure/flight.h explore_singleflight_test \
  's/last = --waiting_ == 0;/--waiting_;\n      last = !landed_ || waiting_ == 0;/' internal/structure/singleflight.cc
