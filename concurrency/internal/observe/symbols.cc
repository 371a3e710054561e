// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/observe/symbols.h>

#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>

namespace weft::internal {
namespace {

std::string Demangle(const char* name) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> plain(abi::__cxa_demangle(name, nullptr, nullptr, &status), &std::free);
  return status == 0 && plain != nullptr ? plain.get() : name;
}

// What the loader has mapped around an address. Every C library can report this.
struct Module {
  std::uintptr_t holds = 0;
  std::uintptr_t loaded_at = 0;  // what was added to the addresses of its file
  std::string name;              // empty: the program itself
};

bool FindModule(std::uintptr_t address, Module& out) {
  out.holds = address;
  const auto look = [](dl_phdr_info* info, std::size_t, void* data) {
    auto* module = static_cast<Module*>(data);
    for (int i = 0; i < info->dlpi_phnum; ++i) {
      const auto& segment = info->dlpi_phdr[i];
      if (segment.p_type != PT_LOAD || module->holds - (info->dlpi_addr + segment.p_vaddr) >= segment.p_memsz) continue;
      module->loaded_at = info->dlpi_addr;
      if (info->dlpi_name != nullptr) module->name = info->dlpi_name;
      return 1;
    }
    return 0;
  };
  return dl_iterate_phdr(look, &out) != 0;
}

}  // namespace

SymbolFile::SymbolFile(const char* path) noexcept {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  struct stat info {};
  if (fstat(fd, &info) == 0 && info.st_size > 0) {
    void* data = mmap(nullptr, static_cast<std::size_t>(info.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
    if (data != MAP_FAILED) {
      data_ = static_cast<const std::byte*>(data);
      size_ = static_cast<std::size_t>(info.st_size);
    }
  }
  close(fd);
}

SymbolFile::~SymbolFile() {
  if (data_ != nullptr) munmap(const_cast<std::byte*>(data_), size_);
}

// An array within the file; null if the file, which may be damaged, does not contain all of it.
template <class T>
const T* SymbolFile::At(std::uint64_t offset, std::uint64_t count) const noexcept {
  if (offset > size_ || offset % alignof(T) != 0 || count > (size_ - offset) / sizeof(T)) return nullptr;
  return reinterpret_cast<const T*>(data_ + offset);
}

const char* SymbolFile::Find(std::uintptr_t address) const noexcept {
  const auto* header = At<ElfW(Ehdr)>(0, 1);
  if (header == nullptr || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return nullptr;
  const auto* sections = At<ElfW(Shdr)>(header->e_shoff, header->e_shnum);
  if (sections == nullptr) return nullptr;
  for (std::size_t i = 0; i < header->e_shnum; ++i) {
    if (sections[i].sh_type != SHT_SYMTAB || sections[i].sh_link >= header->e_shnum) continue;
    const std::uint64_t count = sections[i].sh_size / sizeof(ElfW(Sym));
    const auto* symbols = At<ElfW(Sym)>(sections[i].sh_offset, count);
    const auto& text = sections[sections[i].sh_link];
    const char* names = At<char>(text.sh_offset, text.sh_size);
    if (symbols == nullptr || names == nullptr || text.sh_size == 0 || names[text.sh_size - 1] != '\0') continue;
    for (std::uint64_t s = 0; s < count; ++s) {
      const auto& symbol = symbols[s];
      if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF) continue;
      if (address - symbol.st_value < symbol.st_size && symbol.st_name < text.sh_size) return names + symbol.st_name;
    }
  }
  return nullptr;
}

const Frame& Symbolizer::Describe(std::uintptr_t address) {
  const auto known = known_.find(address);
  return known != known_.end() ? known->second : known_.emplace(address, LookUp(address)).first->second;
}

Frame Symbolizer::LookUp(std::uintptr_t address) {
  Frame frame;
  frame.address = address;
  Module module;
  if (!FindModule(address - 1, module)) return frame;
  // The loader knows the program itself by the name with which it was started, which need not lead to the file.
  const bool is_program = module.name.empty();
  frame.module = module.name;
  if (is_program) {
    char path[4096];
    const ssize_t size = readlink("/proc/self/exe", path, sizeof(path));
    if (size > 0) frame.module.assign(path, static_cast<std::size_t>(size));
  }
  frame.offset = address - module.loaded_at;
  const char* open_as = is_program ? "/proc/self/exe" : frame.module.c_str();
  const SymbolFile& file = files_.try_emplace(frame.module, open_as).first->second;
  const char* name = file.Find(frame.offset - 1);
  Dl_info info{};
  if (name == nullptr && dladdr(reinterpret_cast<void*>(address - 1), &info) != 0) name = info.dli_sname;
  if (name != nullptr) frame.function = Demangle(name);
  return frame;
}

}  // namespace weft::internal
