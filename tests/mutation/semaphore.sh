# SPDX-License-Identifier: Apache-2.0
mutation "the first one gives up, and those behind it still wait" internal/sync/semaphore.cc explore_semaphore_test \
  's/  Serve\(\);  [^\n]*\n//'

# Both, because on one loop nobody gives up between the look and the grant.
mutation "tokens given to one that has given up are lost" internal/sync/semaphore.cc explore_semaphore_test \
  's/if \(first->Undecided\(\)\) return first;\n    first->Unlink\(\);/return first;/; s/if \(!request->Wake\(\)\) [^\n]*\n/request->Wake();\n/'

mutation "whoever fits overtakes" internal/sync/semaphore.cc explore_semaphore_test \
  's/FirstThatFits\(\) != nullptr \|\| //'

mutation "a new size serves nobody" internal/sync/semaphore.cc explore_semaphore_test \
  's/(  SortAnew\(\);\n)  Serve\(\);\n/\1/'

mutation "one that cannot fit keeps the others out" internal/sync/semaphore.cc explore_semaphore_test \
  's/request\.n > size_\.load\(std::memory_order_relaxed\) \? too_large_ : requests_/requests_/'

mutation "one that cannot fit gets no turn when the size grows" internal/sync/semaphore.cc explore_semaphore_test \
  's/  SortAnew\(\);\n//'

mutation "a release on the way into the queue is missed" internal/sync/semaphore.cc explore_semaphore_test \
  's/        if \(TakeIfFirst\(n\)\) return false;\n        Enter/        Enter/'

mutation "the newest is served first" internal/sync/semaphore.cc explore_semaphore_test \
  's/queue\.PushBack\(request\)/queue.PushFront(request)/'
