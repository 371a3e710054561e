// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP2_LIBRARY_MEMORY_H_
#define WEFT_HTTP_INTERNAL_HTTP2_LIBRARY_MEMORY_H_

#include <nghttp2/nghttp2.h>

#include <cstddef>

#include <weft/http/internal/http2/session_memory.h>

namespace weft::internal::http2 {

// A SessionMemory as the library calls it.
inline nghttp2_mem FunctionsOf(SessionMemory& memory) {
  struct Calls {
    static SessionMemory& Of(void* of) { return *static_cast<SessionMemory*>(of); }
    static void* Allocate(std::size_t size, void* of) { return Of(of).Allocate(size); }
    static void Free(void* block, void* of) { Of(of).Free(block); }
    static void* AllocateZeroed(std::size_t count, std::size_t size, void* of) { return Of(of).AllocateZeroed(count, size); }
    static void* Reallocate(void* block, std::size_t size, void* of) { return Of(of).Reallocate(block, size); }
  };
  return {&memory, &Calls::Allocate, &Calls::Free, &Calls::AllocateZeroed, &Calls::Reallocate};
}

}  // namespace weft::internal::http2

#endif  // WEFT_HTTP_INTERNAL_HTTP2_LIBRARY_MEMORY_H_
