// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_SERVICE_SELF_CLIENT_H_
#define WEFT_EXAMPLES_SERVICE_SELF_CLIENT_H_

#include <string>
#include <string_view>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/result.h>

// Asks this service over HTTP as any other client would, a new connection for each question. Its .cc is the only file of the service
// that includes Asio and Beast.
class SelfClient {
 public:
  // What ServerOptions::on_listen tells: "http://127.0.0.1:8080", "unix:/run/app.sock". Before the first question.
  void SetServer(std::string_view bound);

  // GETs the path and returns the body of the answer; another status than 200 is an error. Parks under the context; when that is
  // done, the connection is closed before it returns.
  weft::Result<std::string> Get(const weft::Context& ctx, std::string_view path) const;

 private:
  std::string unix_path_;  // empty: host and port
  std::string host_;
  std::string port_;
};

#endif  // WEFT_EXAMPLES_SERVICE_SELF_CLIENT_H_
