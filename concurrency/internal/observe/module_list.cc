// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/observe/module_list.h>

#include <link.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace weft::internal {
namespace {

// The loader does not name the program itself.
ModuleList::Module Describe(const dl_phdr_info& info) {
  const std::string_view path = info.dlpi_name != nullptr && *info.dlpi_name != '\0' ? info.dlpi_name : program_invocation_name;
  const std::string_view name = path.substr(path.rfind('/') + 1);
  ModuleList::Module module{};
  name.copy(module.name, sizeof(module.name) - 1);
  module.base = info.dlpi_addr;
  module.begin = UINTPTR_MAX;
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const auto& part = info.dlpi_phdr[i];
    if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0) continue;
    const std::uintptr_t begin = info.dlpi_addr + part.p_vaddr;
    module.begin = std::min(module.begin, begin);
    module.end = std::max<std::uintptr_t>(module.end, begin + part.p_memsz);
  }
  return module;
}

}  // namespace

void ModuleList::Note() {
  count_ = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* list) {
        auto* self = static_cast<ModuleList*>(list);
        if (self->count_ == self->modules_.size()) return 1;
        self->modules_[self->count_++] = Describe(*info);
        return 0;
      },
      this);
}

const ModuleList::Module* ModuleList::Find(std::uintptr_t address) const noexcept {
  for (std::size_t i = 0; i < count_; ++i) {
    if (address >= modules_[i].begin && address < modules_[i].end) return &modules_[i];
  }
  return nullptr;
}

}  // namespace weft::internal
