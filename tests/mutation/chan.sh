# SPDX-License-Identifier: Apache-2.0
mutation "a value is handed to one that has given up" internal/channel/chan_core.h explore_chan_test \
  's/if \(Claim\(\*waiter\)\) return waiter;/(void)Claim(*waiter);\n      return waiter;/' internal/channel/chan_core.cc

mutation "a hand-over ends at one that has given up" internal/channel/chan_core.h explore_chan_test \
  's/while \(ChanWaiter\* waiter = queue\.PopFront\(\)\)/if (ChanWaiter* waiter = queue.PopFront())/' internal/channel/chan_core.cc

mutation "a waiter that gives up stays in the queue" internal/channel/chan_core.cc explore_chan_test \
  's/if \(!woken \|\| (parker\.OnThread\(\) \|\| waiter\.in_lock)\)/if (\1)/'

mutation "a place in the buffer that becomes free is offered to nobody" internal/channel/chan_core.h explore_chan_test \
  's/(out\.emplace\(Pop\(\)\);\n)      if \(\(served = ClaimSender\(\)\) != nullptr\)[^\n]*\n/\1/'

mutation "a close wakes receivers only" internal/channel/chan_core.cc explore_chan_test \
  's/\{&receivers_, &senders_\}/{\&receivers_}/'

mutation "who is woken by a close believes that it is served" internal/channel/chan_core.cc explore_chan_test \
  's/      waiter->closed = true;\n//'

mutation "the newest waiter is served first" internal/channel/chan_core.cc explore_chan_test \
  's/queue\.PushBack\(waiter\)/queue.PushFront(waiter)/'

mutation "a value goes into the buffer past those who wait for one" internal/channel/chan_core.h explore_chan_test \
  's/= ClaimReceiver\(\)\)/= capacity_ != 0 ? nullptr : ClaimReceiver())/'

mutation "a value that came before the cancel is thrown away" internal/channel/chan_core.h explore_chan_test \
  's/(    if \(waited == ChanStatus::kDone\) out)/    if (waited == ChanStatus::kDone \&\& ctx.Err()) return ChanStatus::kContextDone;\n\1/'
