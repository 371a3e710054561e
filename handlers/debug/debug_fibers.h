// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_DEBUG_DEBUG_FIBERS_H_
#define WEFT_HANDLERS_DEBUG_DEBUG_FIBERS_H_

#include <string>
#include <vector>

#include <weft/concurrency/debug.h>
#include <weft/handlers/handler.h>

namespace weft {

// Lists all live fibers of the process, of all its servers, as an indented tree in plain text: one
// line for each fiber, with its name, age, state, what it waits for, and the deadline of its
// context. `?format=json` gives the same as JSON (see FiberListAsJson); any other format is a 400.
// It reveals the inside of a service, so serve it on an address of its own.
//
//   debug_mux.Handle("GET /debug/fibers", weft::DebugFibers());
Handler DebugFibers();

// An array with an object for each fiber, parents before their children. Times are in seconds. What
// does not apply is null:
//   [{"id":7,"parent":1,"name":"GET /sleep/50","loop":0,"state":"parked","waits_for":"sleep",
//     "age":0.012,"deadline_in":59.988,"started_at":null}]
std::string FiberListAsJson(const std::vector<FiberInfo>& fibers);

}  // namespace weft

#endif  // WEFT_HANDLERS_DEBUG_DEBUG_FIBERS_H_
