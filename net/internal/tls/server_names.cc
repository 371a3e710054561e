// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/tls/server_names.h>

#include <algorithm>
#include <array>

namespace weft::internal {
namespace {

constexpr std::size_t kNameMax = 255;  // RFC 1035 section 2.3.4; OpenSSL refuses longer ones

constexpr char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// A name in the form in which names are compared. There is room for a star, which replaces at least
// one character.
class Normal {
 public:
  explicit Normal(std::string_view name) {
    if (name.ends_with('.')) name.remove_suffix(1);
    if (name.size() > kNameMax) return;
    std::transform(name.begin(), name.end(), text_.begin(), Lower);
    size_ = name.size();
  }
  std::string_view View() const { return {text_.data(), size_}; }

  // "*.example.com" for "www.example.com"; empty if there is no label before another one.
  std::string_view Wildcard() {
    const std::size_t dot = View().find('.');
    if (dot == std::string_view::npos || dot == 0) return {};
    text_[dot - 1] = '*';
    return View().substr(dot - 1);
  }

 private:
  std::array<char, kNameMax> text_;
  std::size_t size_ = 0;
};

}  // namespace

void ServerNames::Add(std::string_view name, std::size_t index) {
  const Normal normal(name);
  const std::string_view rest =
      normal.View().starts_with("*.") ? normal.View().substr(2) : normal.View();
  if (rest.empty() || rest.find('*') != std::string_view::npos) return;
  names_.try_emplace(std::string(normal.View()), index);
}

std::size_t ServerNames::Find(std::string_view name) const {
  Normal normal(name);
  // A client that asks for a star means a host with this name, and there is none.
  if (normal.View().find('*') != std::string_view::npos) return 0;
  auto found = names_.find(normal.View());
  if (found == names_.end()) found = names_.find(normal.Wildcard());
  return found == names_.end() ? 0 : found->second;
}

}  // namespace weft::internal
