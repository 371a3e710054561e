// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_OBSERVE_SYMBOLS_H_
#define WEFT_CONCURRENCY_INTERNAL_OBSERVE_SYMBOLS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include <weft/concurrency/backtrace.h>

namespace weft::internal {

// The symbol table of one ELF file, mapped. It includes static functions, which the dynamic loader does not know.
class SymbolFile {
 public:
  explicit SymbolFile(const char* path) noexcept;  // what cannot be read has no symbols
  ~SymbolFile();
  SymbolFile(const SymbolFile&) = delete;
  SymbolFile& operator=(const SymbolFile&) = delete;

  // The mangled name of the function that covers this address of the file; null if there is none. Valid as long as this.
  const char* Find(std::uintptr_t address) const noexcept;

 private:
  template <class T>
  const T* At(std::uint64_t offset, std::uint64_t count) const noexcept;

  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// Turns addresses into frames. Caches the files that it has opened, and what it has found.
class Symbolizer {
 public:
  // `address` is where a call returns to: the call itself is just before it.
  const Frame& Describe(std::uintptr_t address);

 private:
  Frame LookUp(std::uintptr_t address);

  std::map<std::string, SymbolFile> files_;
  std::map<std::uintptr_t, Frame> known_;  // many fibers are at the same places
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_OBSERVE_SYMBOLS_H_
