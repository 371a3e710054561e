// SPDX-License-Identifier: Apache-2.0
//
// What must come from the disk is waited for by its own request alone. The pool has one thread
// here, and that waits for a disk that the test plays: what goes through the pool is seen to wait,
// and what does not is seen to go on.
#include <unistd.h>

#include <functional>
#include <future>
#include <string>

#include <gtest/gtest.h>

#include <weft/concurrency/group.h>
#include <weft/concurrency/offload.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/testing.h>
#include <weft/handlers/content/file_server.h>
#include <weft/handlers/content/internal/file_tree.h>
#include <weft/handlers/content/serve_content.h>
#include <weft/handlers/testing.h>

#include "../../kit/temp_file.h"
#include "temp_folder.h"

namespace weft {
namespace {

using internal::FileTree;

// Runs `work` as a fiber while the only thread of the pool is held, then `meanwhile`, which says
// whether `work` may have ended.
void WhileTheDiskIsBusy(const std::function<void(const Context&)>& work,
                        const std::function<void(bool ended)>& meanwhile) {
  const Error err = RunTest({.offload_threads = 1}, [&](const Context& ctx) -> Error {
    std::promise<void> disk;
    std::promise<void> held;
    bool ended = false;
    Group group(ctx);
    group.Go([&](const Context& c) {
      return Offload(c, [&] {
        held.set_value();
        disk.get_future().wait();
      });
    });
    group.Go([&](const Context& c) {
      work(c);
      ended = true;
    });
    while (CurrentOffloadStats().busy == 0) Yield();
    held.get_future().wait();
    for (int i = 0; i < 10; ++i) Yield();
    meanwhile(ended);
    disk.set_value();
    const Error failed = group.Wait();
    EXPECT_TRUE(ended);
    return failed;
  });
  EXPECT_FALSE(err) << err.Message();
}

int Hello() {
  Recorder recorder;
  recorder.Serve([](ResponseWriter& w, Request&) { return w.Write("hello"); }, RequestBuilder());
  return recorder.Status();
}

TEST(ColdFiles, AnUncachedLookUpDelaysNoOtherRequest) {
  const TempFolder folder;
  const Handler files = *FileServer(folder.Path());
  // Nobody has looked for this name, so only the file system can tell.
  const std::string target = "/never_asked_for_" + std::to_string(getpid());
  Recorder recorder;
  WhileTheDiskIsBusy([&](const Context&) { recorder.Serve(files, RequestBuilder("GET", target)); },
                     [&](bool ended) {
                       EXPECT_FALSE(ended) << "it waits for a thread of the pool";
                       EXPECT_EQ(Hello(), 200);
                     });
  EXPECT_EQ(recorder.Status(), 404);
}

TEST(ColdFiles, CachedFilesNeedNoThread) {
  const TempFolder folder;
  folder.Write("warm.txt", "warm");
  if (FileTree::Open(folder.Path(), true)->way() != FileTree::Way::kCachedFirst)
    GTEST_SKIP() << "this kernel has no RESOLVE_CACHED";
  const Handler files = *FileServer(folder.Path());
  Recorder recorder;
  WhileTheDiskIsBusy(
      [&](const Context&) { recorder.Serve(files, RequestBuilder("GET", "/warm.txt")); },
      [&](bool ended) { EXPECT_TRUE(ended); });
  EXPECT_EQ(recorder.Body(), "warm");
}

TEST(ColdFiles, WithoutACacheToAskEachLookUpGoesThroughThePool) {
  const TempFolder folder;
  folder.Write("file.txt", "text");
  for (const FileTree::Way way : {FileTree::Way::kPool, FileTree::Way::kWalk}) {
    FileTree tree = *FileTree::Open(folder.Path(), true);
    tree.SetWay(way);
    bool found = false;
    WhileTheDiskIsBusy([&](const Context& ctx) { found = tree.Find(ctx, "file.txt", {}).Ok(); },
                       [&](bool ended) { EXPECT_FALSE(ended); });
    EXPECT_TRUE(found);
  }
}

TEST(ColdFiles, ALookUpEndsWithItsContextBeforeAThreadHasBegun) {
  const TempFolder folder;
  FileTree tree = *FileTree::Open(folder.Path(), true);
  tree.SetWay(FileTree::Way::kPool);
  Error err;
  WhileTheDiskIsBusy(
      [&](const Context& ctx) {
        const CancelScope scope = WithTimeout(ctx, Duration::zero());
        err = tree.Find(scope.ctx, "file.txt", {}).Err();
      },
      [&](bool ended) { EXPECT_TRUE(ended); });
  EXPECT_TRUE(err.Is(kDeadlineExceeded)) << err.Message();
}

TEST(ColdFiles, TheBytesComeFromTheDiskOnTheThreadsOfThePool) {
  for (const std::size_t size : {20'000u, 400'000u}) {
    TempFile file(std::string(size, 'c'));
    std::uint64_t offloaded = 0;
    bool tells = true;
    const Error err = RunTest([&](const Context&) {
      for (int i = 0; i < TempFile::kTries && offloaded == 0 && tells; ++i) {
        tells = file.BecomesCold();
        Recorder recorder;
        recorder.Serve(
            [&](ResponseWriter& w, Request& r) {
              return ServeContent(w, r, {.name = "x.txt"}, file.fd(), size);
            },
            RequestBuilder());
        EXPECT_EQ(recorder.Body().size(), size);
        offloaded = CurrentOffloadStats().done;
      }
    });
    EXPECT_FALSE(err) << err.Message();
    if (!tells) GTEST_SKIP() << "this file system does not tell what is in memory";
    if (offloaded == 0 && !file.LooksCold()) GTEST_SKIP() << "the disk is quicker than a look";
    EXPECT_GE(offloaded, 1u);
  }
}

}  // namespace
}  // namespace weft
