// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_ROUTING_MUX_H_
#define WEFT_HANDLERS_ROUTING_MUX_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <weft/handlers/handler.h>

namespace weft {

// Selects a handler by the method, host and path of the request (Go's ServeMux, with the patterns
// of Go 1.22).
//
//   weft::Mux mux;
//   mux.Handle("GET /users/{id}", ShowUser);            // r.PathValue("id")
//   mux.Handle("POST /users", AddUser);
//   mux.Handle("GET /static/{path...}", ServeStatic);
//   mux.Handle("/{$}", Home);
//   mux.Group("/admin", {weft::BasicAuth("admin", CheckPassword)}, [](weft::Mux& admin) {
//     admin.Handle("GET /jobs", ListJobs);                // "GET /admin/jobs"
//     admin.Handle("POST /jobs", AddJob, {weft::MaxBytes(64 * 1024)});
//   });
//
// A pattern is "[METHOD ][HOST]/[PATH]". Each part matches:
//   METHOD     that method, GET also HEAD; left out: all methods
//   HOST       that host without its port, in any case; left out: all hosts
//   /literal   that segment of the path
//   /{name}    one segment that is not empty
//   /{name...} the rest of the path, which may be empty; only at the end
//   /          at the end: likewise, without a name
//   /{$}       the end: "/a/{$}" matches "/a/" and nothing below it
// Segments are split first and then decoded, so "%2F" never splits one.
//
// CONNECT has a host and no path: "CONNECT /" or "CONNECT HOST/" matches it, and a pattern without
// a method does not. Its handler opens the tunnel by ResponseWriter::Hijack.
//
// The most specific pattern wins, whatever the order of registration: the one that matches fewer
// requests. A pattern with a host takes precedence over one without. Two patterns that match a
// common request, and neither of which is more specific, cannot both be registered.
//
// The Mux itself responds to
//   - a path with empty, "." or ".." segments, before any pattern is tried: a redirect to the clean
//     path (307);
//   - "/a" if there is only a pattern for "/a/": a redirect to "/a/" (307);
//   - a path that only other methods match: 405 with a sorted Allow;
//   - a path that nothing matches: 404;
//   - in both cases, a method that is in no pattern, RFC 9110 or RFC 5789 (PATCH): 501;
//   - CONNECT, which has no path: 501, unless a pattern that names this method matches "/"
//     ("CONNECT /", "CONNECT proxy.test/");
//   - "OPTIONS *": 200, with all methods of all patterns in Allow.
// Redirects keep the query. 404, 405 and 501 are HttpErrors, so that middleware can give them
// another form. NotFound and MethodNotAllowed replace the first two by handlers.
//
// The pattern that matches becomes the name of the request's fiber; where none does, it is the
// method. So fiber lists and reports show routes, and not what clients have sent. Before that, in
// middleware of Use, the name is still the method and the path.
//
// A Mux is a Handler. Copies share their routes. Register first, then serve: Handle and Use must
// not run while requests are served. Serving takes no lock and, except for unusual responses,
// allocates nothing.
class Mux {
 public:
  Mux();
  Mux(const Mux& other) noexcept;
  Mux(Mux&& other) noexcept;
  Mux& operator=(const Mux& other) noexcept;
  Mux& operator=(Mux&& other) noexcept;
  ~Mux();

  // Registers a pattern. Throws std::invalid_argument if it is malformed, or conflicts with a
  // registered one, and names both. That is a mistake in the program, and so shows at its start.
  Mux& Handle(std::string pattern, Handler handler);

  // The same with middleware for this route alone, inside that of its group and of the whole Mux.
  // The first one is the outermost.
  Mux& Handle(std::string pattern, Handler handler, std::vector<Middleware> middleware);

  // Calls `add` with a Mux that registers its patterns here, below `prefix` and inside
  // `middleware`. "GET /jobs" becomes "GET /admin/jobs", which is what is checked for conflicts,
  // what Request::Pattern returns, and all that is matched. The prefix is "[HOST][/PATH]" without a
  // slash at its end, and may have wildcards. If it is empty, the group only shares its middleware.
  // Groups may be nested. A pattern for the prefix itself, "/admin", is registered outside of the
  // group. What no pattern matches does not reach the middleware of a group. Throws
  // std::invalid_argument as Handle does.
  Mux& Group(std::string prefix, std::vector<Middleware> middleware,
             const std::function<void(Mux&)>& add);

  // Wraps a middleware around everything that this Mux responds to, including 404 and redirects.
  // The first one is the outermost. In a Group it wraps the patterns of that group, and throws
  // std::logic_error if one of them was already registered.
  Mux& Use(Middleware middleware);

  // Respond where no pattern matches, and where only other methods do, instead of 404 and 405. The
  // handler chooses the status: usually 404, or the default 200 for the page of an application that
  // does its own routing. For MethodNotAllowed, Allow is already set. Both are inside of Use, and
  // belong to the whole Mux: in a Group they throw std::logic_error (there, register a pattern for
  // everything below its prefix, "/").
  Mux& NotFound(Handler handler);
  Mux& MethodNotAllowed(Handler handler);

  Error operator()(ResponseWriter& w, Request& r) const;

 private:
  struct State;
  struct GroupScope;
  Mux(std::shared_ptr<State> state, std::shared_ptr<GroupScope> group);
  void CheckWholeMux(const char* function) const;

  std::shared_ptr<State> state_;
  std::shared_ptr<GroupScope> group_;  // null: the whole Mux
};

}  // namespace weft

#endif  // WEFT_HANDLERS_ROUTING_MUX_H_
