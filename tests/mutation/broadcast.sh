# SPDX-License-Identifier: Apache-2.0
mutation "the newest value is dropped" broadcast.h explore_watch_test \
  's/      if \(std::optional<T> oldest = /      missed.fetch_add(1, std::memory_order_relaxed);\n      return;\n&/'

mutation "what is dropped is not counted" broadcast.h explore_watch_test \
  's/        missed\.fetch_add\(1, std::memory_order_relaxed\);\n//'

mutation "a close tells only new subscribers" broadcast.h explore_watch_test \
  's/    for \(auto& subscriber : state_->subscribers\) subscriber->chan\.Close\(\);\n//'
