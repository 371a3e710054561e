# SPDX-License-Identifier: Apache-2.0
mutation "the newest value is dropped" internal/channel/broadcast_state.h explore_watch_test \
  's/      if \(std::optional<T> oldest = /      missed.fetch_add(1, std::memory_order_relaxed);\n      return;\n&/'

mutation "what is dropped is not counted" internal/channel/broadcast_state.h explore_watch_test \
  's/        missed\.fetch_add\(1, std::memory_order_relaxed\);\n//'

mutation "a close tells only new subscribers" internal/channel/broadcast_state.h explore_watch_test \
  's/    for \(auto& subscriber : subscribers_\) subscriber->chan\.Close\(\);\n//'

mutation "a slow subscriber that asked to be disconnected misses values instead" internal/channel/broadcast_state.h explore_watch_test \
  's/if \(when_full == WhenFull::kDisconnect\) \{/if (false) {/'

mutation "a slow subscriber is not told that it is disconnected" internal/channel/broadcast_state.h explore_watch_test \
  's/(disconnected\.store\(true, std::memory_order_relaxed\);\n)        chan\.Close\(\);\n/\1/'

mutation "a slow subscriber loses what is in its buffer" internal/channel/broadcast_state.h explore_watch_test \
  's/(disconnected\.store\(true, std::memory_order_relaxed\);\n)/\1        while (chan.TryReceive()) {\n        }\n/'

mutation "a slow subscriber cannot ask why it is closed" internal/channel/broadcast_state.h explore_watch_test \
  's/        disconnected\.store\(true, std::memory_order_relaxed\);\n//'

mutation "one that was disconnected still counts" internal/channel/broadcast_state.h explore_watch_test \
  's/(relaxed\)\) )Remove\(\*all\[i - 1\]\);/\1continue;/'
