// SPDX-License-Identifier: Apache-2.0
//
// Where in a fiber the things are that a debugger shows.
#include <cstddef>

#include <weft/concurrency/internal/runtime/debugger.h>
#include <weft/concurrency/internal/runtime/fiber.h>

namespace weft::internal {

// offsetof is certain for types of standard layout, and works with gcc and clang for all without virtual bases.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
struct FiberLayout {
  static constexpr std::size_t kRecord = offsetof(FiberCore, record);
  static constexpr FiberTable Table() {
    return {.version = 1,
            .link = offsetof(FiberCore, for_debugger_),
            .id = kRecord + offsetof(FiberRecord, id_),
            .parent = kRecord + offsetof(FiberRecord, parent_),
            .state = kRecord + offsetof(FiberRecord, state_),
            .waits_for = kRecord + offsetof(FiberRecord, waits_for_),
            .started = kRecord + offsetof(FiberRecord, started_),
            .name = kRecord + offsetof(FiberRecord, name_),
            .name_bytes = sizeof(FiberRecord::name_),
            .saved = offsetof(FiberCore, self_),
            .newest = nullptr};
  }
};
#pragma GCC diagnostic pop

[[gnu::used]] constinit FiberTable weft_fiber_table = FiberLayout::Table();

}  // namespace weft::internal
