// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_ROUTING_INTERNAL_ROUTE_TREE_H_
#define WEFT_HANDLERS_ROUTING_INTERNAL_ROUTE_TREE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <weft/handlers/handler.h>
#include <weft/handlers/routing/internal/literal_table.h>
#include <weft/handlers/routing/internal/pattern.h>

namespace weft::internal {

// A method in one word, so that it is compared in one step: its bytes, 0 for none. A longer one than fits is kLongMethod, and has to be
// looked at itself.
inline constexpr std::uint64_t kLongMethod = ~std::uint64_t{0};
inline std::uint64_t WordOf(std::string_view method) noexcept {
  if (method.size() > sizeof(std::uint64_t)) return kLongMethod;
  const auto byte = [method](std::size_t at) { return static_cast<std::uint64_t>(static_cast<unsigned char>(method[at])) << (8 * at); };
  const std::size_t size = method.size();
  if (size == 3) return byte(0) | byte(1) | byte(2);
  std::uint64_t word = 0;
  for (std::size_t at = 0; at < size; ++at) word |= byte(at);
  return word;
}

// A registered pattern.
struct Route {
  Pattern pattern;
  Handler handler;
  std::uint64_t method_word = 0;   // WordOf(pattern.method)
  std::size_t target_size = 0;     // of "METHOD TARGET", if the pattern is that and matches no other target; else 0
  std::vector<std::string> names;  // of the wildcards, in order; empty for the slash at the end
  std::string literal_path;        // the only path that it matches, if it has no host; else empty
};

// What is looked up. `decoded_path` is `raw_path` decoded; both begin with a slash.
struct RouteQuery {
  std::string_view method;
  std::string_view host;  // may have a port, which does not count
  std::string_view raw_path;
  std::string_view decoded_path;
};

class RouteMatch {
 public:
  const Route* route = nullptr;

  // What the wildcards stand for, in order: views of decoded_path.
  std::size_t ValuesCount() const { return values_count_; }
  std::string_view Value(std::size_t at) const { return {values_[at].begin, values_[at].size}; }
  void AddValue(std::string_view value) { values_[values_count_++] = {value.data(), value.size()}; }
  void DropValue() { --values_count_; }

 private:
  struct Piece {  // without an initializer: most routes have no wildcard
    const char* begin;
    std::size_t size;
  };
  std::size_t values_count_ = 0;
  std::array<Piece, Pattern::kWildcardsMax> values_;
};

// The routes of a Mux as trees of segments, one per host. Since no two patterns conflict, all that
// match a request form a chain from the most specific one to the widest, and the first one found is
// the most specific if at each segment the literal is tried before the wildcard, and the wildcard
// before the rest.
class RouteTree {
 public:
  RouteTree() = default;
  RouteTree(const RouteTree&) = delete;  // here_ points into it
  RouteTree& operator=(const RouteTree&) = delete;

  // Throws std::invalid_argument if the pattern conflicts with another one.
  void Add(Pattern pattern, Handler handler);

  // Finds the most specific route. Allocates nothing.
  bool Find(const RouteQuery& query, RouteMatch& match) const;
  // The same where that route has no wildcard and no host, in one step; null also where Find has to
  // look. The path of such a route is clean.
  const Route* FindLiteral(std::string_view method, std::string_view raw_path) const;

  // Whether a route is meant for just this path with a slash after it, not for all below a shorter one.
  bool HasForSlashBehind(const RouteQuery& query) const;

  // The methods of all routes that would match but for the method, GET with HEAD; sorted, each
  // once.
  std::vector<std::string_view> MethodsFor(const RouteQuery& query) const;
  // The same of all routes.
  std::vector<std::string_view> AllMethods() const;

 private:
  struct Node {
    std::string text;
    std::vector<std::unique_ptr<Node>> literals;
    LiteralTable by_text;  // of those, to their places in the list
    std::unique_ptr<Node> wildcard;
    std::vector<const Route*> here;  // the path ends in this segment
    std::vector<const Route*> end;   // in a slash after it
    std::vector<const Route*> rest;  // anything below it
  };
  struct HostLess {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const;
  };
  class Walk;

  static Node& Child(Node& node, const PatternSegment& segment);
  void Insert(Node& root, const Route& route);
  template <class F>
  bool InHosts(const RouteQuery& query, F walk) const;

  std::vector<std::unique_ptr<Route>> routes_;
  std::map<std::string, Node, HostLess> hosts_;
  Node any_host_;
  LiteralTable literals_;  // paths of patterns without wildcards and hosts, to their places in here_
  std::vector<const std::vector<const Route*>*> here_;  // of nodes
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_ROUTING_INTERNAL_ROUTE_TREE_H_
