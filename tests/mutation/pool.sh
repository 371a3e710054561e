# SPDX-License-Identifier: Apache-2.0
mutation "what is given out stays on the shelf" internal/pool_shelves.cc explore_pool_test \
  's/    top_ = item->below;\n//'

mutation "one more than the bound is kept" internal/pool_shelves.cc explore_pool_test \
  's/size_ >= keep/size_ > keep/'

mutation "what is beyond the bound is lost" internal/pool_shelves.cc explore_pool_test \
  's/    item->below = out;\n    return item;/    return out;/'

mutation "what came back lies below the others" internal/pool_shelves.cc explore_pool_test \
  's/  item->below = top_;\n  top_ = item;/  PoolItem** bottom = \&top_;\n  while (*bottom != nullptr) bottom = \&(*bottom)->below;\n  *bottom = item;/'

mutation "what lies unused stays for ever" internal/pool_shelves.cc explore_pool_test \
  's/    out = Cut\(size_ - unused_\);\n//'

mutation "a look destroys what was used since the last one" internal/pool_shelves.cc explore_pool_test \
  's/  unused_ = std::min\(unused_, size_\);\n//'

mutation "Trim forgets what it takes out" internal/pool_shelves.cc explore_pool_test \
  's/(out = threads_\.TakeAll\(\);\n  \}\n)  DestroyAll\(destroy_, out\);/\1  (void)out;/'

mutation "fibers are told what the threads keep" internal/pool_shelves.cc explore_pool_test \
  's/  if \(CurrentLoop\(\) != nullptr\) return loops_->shelf\.Size\(\);\n//'

mutation "a shelf that ends keeps what comes back" internal/pool_shelves.cc explore_pool_test \
  's/  ending = true;\n//'

mutation "what the threads keep is left when the pool ends" internal/pool_shelves.cc explore_pool_test \
  's/    chain = threads_\.TakeAll\(\);\n//'

mutation "a handle gives back twice" pool.h explore_pool_test \
  's/std::exchange\(item_, nullptr\)\) pool_/item_) pool_/'

mutation "a handle that is moved from still gives back" pool.h explore_pool_test \
  's/(Handle\(Handle&& other\) noexcept : pool_\(other\.pool_\), item_\()std::exchange\(other\.item_, nullptr\)/\1other.item_/'

mutation "what is discarded is given back" pool.h explore_pool_test \
  's/void Discard\(\) noexcept \{[^\n]*\}/void Discard() noexcept { Put(); }/'
