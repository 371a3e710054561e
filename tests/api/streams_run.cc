// SPDX-License-Identifier: Apache-2.0

// A client of a protocol of one's own: the same code on a dialled connection, and in a test on memory.
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <system_error>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/testing.h>
#include <weft/net/dial.h>
#include <weft/net/stream_pair.h>
#include "check.h"

weft::Result<std::string> ReadLine(const weft::Context& ctx, weft::Stream& stream) {
  std::string line;
  std::array<char, 64> piece;
  while (line.empty() || line.back() != '\n') {
    weft::Result<std::size_t> n = stream.Read(ctx, piece);
    if (weft::Error err = n.Err()) return err;
    if (*n == 0) return weft::kClosed.Wrap("the server ended within a line");
    line.append(piece.data(), *n);
  }
  return line;
}

weft::Result<std::string> Ask(const weft::Context& ctx, weft::Stream& stream, std::string_view question) {
  if (weft::Error err = stream.Write(ctx, question)) return err;
  return ReadLine(ctx, stream);
}

weft::Result<std::string> AskServer(const weft::Context& ctx, std::string_view address, std::string_view question) {
  const weft::CancelScope limit = weft::WithTimeout(ctx, std::chrono::seconds(5));
  weft::Result<weft::Stream> stream = weft::Dial(limit.ctx, address);
  if (weft::Error err = stream.Err()) return err;
  return Ask(limit.ctx, *stream, question);
}

int main() {
  Check(!weft::RunTest([](const weft::Context& ctx) {
    auto [client, server] = weft::StreamPair();
    weft::Group group(ctx);
    group.Go([&end = server](const weft::Context& c) -> weft::Error {
      weft::Result<std::string> question = ReadLine(c, end);
      if (weft::Error err = question.Err()) return err;
      return end.Write(c, "you asked: " + *question);
    });
    Check(*Ask(ctx, client, "who?\n") == "you asked: who?\n");
    Check(!group.Wait());
  }));
  Check(!weft::Run(weft::Background(), {.loops = 1}, [](const weft::Context& ctx) {
    Check(AskServer(ctx, "unix:/nobody/is/here.sock", "who?\n").Err().Is(std::errc::no_such_file_or_directory));
  }));
  return failures == 0 ? 0 : 1;
}
