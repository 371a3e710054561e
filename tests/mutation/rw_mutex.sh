# SPDX-License-Identifier: Apache-2.0
mutation "a writer that gives up keeps the readers behind it out" internal/sync/rw_mutex.cc explore_rw_mutex_test \
  's/(waiter\.Unlink\(\);\n)        LetIn\(\);\n/\1/'

mutation "what was given to one that has given up is lost" internal/sync/rw_mutex.cc explore_rw_mutex_test \
  's/if \(!first->Wake\(\)\) [^\n]*\n/first->Wake();\n/'

mutation "try_lock_shared overtakes those who wait" rw_mutex.h explore_rw_mutex_test \
  's/while \(\(state & \(kWriter \| kQueued\)\) == 0\)/while ((state \& kWriter) == 0)/' internal/sync/rw_mutex.cc

mutation "a reader that comes overtakes a waiting writer" internal/sync/rw_mutex.cc explore_rw_mutex_test \
  's/\(state & \(kWriter \| kQueued\)\) == 0;/(state \& kWriter) == 0;/'

mutation "only the first reader is let in" internal/sync/rw_mutex.cc explore_rw_mutex_test \
  's/while \(auto\* first = static_cast<Waiter\*>\(waiters_\.Front\(\)\)\)/if (auto* first = static_cast<Waiter*>(waiters_.Front()))/'

mutation "a writer is let in together with readers" internal/sync/rw_mutex.cc explore_rw_mutex_test \
  's/if \(\(state & kWriter\) != 0 \|\| \(first->writes && state >= kReader\)\) return;/if ((state \& kWriter) != 0) return;/'

mutation "the last reader lets nobody in" internal/sync/rw_mutex.cc explore_rw_mutex_test \
  's/(fetch_sub\(kReader, std::memory_order_release\);\n)    LetIn\(\);\n/\1/'

mutation "the newest waiter is served first" internal/sync/rw_mutex.cc explore_rw_mutex_test \
  's/waiters_\.PushBack\(waiter\)/waiters_.PushFront(waiter)/'
