// SPDX-License-Identifier: Apache-2.0
// What must not compile, and what the compiler must say: one case at a time, by rejected_test.sh.
#include <string>

#include <weft/handlers/handler.h>
#include <weft/handlers/routing/mux.h>

using weft::Error;
using weft::Request;
using weft::ResponseWriter;

void Register(weft::Mux& mux) {
#if CASE == 0  // accepted
  mux.Handle("/", [](ResponseWriter& w, Request&) { return w.Write("x"); });
#elif CASE == 1  // check the parameters
  mux.Handle("/", [](ResponseWriter& w) { return w.Write("x"); });
#elif CASE == 2  // check the parameters
  mux.Handle("/", [](ResponseWriter w, Request&) { return w.Write("x"); });
#elif CASE == 3  // check the parameters
  mux.Handle("/", [](Request&, ResponseWriter& w) { return w.Write("x"); });
#elif CASE == 4  // must not be mutable
  mux.Handle("/", [n = 0](ResponseWriter& w, Request&) mutable { return w.Write(std::to_string(++n)); });
#elif CASE == 5  // check the return type
  mux.Handle("/", [](ResponseWriter&, Request&) { return 200; });
#elif CASE == 6  // check the return type
  mux.Handle("/", [](auto&, auto&) { return std::string("hello"); });
#elif CASE == 7  // check the return type
  weft::Handler handler = +[](ResponseWriter&, Request&) { return true; };
  mux.Handle("/", handler);
#elif CASE == 8  // check the parameters
  mux.Handle("/", [](const weft::Context&, Request&) -> Error { return {}; }, {});
#endif
}
