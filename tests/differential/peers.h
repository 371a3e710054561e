// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_DIFFERENTIAL_PEERS_H_
#define WEFT_TESTS_DIFFERENTIAL_PEERS_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weft {
class Process;
}

namespace weft::differential {

// A server that runs during the test on a unix socket in a folder of its own, until this object ends.
class Peer {
 public:
  Peer(Peer&&) noexcept;
  Peer& operator=(Peer&&) noexcept;
  ~Peer();

  const std::string& Path() const { return path_; }

  // Ends the weft server (that of a proxy, too) and returns its log: one line for each request.
  std::vector<std::string> EndWeft();

 private:
  friend Peer StartWeft();
  friend std::optional<Peer> StartGo();
  friend std::optional<Peer> StartNginx();
  friend std::optional<Peer> StartHaproxy();
  Peer();
  void Start(const std::string& name, const std::string& program, const std::vector<std::string>& arguments);
  void StartWeftAs(const std::string& name);

  std::string folder_;
  std::string path_;  // of the socket to talk to
  std::unique_ptr<Process> weft_;
  std::unique_ptr<Process> other_;  // Go, or the proxy
};

// Empty where the program is not installed; that of Go also where it could not be built.
Peer StartWeft();
std::optional<Peer> StartGo();
std::optional<Peer> StartNginx();    // in front of a weft server
std::optional<Peer> StartHaproxy();  // in front of a weft server

}  // namespace weft::differential

#endif  // WEFT_TESTS_DIFFERENTIAL_PEERS_H_
