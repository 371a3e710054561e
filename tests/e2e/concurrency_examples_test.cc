// SPDX-License-Identifier: Apache-2.0
//
// The examples of concurrency as their users run them: what they print is what they are for.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "kit.h"
#include "process.h"

namespace weft {
namespace {

std::string Example(const std::string& name) { return std::string(WEFT_EXAMPLES_DIR) + "/" + name; }

// What a program has printed, all of it, and its exit code.
struct Ended {
  Ended(const std::string& program, const std::vector<std::string>& arguments) : process(Example(program), arguments) {
    text = process.Rest();
    code = process.Wait();
  }
  Process process;
  std::string text;
  int code = -1;
};

::testing::AssertionResult Says(const Ended& ended, const std::string& words) {
  if (ended.text.find(words) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "\"" << words << "\" is not in:\n" << ended.text;
}

// A directory with some files, for as long as this lives.
struct Files {
  explicit Files(int count) : path(::testing::TempDir() + "weft_list_directory." + std::to_string(getpid())) {
    std::filesystem::create_directory(path);
    for (int i = 0; i < count; ++i) std::ofstream(path + "/file" + std::to_string(i));
  }
  ~Files() { std::filesystem::remove_all(path); }
  std::string path;
};

TEST(ListDirectoryExample, ShowsTheFaultsOfAChannelAndWhyTheCallbackWins) {
  const Files files(150);  // more than are read at once
  const Ended ended("list_directory", {files.path});

  EXPECT_EQ(ended.code, 0) << ended.process.Errors();
  EXPECT_TRUE(Says(ended, "150 names, and the caller saw the first one after the last one was read\n"));
  EXPECT_TRUE(Says(ended, "an empty directory gives 0 names, and a missing one gives 0"));
  EXPECT_TRUE(Says(ended, "--- weft says: deadlock"));
  EXPECT_TRUE(Says(ended, "parked on channel send  started at list_directory.cc:"));
  EXPECT_TRUE(Says(ended, "drained by the reader, name by name: it ends\n"));
  EXPECT_TRUE(Says(ended, "ended by the context of its group: it ends\n"));
  EXPECT_TRUE(Says(ended, "stops when it has seen enough: after 1\n"));
  EXPECT_TRUE(Says(ended, "an empty directory: no names, no error\n"));
  EXPECT_TRUE(Says(ended, "missing: No such file or directory\n"));
  EXPECT_TRUE(Says(ended, "(a) out of it: push_back as the function: 150 names\n"));
  EXPECT_TRUE(Says(ended, "in a fiber of the caller's group: 150 names\n"));
  EXPECT_TRUE(Says(ended, "(c) wins"));
}

TEST(ListDirectoryExample, SaysWhyADirectoryCannotBeRead) {
  const Ended missing("list_directory", {"/nowhere/at/all"});
  EXPECT_EQ(missing.code, 1);
  EXPECT_EQ(missing.process.Errors(), "list_directory: /nowhere/at/all: No such file or directory\n");

  const Ended none("list_directory", {});
  EXPECT_EQ(none.code, 2);
  EXPECT_NE(none.process.Errors().find("a directory is missing"), std::string::npos);
}

TEST(PipelineExample, LeavesNothingRunningWhenItsConsumerStopsEarly) {
  const Ended ended("pipeline", {"--workers", "3", "--stop-after", "4"});

  EXPECT_EQ(ended.code, 0) << ended.process.Errors();
  EXPECT_TRUE(Says(ended, " = "));
  EXPECT_TRUE(Says(ended, "stopped early after 4 results; fibers before the cancel: "));
  EXPECT_TRUE(Says(ended, "fibers left: 1 (this one)\n"));
}

TEST(PipelineExample, ClosesFromStageToStageAtTheEnd) {
  const Ended ended("pipeline", {"--workers", "2", "--numbers", "20", "--stop-after", "1000"});

  EXPECT_EQ(ended.code, 0) << ended.process.Errors();
  EXPECT_TRUE(Says(ended, "1000001 = 101 * 9901\n"));
  EXPECT_TRUE(Says(ended, "1000019 = "));
  EXPECT_TRUE(Says(ended, "all 20 results came\n"));
  EXPECT_TRUE(Says(ended, "fibers left: 1 (this one)\n"));
}

TEST(ReplicasExample, TakesTheFirstResultAndNamesAllFailures) {
  const Ended ended("replicas", {});

  EXPECT_EQ(ended.code, 0) << ended.process.Errors();
  EXPECT_TRUE(Says(ended, "far: far: context canceled: another was first\n"));
  EXPECT_TRUE(Says(ended, "the answer is 42, says near\n"));
  EXPECT_TRUE(Says(ended, "no answer: all 2 failed"));
  EXPECT_TRUE(Says(ended, "hangs: deadline exceeded: this attempt took too long (worth another try)\n"));
}

TEST(WorkerPoolExample, KeepsTheBoundInBothWays) {
  const Ended ended("worker_pool", {"--jobs", "20", "--workers", "4"});

  EXPECT_EQ(ended.code, 0) << ended.process.Errors();
  EXPECT_TRUE(Says(ended, "a group with a limit: 20 jobs done, at most 4 at once, 20 connections made\n"));
  EXPECT_TRUE(Says(ended, "workers and a channel: 20 jobs done, at most 4 at once, 4 connections made\n"));
}

TEST(ForgottenSenderExample, IsReportedWithItsNameAndStartAndEndsOnceFixed) {
  const Ended ended("forgotten_sender", {});

  EXPECT_EQ(ended.code, 0) << ended.text;
  EXPECT_TRUE(Says(ended, "Run reports a leak:\nask the slow one  #"));
  EXPECT_TRUE(Says(ended, "Run reports a deadlock:\nmain  #"));
  EXPECT_TRUE(Says(ended, "parked on group\n  ask the slow one  #"));
  EXPECT_TRUE(Says(ended, "parked on channel send  started at forgotten_sender.cc:"));
  for (const char* how : {"scope of its reader", "a cancel of the group", "for each answer", "a close by the reader"}) {
    EXPECT_TRUE(Says(ended, std::string(how) + ": everybody has ended\n"));
  }
}

// Posts work until `accepted` of it was accepted, and then until one is refused.
int FillUp(const std::string& bound, int accepted) {
  Result<TestClient> client = TestClient::Dial(Background(), bound);
  EXPECT_TRUE(client.Ok()) << client.Err().Message();
  for (int i = 0;; ++i) {
    Result<TestResponse> answer = client->Post(Background(), "/work", "a letter");
    EXPECT_TRUE(answer.Ok()) << answer.Err().Message();
    if (!answer.Ok() || i == accepted) return answer.Ok() ? answer->status : 0;
    EXPECT_EQ(answer->status, 202);
  }
}

TEST(BackgroundWorkExample, FinishesWhatItHasAcceptedAfterASignal) {
  // The work takes longer than what follows until the signal, so all of it is under way then.
  Process server(Example("background_work"), {"--address", "127.0.0.1:0", "--loops", "2", "--limit", "25", "--takes", "3000"});
  const std::string line = server.Line();
  ASSERT_TRUE(line.starts_with("listening on ")) << line;

  EXPECT_EQ(FillUp(line.substr(std::string("listening on ").size()), 25), 503);
  server.Signal(SIGTERM);

  EXPECT_EQ(server.Line(), "the server has ended; finishing what it has accepted");
  EXPECT_EQ(server.Line(), "accepted 25, done 25, failed 0");
  EXPECT_EQ(server.Wait(), 0) << server.Errors();
}

TEST(ConcurrencyExamples, RefuseBadFlagsWithOneLineAndCode2) {
  for (const char* program : {"background_work", "forgotten_sender", "list_directory", "pipeline", "replicas", "worker_pool"}) {
    Process process(Example(program), {"--nonsense"});
    EXPECT_EQ(process.Wait(), 2) << program;
    EXPECT_NE(process.Errors().find("unknown flag --nonsense"), std::string::npos) << program;
  }
}

}  // namespace
}  // namespace weft
