// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/routing/internal/route_tree.h>

#include <algorithm>
#include <stdexcept>

#include <weft/handlers/routing/internal/clean_path.h>
#include <weft/http/internal/percent.h>
#include <weft/http/internal/text.h>

namespace weft::internal {
namespace {

using Kind = PatternSegment::Kind;

// "[::1]:80" is "[::1]", "a.test:80" is "a.test".
std::string_view WithoutPort(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  if (colon == std::string_view::npos || host.find(']', colon) != std::string_view::npos) return host;
  return host.substr(0, colon);
}

void AddMethod(std::string_view method, std::vector<std::string_view>& methods) {
  if (method.empty()) return;
  methods.push_back(method);
  if (method == "GET") methods.push_back("HEAD");
}

void SortOnce(std::vector<std::string_view>& methods) {
  std::sort(methods.begin(), methods.end());
  methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
}

// The method that is looked for.
struct Wanted {
  std::string_view text;
  std::uint64_t word = WordOf(text);
};

// See Route::target_size.
std::size_t OnlyTargetSize(const Pattern& pattern) {
  std::string request = pattern.method + " ";
  for (const PatternSegment& segment : pattern.segments) {
    if (segment.kind != PatternSegment::Kind::kLiteral) return 0;
    request.append("/").append(segment.text);
  }
  return request == pattern.text ? request.size() - pattern.method.size() - 1 : 0;
}

// See Route::literal_path. What is escaped or has to be made clean takes the long way.
std::string OnlyPath(const Pattern& pattern) {
  std::string path;
  for (const PatternSegment& segment : pattern.segments) {
    if (segment.kind == Kind::kWildcard || segment.kind == Kind::kRest) return {};
    path.append("/");
    if (segment.kind == Kind::kLiteral) path.append(segment.text);
    if (segment.text.find_first_of("%/") != std::string::npos) return {};
  }
  return pattern.host.empty() && IsCleanPath(path) ? path : std::string();
}

// Of routes with the same path: the one for this method, or else GET's for HEAD, or else the one
// for all methods.
[[gnu::always_inline]] inline const Route* Pick(const std::vector<const Route*>& routes, const Wanted& method) {
  const auto find = [&routes](const Wanted& wanted) -> const Route* {
    for (const Route* route : routes) {
      if (route->method_word != wanted.word) continue;
      if (wanted.word != kLongMethod || route->pattern.method == wanted.text) return route;
    }
    return nullptr;
  };
  if (routes.empty()) return nullptr;
  if (const Route* route = find(method)) return route;
  if (method.text == "HEAD") {
    if (const Route* route = find({"GET"})) return route;
  }
  return find({std::string_view()});
}

}  // namespace

// One walk from a root along a path. A place in the path is given by its two offsets, in the raw and in the decoded form, each at
// a slash or at the end.
class RouteTree::Walk {
 public:
  Walk(const RouteQuery& query, RouteMatch& match)
      : query_(query), method_{query.method}, match_(match), encoded_(query.raw_path.size() != query.decoded_path.size()) {}

  void SetSlashBehind() { slash_behind_ = true; }
  void Collect(std::vector<std::string_view>& methods) { methods_ = &methods; }

  bool Run(const Node& node, std::size_t raw = 0, std::size_t decoded = 0) {
    if (raw == query_.raw_path.size()) {
      return slash_behind_ ? Take(node.end) || Take(node.rest, {}) : Take(node.here);
    }
    const std::size_t raw_end = std::min(query_.raw_path.find('/', raw + 1), query_.raw_path.size());
    const std::string_view raw_segment = query_.raw_path.substr(raw + 1, raw_end - raw - 1);
    const std::size_t size = encoded_ ? DecodedSize(raw_segment) : raw_segment.size();
    const std::string_view segment = query_.decoded_path.substr(decoded + 1, size);
    if (!segment.empty()) {
      const Node* child = Literal(node, segment);
      if (child != nullptr && Run(*child, raw_end, decoded + 1 + size)) return true;
      if (node.wildcard != nullptr) {
        match_.AddValue(segment);
        if (Run(*node.wildcard, raw_end, decoded + 1 + size)) return true;
        match_.DropValue();
      }
    } else if (raw_end == query_.raw_path.size() && Take(node.end)) {
      return true;
    }
    return !slash_behind_ && Take(node.rest, query_.decoded_path.substr(decoded + 1));
  }

 private:
  static const Node* Literal(const Node& node, std::string_view segment) {
    const std::uint32_t at = node.by_text.Find(segment);
    return at != LiteralTable::kAbsent ? node.literals[at].get() : nullptr;
  }

  [[gnu::always_inline]] bool Take(const std::vector<const Route*>& routes) {
    return !routes.empty() && TakeOne(routes);
  }

  bool TakeOne(const std::vector<const Route*>& routes) {
    if (methods_ != nullptr) {
      for (const Route* route : routes) AddMethod(route->pattern.method, *methods_);
      return false;
    }
    match_.route = Pick(routes, method_);
    return match_.route != nullptr;
  }

  bool Take(const std::vector<const Route*>& routes, std::string_view rest) {
    if (!Take(routes)) return false;
    match_.AddValue(rest);
    return true;
  }

  const RouteQuery& query_;
  const Wanted method_;
  RouteMatch& match_;
  const bool encoded_;
  bool slash_behind_ = false;
  std::vector<std::string_view>* methods_ = nullptr;  // not null: only collect
};

bool RouteTree::HostLess::operator()(std::string_view a, std::string_view b) const {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](char x, char y) { return ToLower(x) < ToLower(y); });
}

RouteTree::Node& RouteTree::Child(Node& node, const PatternSegment& segment) {
  if (segment.kind == Kind::kWildcard) {
    if (node.wildcard == nullptr) node.wildcard = std::make_unique<Node>();
    return *node.wildcard;
  }
  const std::uint32_t at = node.by_text.Find(segment.text);
  if (at != LiteralTable::kAbsent) return *node.literals[at];
  Node& child = *node.literals.emplace_back(std::make_unique<Node>());
  child.text = segment.text;
  node.by_text.Add(child.text, static_cast<std::uint32_t>(node.literals.size() - 1));
  return child;
}

void RouteTree::Insert(Node& root, const Route& route) {
  Node* node = &root;
  std::vector<const Route*>* routes = nullptr;
  for (const PatternSegment& segment : route.pattern.segments) {
    if (segment.kind == Kind::kEnd) routes = &node->end;
    if (segment.kind == Kind::kRest) routes = &node->rest;
    if (routes == nullptr) node = &Child(*node, segment);
  }
  if (routes == nullptr) routes = &node->here;
  routes->push_back(&route);
  if (routes->size() == 1 && !route.literal_path.empty()) {
    literals_.Add(route.literal_path, static_cast<std::uint32_t>(here_.size()));
    here_.push_back(routes);
  }
}

void RouteTree::Add(Pattern pattern, Handler handler) {
  for (const auto& other : routes_) {
    if (!Conflict(pattern, other->pattern)) continue;
    const bool same = Compare(pattern, other->pattern) == PatternRelation::kSame;
    throw std::invalid_argument("Mux pattern \"" + pattern.text + "\" conflicts with \"" + other->pattern.text +
                                (same ? "\": they match the same requests"
                                      : "\": some requests match both, and neither is more specific"));
  }
  std::vector<std::string> names;
  for (const PatternSegment& segment : pattern.segments) {
    if (segment.kind == Kind::kWildcard || segment.kind == Kind::kRest) names.push_back(segment.text);
  }
  const std::uint64_t method_word = WordOf(pattern.method);
  const std::size_t target_size = OnlyTargetSize(pattern);
  std::string literal_path = OnlyPath(pattern);
  routes_.push_back(std::make_unique<Route>(
      Route{std::move(pattern), std::move(handler), method_word, target_size, std::move(names), std::move(literal_path)}));
  const Route& route = *routes_.back();
  Insert(route.pattern.host.empty() ? any_host_ : hosts_[route.pattern.host], route);
}

template <class F>
bool RouteTree::InHosts(const RouteQuery& query, F walk) const {
  if (!hosts_.empty()) {
    const auto own = hosts_.find(WithoutPort(query.host));
    if (own != hosts_.end() && walk(own->second)) return true;
  }
  return walk(any_host_);
}

bool RouteTree::Find(const RouteQuery& query, RouteMatch& match) const {
  Walk walk(query, match);
  if (hosts_.empty()) return walk.Run(any_host_);
  return InHosts(query, [&](const Node& root) { return walk.Run(root); });
}

// Find would come to the same routes first, since it tries literals before wildcards.
const Route* RouteTree::FindLiteral(std::string_view method, std::string_view raw_path) const {
  if (!hosts_.empty()) return nullptr;
  const std::uint32_t at = literals_.Find(raw_path);
  return at != LiteralTable::kAbsent ? Pick(*here_[at], {method}) : nullptr;
}

bool RouteTree::HasForSlashBehind(const RouteQuery& query) const {
  RouteMatch match;
  Walk walk(query, match);
  walk.SetSlashBehind();
  return InHosts(query, [&](const Node& root) { return walk.Run(root); });
}

std::vector<std::string_view> RouteTree::MethodsFor(const RouteQuery& query) const {
  std::vector<std::string_view> methods;
  RouteMatch match;
  Walk walk(query, match);
  walk.Collect(methods);
  InHosts(query, [&](const Node& root) { return walk.Run(root); });
  SortOnce(methods);
  return methods;
}

std::vector<std::string_view> RouteTree::AllMethods() const {
  std::vector<std::string_view> methods;
  for (const auto& route : routes_) AddMethod(route->pattern.method, methods);
  SortOnce(methods);
  return methods;
}

}  // namespace weft::internal
