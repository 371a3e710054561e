// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP2_SESSION_MEMORY_H_
#define WEFT_HTTP_INTERNAL_HTTP2_SESSION_MEMORY_H_

#include <cstddef>

namespace weft::internal::http2 {

// The memory of the library's session of one connection. What it allocates at its start and keeps (itself, the map of its streams, the
// rings of HPACK, 9 KiB in all) is side by side in a slot of pages, followed by the 16 KiB in which it builds a frame. Of those only the
// first few hundred bytes are ever touched, since bodies are not built there, and untouched pages take no memory. Later allocations
// come from the heap.
//
// Slots belong to the process. Those that are returned keep their pages up to a bound; beyond it, the system gets them back.
class SessionMemory {
 public:
  // Without memory for a slot all comes from the heap.
  SessionMemory() noexcept;
  ~SessionMemory();
  SessionMemory(const SessionMemory&) = delete;
  SessionMemory& operator=(const SessionMemory&) = delete;

  // As malloc, free, calloc, realloc.
  void* Allocate(std::size_t size) noexcept;
  void Free(void* block) noexcept;
  void* AllocateZeroed(std::size_t count, std::size_t size) noexcept;
  void* Reallocate(void* block, std::size_t size) noexcept;
  // The beginning is over.
  void Seal() noexcept { sealed_ = true; }

 private:
  bool InSlot(const void* block) const noexcept;

  char* const slot_;
  std::size_t small_used_ = 0;
  bool large_used_ = false;
  bool sealed_ = false;
};

}  // namespace weft::internal::http2

#endif  // WEFT_HTTP_INTERNAL_HTTP2_SESSION_MEMORY_H_
