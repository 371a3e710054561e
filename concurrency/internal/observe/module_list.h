// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_OBSERVE_MODULE_LIST_H_
#define WEFT_CONCURRENCY_INTERNAL_OBSERVE_MODULE_LIST_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace weft::internal {

// A list of the program and its shared libraries at one moment, for signal handlers, which must not ask the loader.
// Libraries that are loaded later are not in it.
class ModuleList {
 public:
  struct Module {
    char name[48];  // without folders
    std::uintptr_t base;
    std::uintptr_t begin;
    std::uintptr_t end;
  };

  // Not in a signal handler.
  void Note();
  // Null if the address is in none. Safe in a signal handler.
  const Module* Find(std::uintptr_t address) const noexcept;

 private:
  std::array<Module, 64> modules_{};
  std::size_t count_ = 0;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_OBSERVE_MODULE_LIST_H_
