# SPDX-License-Identifier: Apache-2.0
mutation "what is given out stays on the shelf" internal/sync/free_shelves.cc explore_free_list_test \
  's/    top_ = item->below;\n//'

mutation "one more than the bound is kept" internal/sync/free_shelves.cc explore_free_list_test \
  's/size_ >= keep/size_ > keep/'

mutation "what is beyond the bound is lost" internal/sync/free_shelves.cc explore_free_list_test \
  's/    item->below = out;\n    return item;/    return out;/'

mutation "what came back lies below the others" internal/sync/free_shelves.cc explore_free_list_test \
  's/  item->below = top_;\n  top_ = item;/  FreeItem** bottom = \&top_;\n  while (*bottom != nullptr) bottom = \&(*bottom)->below;\n  *bottom = item;/'

mutation "what lies unused stays for ever" internal/sync/free_shelves.cc explore_free_list_test \
  's/    out = Cut\(size_ - unused_\);\n//'

mutation "a look destroys what was used since the last one" internal/sync/free_shelves.cc explore_free_list_test \
  's/  unused_ = std::min\(unused_, size_\);\n//'

mutation "Trim forgets what it takes out" internal/sync/free_shelves.cc explore_free_list_test \
  's/(out = threads_\.TakeAll\(\);\n  \}\n)  DestroyAll\(destroy_, out\);/\1  (void)out;/'

mutation "fibers are told what the threads keep" internal/sync/free_shelves.cc explore_free_list_test \
  's/  if \(CurrentLoop\(\) != nullptr\) return loops_->shelf\.Size\(\);\n//'

mutation "a shelf that ends keeps what comes back" internal/sync/free_shelves.cc explore_free_list_test \
  's/  ending = true;\n//'

mutation "what the threads keep is left when the list ends" internal/sync/free_shelves.cc explore_free_list_test \
  's/    chain = threads_\.TakeAll\(\);\n//'

mutation "a handle gives back twice" free_list.h explore_free_list_test \
  's/std::exchange\(item_, nullptr\)\) list_/item_) list_/'

mutation "a handle that is moved from still gives back" free_list.h explore_free_list_test \
  's/(Handle\(Handle&& other\) noexcept\n +: list_\(other\.list_\), item_\()std::exchange\(other\.item_, nullptr\)/\1other.item_/'

mutation "what is discarded is given back" free_list.h explore_free_list_test \
  's/void Discard\(\) noexcept \{[^\n]*\}/void Discard() noexcept { Put(); }/'
