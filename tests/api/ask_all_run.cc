// SPDX-License-Identifier: Apache-2.0

// The first snippet of docs/concurrency.md: channels, Select and Group together.
#include <chrono>
#include <string>
#include <vector>
#include <weft/concurrency/chan.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/select.h>
#include <weft/concurrency/time.h>
#include "check.h"

std::string printed;
void Print(const std::string& line) { printed += line + "\n"; }

weft::Result<std::string> Ask(const weft::Context& ctx, const std::string& question) {
  if (weft::Error err = weft::Sleep(ctx, std::chrono::milliseconds(question.size()))) return err;
  return "no idea about " + question;
}

weft::Error AskAll(const weft::Context& ctx, const std::vector<std::string>& questions) {
  const weft::Chan<std::string> answers(4);                      // declared before the group, so it outlives the join
  weft::Group group(ctx);
  for (const std::string& question : questions) {
    group.Go("ask", [&](const weft::Context& c) -> weft::Error {
      weft::Result<std::string> answer = Ask(c, question);       // plain code that waits
      if (weft::Error err = answer.Err()) return err;            // cancels the others
      return answers.Send(c, *std::move(answer));
    });
  }
  weft::Error late;
  for (std::size_t got = 0; got < questions.size() && !late; ++got) {
    late = weft::Select(group.Ctx(),                             // done as soon as one has failed
        weft::OnReceive(answers, [&](weft::Result<std::string> answer) { Print(*answer); }),
        weft::OnAfter(std::chrono::seconds(2), [] { return weft::kTimeout.Wrap("nobody answers"); })).Err();
  }
  if (late) group.Cancel(late);
  if (weft::Error err = group.Wait()) return err;                // nothing is left running; the first error
  return late;
}

int main() {
  return RunChecks([](const weft::Context& ctx) {
    Check(!AskAll(ctx, {"everything", "life"}));
    Check(AskAll(ctx, {std::string(3000, '?')}).Is(weft::kTimeout));
    Check(printed == "no idea about life\nno idea about everything\n");
  });
}
