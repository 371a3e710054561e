// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/routing/mux.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <vector>

#include <weft/concurrency/loop.h>
#include <weft/handlers/access.h>
#include <weft/handlers/routing/internal/clean_path.h>
#include <weft/handlers/routing/internal/pattern.h>
#include <weft/handlers/routing/internal/route_tree.h>
#include <weft/handlers/routing/redirect.h>

namespace weft {
namespace {

std::string Joined(const std::vector<std::string_view>& methods) {
  std::string all;
  for (const std::string_view method : methods) all.append(all.empty() ? "" : ", ").append(method);
  return all;
}

bool IsUsualMethod(std::string_view method) {
  static constexpr std::string_view kUsual[] = {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"};
  return std::find(std::begin(kUsual), std::end(kUsual), method) != std::end(kUsual);
}

// Whether the request's fiber is called by the pattern already: a server names it by method and
// target, and a Mux around this one by its own pattern. The request matches, so as many bytes are
// the same bytes.
bool IsNamedBy(const Request& r, const internal::Route& route) {
  return route.target_size != 0 && r.Target().size() == route.target_size &&
         r.RawPath().size() == route.target_size && r.Method().size() == route.pattern.method.size() &&
         r.Pattern().empty();
}

Error RedirectToPath(ResponseWriter& w, const Request& r, std::string path) {
  if (!r.RawQuery().empty()) path.append("?").append(r.RawQuery());
  return Redirect(w, path, 307);
}

}  // namespace

struct Mux::State {
  Error Serve(ResponseWriter& w, Request& r) const;
  const internal::Route* MatchedRoute(Request& r) const;
  const internal::Route* FoundInTree(Request& r) const;
  Error ServeOtherwise(ResponseWriter& w, Request& r) const;
  static inline void TellRequest(Request& r, const internal::Route& route);
  static void TellValues(Request& r, const internal::RouteMatch& match);
  Error ServeUnmatched(ResponseWriter& w, Request& r, const internal::RouteQuery& query) const;
  Error ServeConnect(ResponseWriter& w, Request& r) const;
  bool Knows(std::string_view method) const;

  internal::RouteTree tree;
  std::vector<Middleware> middleware;
  std::optional<Handler> wrapped;  // Serve inside the middleware, if there is any
  std::optional<Handler> not_found;
  std::optional<Handler> method_not_allowed;
};

// What a group adds to each of its patterns; groups above it included.
struct Mux::GroupScope {
  std::string prefix;
  std::vector<Middleware> middleware;  // the outermost first
  bool has_patterns = false;
};

Mux::Mux() : state_(std::make_shared<State>()) {}
// Here, so that programs need not compile them.
Mux::Mux(const Mux& other) noexcept = default;
Mux::Mux(Mux&& other) noexcept = default;
Mux& Mux::operator=(const Mux& other) noexcept = default;
Mux& Mux::operator=(Mux&& other) noexcept = default;
Mux::~Mux() = default;

Mux::Mux(std::shared_ptr<State> state, std::shared_ptr<GroupScope> group)
    : state_(std::move(state)), group_(std::move(group)) {}

Mux& Mux::Handle(std::string pattern, Handler handler) { return Handle(std::move(pattern), std::move(handler), {}); }

Mux& Mux::Handle(std::string pattern, Handler handler, std::vector<Middleware> middleware) {
  handler = Chain(std::move(handler), std::move(middleware));
  if (group_ != nullptr) {
    pattern = internal::WithPrefix(group_->prefix, pattern);
    handler = Chain(std::move(handler), group_->middleware);
    group_->has_patterns = true;
  }
  state_->tree.Add(internal::ParsePattern(std::move(pattern)), std::move(handler));
  return *this;
}

Mux& Mux::Group(std::string prefix, std::vector<Middleware> middleware, const std::function<void(Mux&)>& add) {
  internal::CheckPrefix(prefix);
  auto scope = std::make_shared<GroupScope>();
  scope->prefix = group_ != nullptr ? internal::WithPrefix(group_->prefix, prefix) : std::move(prefix);
  if (group_ != nullptr) scope->middleware = group_->middleware;
  for (Middleware& one : middleware) scope->middleware.push_back(std::move(one));
  Mux group(state_, std::move(scope));
  add(group);
  if (group_ != nullptr && group.group_->has_patterns) group_->has_patterns = true;
  return *this;
}

void Mux::CheckWholeMux(const char* function) const {
  if (group_ == nullptr) return;
  throw std::logic_error(std::string(function) + " belongs to the whole Mux; in the group \"" + group_->prefix +
                         "\" register a pattern for all that is below it, \"/\"");
}

Mux& Mux::NotFound(Handler handler) {
  CheckWholeMux("Mux::NotFound");
  state_->not_found = std::move(handler);
  return *this;
}

Mux& Mux::MethodNotAllowed(Handler handler) {
  CheckWholeMux("Mux::MethodNotAllowed");
  state_->method_not_allowed = std::move(handler);
  return *this;
}

Mux& Mux::Use(Middleware middleware) {
  if (group_ != nullptr) {
    if (group_->has_patterns) {
      throw std::logic_error("Mux::Use in the group \"" + group_->prefix + "\" must come before its patterns, or they go without the middleware");
    }
    group_->middleware.push_back(std::move(middleware));
    return *this;
  }
  state_->middleware.push_back(std::move(middleware));
  // A plain pointer: the state owns this handler, and its caller holds the state.
  const State* state = state_.get();
  state_->wrapped =
      Chain([state](ResponseWriter& w, Request& r) { return state->Serve(w, r); }, state_->middleware);
  return *this;
}

Error Mux::operator()(ResponseWriter& w, Request& r) const {
  return state_->wrapped ? (*state_->wrapped)(w, r) : state_->Serve(w, r);
}

Error Mux::State::Serve(ResponseWriter& w, Request& r) const {
  const internal::Route* const route = MatchedRoute(r);
  return route != nullptr ? route->handler(w, r) : ServeOtherwise(w, r);
}

[[gnu::always_inline]] inline void Mux::State::TellRequest(Request& r, const internal::Route& route) {
  const std::string_view text = route.pattern.text;
  if (!IsNamedBy(r, route)) SetFiberName(text);
  RequestAccess::SetPattern(r, text);
}

// The usual case. A function of its own, since a handler may wait for hours, and what was needed to find it need not stay on its stack.
[[gnu::noinline]] const internal::Route* Mux::State::MatchedRoute(Request& r) const {
  if (const internal::Route* const route = tree.FindLiteral(r.Method(), r.RawPath())) {
    TellRequest(r, *route);
    return route;
  }
  return FoundInTree(r);
}

[[gnu::noinline]] const internal::Route* Mux::State::FoundInTree(Request& r) const {
  const std::string_view raw = r.RawPath();
  if (raw.empty() || raw.front() != '/') return nullptr;
  const bool may_redirect = r.Method() != "CONNECT";
  if (may_redirect && !internal::IsCleanPath(raw)) return nullptr;
  const internal::RouteQuery query{r.Method(), r.Host(), raw, r.Path()};
  internal::RouteMatch match;
  if (!tree.Find(query, match)) return nullptr;
  if (may_redirect && raw.back() != '/' && match.route->pattern.EndsInRest() && tree.HasForSlashBehind(query)) return nullptr;
  TellRequest(r, *match.route);
  TellValues(r, match);
  return match.route;
}

[[gnu::noinline]] Error Mux::State::ServeOtherwise(ResponseWriter& w, Request& r) const {
  // No pattern: the path that the fiber is called by is the client's.
  if (r.Pattern().empty()) SetFiberName(Knows(r.Method()) ? r.Method() : "unknown method");
  const std::string_view raw = r.RawPath();
  if (raw.empty() && r.Method() == "CONNECT") return ServeConnect(w, r);
  if (raw.empty() || raw.front() != '/') {
    if (r.Method() != "OPTIONS" || r.Target() != "*") return HttpError(raw == "*" ? 400 : 404);
    w.Header().Set("Allow", Joined(tree.AllMethods()));
    return {};
  }
  const bool may_redirect = r.Method() != "CONNECT";
  if (may_redirect && !internal::IsCleanPath(raw)) return RedirectToPath(w, r, internal::CleanPath(raw));

  const internal::RouteQuery query{r.Method(), r.Host(), raw, r.Path()};
  if (may_redirect && raw.back() != '/' && tree.HasForSlashBehind(query)) return RedirectToPath(w, r, std::string(raw) + '/');
  return ServeUnmatched(w, r, query);
}

// The target of CONNECT is a host and no path (RFC 9112 section 3.2.3). A pattern for all methods does not want it: its handler would
// promise a tunnel by responding.
Error Mux::State::ServeConnect(ResponseWriter& w, Request& r) const {
  for (const std::string_view host : {r.Host(), std::string_view()}) {
    internal::RouteMatch match;
    if (tree.Find({r.Method(), host, "/", "/"}, match) && match.route->pattern.method == r.Method()) {
      TellRequest(r, *match.route);
      TellValues(r, match);
      return match.route->handler(w, r);
    }
  }
  return HttpError(501);
}

void Mux::State::TellValues(Request& r, const internal::RouteMatch& match) {
  for (std::size_t i = 0; i < match.ValuesCount(); ++i) {
    if (!match.route->names[i].empty()) RequestAccess::AddPathValue(r, match.route->names[i], match.Value(i));
  }
}

Error Mux::State::ServeUnmatched(ResponseWriter& w, Request& r, const internal::RouteQuery& query) const {
  if (!Knows(query.method)) return HttpError(501);  // RFC 9110 section 9.1
  const std::vector<std::string_view> methods = tree.MethodsFor(query);
  if (methods.empty()) return not_found ? (*not_found)(w, r) : HttpError(404);
  w.Header().Set("Allow", Joined(methods));
  if (!method_not_allowed) return HttpError(405);
  return (*method_not_allowed)(w, r);
}

bool Mux::State::Knows(std::string_view method) const {
  if (IsUsualMethod(method)) return true;
  const std::vector<std::string_view> methods = tree.AllMethods();
  return std::binary_search(methods.begin(), methods.end(), method);
}

}  // namespace weft
