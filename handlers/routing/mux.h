// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_ROUTING_MUX_H_
#define WEFT_HANDLERS_ROUTING_MUX_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <weft/handlers/handler.h>

namespace weft {

// Chooses a handler by the method, host and path of the request. Go's ServeMux with the patterns of
// Go 1.22.
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
//   HOST       that host without its port, in any case of letters; left out: all hosts
//   /literal   that segment of the path
//   /{name}    one segment that is not empty
//   /{name...} all that is left, which may be empty; only at the end
//   /          at the end: likewise, without a name
//   /{$}       the end: "/a/{$}" matches "/a/" and nothing below it
// Segments are split first and then decoded, so that "%2F" never splits one.
//
// CONNECT has a host and no path: "CONNECT /" or "CONNECT HOST/" matches it, a pattern that leaves
// the method out does not. Its handler opens the tunnel by ResponseWriter::Hijack.
//
// The most specific pattern wins, whatever the order of registration: the one that matches fewer
// requests. A pattern with a host wins over one without. Two patterns that match a request in
// common, and neither of which is more specific, cannot both be registered.
//
// It answers by itself
//   - a path with empty, "." or ".." segments, before any pattern is tried: a redirect to the clean
//     path (307);
//   - "/a" where only a pattern for "/a/" is there: a redirect to "/a/" (307);
//   - a path that only other methods match: 405 with a sorted Allow;
//   - a path that nothing matches: 404;
//   - in both cases, a method that neither a pattern names nor RFC 9110 and RFC 5789 (PATCH) know: 501;
//   - CONNECT, which has no path: 501, unless a pattern that names this method matches "/" ("CONNECT /",
//     "CONNECT proxy.test/");
//   - "OPTIONS *": 200 with all methods that any pattern names in Allow.
// Redirects keep the query. 404, 405 and 501 are HttpErrors, so that middleware can give them
// another form; NotFound and MethodNotAllowed put handlers in the place of the first two.
//
// The pattern that matches becomes the name of the request's fiber, so that lists of fibers and
// reports name routes and not what clients have sent.
//
// A Mux is a Handler. Copies share their routes. Register first, then serve: Handle and Use must
// not run while requests are served; serving needs no lock and, but for unusual answers, allocates
// nothing.
class Mux {
 public:
  Mux();
  Mux(const Mux& other) noexcept;
  Mux(Mux&& other) noexcept;
  Mux& operator=(const Mux& other) noexcept;
  Mux& operator=(Mux&& other) noexcept;
  ~Mux();

  // Registers a pattern. Throws std::invalid_argument if it is malformed, or conflicts with one
  // that is registered, and names both: it is a mistake in the program, to be seen at its start.
  Mux& Handle(std::string pattern, Handler handler);

  // The same with middleware for this route alone, inside that of its group and of the whole Mux. The
  // first one is the outermost.
  Mux& Handle(std::string pattern, Handler handler, std::vector<Middleware> middleware);

  // Calls `add` with a Mux that registers its patterns here, below `prefix` and inside `middleware`:
  // "GET /jobs" becomes "GET /admin/jobs", which is what conflicts are looked for with, what
  // Request::Pattern says, and all that is matched. The prefix is "[HOST][/PATH]" without a slash at
  // its end, and may have wildcards; empty, the group has its middleware in common and no more. Groups
  // may be nested. A pattern for the prefix itself, "/admin", is registered outside of the group. What
  // no pattern matches does not reach the middleware of a group. Throws std::invalid_argument as
  // Handle does.
  Mux& Group(std::string prefix, std::vector<Middleware> middleware, const std::function<void(Mux&)>& add);

  // Puts a middleware around everything that this Mux responds to, 404 and redirects included. The
  // first one is the outermost. In a Group: around the patterns of that group; it throws
  // std::logic_error if one of them is registered already.
  Mux& Use(Middleware middleware);

  // What responds where no pattern matches, and where only other methods do, in place of a 404 and a
  // 405. The handler chooses the status: 404 as a rule, or the 200 that it is by itself for the page of
  // an application that finds its way on its own. Allow is set already for MethodNotAllowed. Both are
  // inside Use, and belong to the whole Mux: in a Group they throw std::logic_error (there, register a
  // pattern for all that is below its prefix, "/").
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
