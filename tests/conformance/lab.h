// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CONFORMANCE_LAB_H_
#define WEFT_TESTS_CONFORMANCE_LAB_H_

#include <weft/handlers/handler.h>

namespace weft::conformance {

// Tells what it was asked, after reading the body to its end: "POST /a?b on host: hello", behind it the trailers as
// "; name=value", and "; 1.0" for that version. A broken body is answered with what is wrong.
Error Tell(ResponseWriter& w, Request& r);

// The laboratory: behaves as the path says, "/short", "/status/204" (the list is in lab.cc), and tells what it was
// asked on all others.
Handler Laboratory();

// A Mux with a few patterns, to see what it does with methods.
Handler Routes();

}  // namespace weft::conformance

#endif  // WEFT_TESTS_CONFORMANCE_LAB_H_
