// SPDX-License-Identifier: Apache-2.0

// Leave concurrency to the caller: one function, the names in a directory, in three forms. (The argument is Dave Cheney's, from
// "Practical Go"; Go's own WalkDir has the third form.)
//
//   (a) returns a vector:     simple, but the caller sees nothing before everything is read
//   (b) returns a channel:    the first name comes at once, but it has two faults, which this program shows by running into them
//   (c) calls a function:     the first name comes at once, the caller stops when he likes, and an error is an error
//
// It prints why (c) wins, and makes (a) and (b) out of it in a few lines, which is the point: the function that starts nothing
// leaves everything open, and a caller that wants a fiber and a channel adds them where it knows when they end.
//
//   build/release/examples/list_directory /etc
//
// Exit code: 0 if it went as it should, 1 if the directory cannot be read, 2 for a command line that it does not understand.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <system_error>
#include <vector>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/offload.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/testing.h>

#include "flags.h"

namespace {

namespace fs = std::filesystem;

// ---- (c): the one that does the work; the others need not know how.

// What a visitor returns when it has seen enough.
const weft::Error kEnough = weft::Error::New("enough");

using Visit = std::function<weft::Error(const std::string&)>;

// Calls visit for each name, in the caller's fiber, so it may wait. The first error of it ends the walk and is returned, but for
// kEnough, which just ends it. Reading a directory blocks its thread, so it is done in Offload, some names at a time.
weft::Error VisitNames(const weft::Context& ctx, const fs::path& directory, const Visit& visit) {
  constexpr std::size_t kAtOnce = 64;
  fs::directory_iterator at;
  weft::Error opened = weft::Offload(ctx, [&]() -> weft::Error {
    std::error_code error;
    at = fs::directory_iterator(directory, error);
    return error;
  });
  if (opened) return opened.Wrap(directory.string());
  std::vector<std::string> names;
  do {
    names.clear();
    weft::Error read = weft::Offload(ctx, [&]() -> weft::Error {
      std::error_code error;
      for (; at != fs::directory_iterator() && names.size() < kAtOnce && !error; at.increment(error)) {
        names.push_back(at->path().filename().string());
      }
      return error;
    });
    for (const std::string& name : names) {
      if (weft::Error err = visit(name)) return err.Is(kEnough) ? weft::Error() : err;
    }
    if (read) return read.Wrap(directory.string());
  } while (!names.empty());
  return {};
}

// ---- (a): out of (c).

weft::Result<std::vector<std::string>> ReadNames(const weft::Context& ctx, const fs::path& directory) {
  std::vector<std::string> names;
  weft::Error err = VisitNames(ctx, directory, [&](const std::string& name) -> weft::Error {
    names.push_back(name);
    return {};
  });
  if (err) return err;
  return names;
}

// ---- (b): as one would write it at first. The channel is all that the caller has, so there is no room for an error.

weft::Chan<std::string> NamesOf(weft::Group& group, const fs::path& directory) {
  const weft::Chan<std::string> names(0);
  group.Go("names of a directory", [=](const weft::Context& ctx) {
    (void)VisitNames(ctx, directory, [&](const std::string& name) { return names.Send(ctx, name); });
    (void)names.Close();
  });
  return names;
}

std::size_t CountThem(const weft::Context& ctx, const fs::path& directory) {
  weft::Group group(ctx);
  std::size_t count = 0;
  (void)NamesOf(group, directory).ForEach(ctx, [&](const std::string&) { ++count; });
  return count;
}

// ---- What happens with them.

// A directory that is empty, and a path where nothing is.
struct Places {
  fs::path empty;
  fs::path missing;
};

weft::Error ShowVector(const weft::Context& ctx, const fs::path& directory, const Places& places) {
  std::printf("(a) a vector and an error\n");
  weft::Result<std::vector<std::string>> names = ReadNames(ctx, directory);
  if (weft::Error err = names.Err()) return err;
  std::printf("    %zu names, and the caller saw the first one after the last one was read\n", names->size());
  std::printf("    a missing directory: %s\n", ReadNames(ctx, places.missing).Err().Message().c_str());
  return {};
}

void ShowFirstFault(const weft::Context& ctx, const Places& places) {
  std::printf("(b) a channel\n");
  std::printf("    fault 1: an empty directory gives %zu names, and a missing one gives %zu: who can tell?\n",
              CountThem(ctx, places.empty), CountThem(ctx, places.missing));
}

// On a plain thread: RunTest makes a scheduler of its own, and reports which of its fibers are left.
void ShowSecondFault(const fs::path& directory) {
  std::printf("    fault 2: the reader wants one name and leaves; the sender is asked to end by itself:\n");
  const weft::Error stuck = weft::RunTest([&](const weft::Context& ctx) {
    weft::Group group(ctx);
    const weft::Chan<std::string> names = NamesOf(group, directory);
    (void)names.Receive(ctx);
    return group.Wait();  // but it sends, and nothing receives
  });
  std::printf("    --- weft says: %s    ---\n", stuck ? stuck.Message().c_str() : "nothing, since there is at most one name\n");

  const weft::Error drained = weft::RunTest([&](const weft::Context& ctx) -> weft::Error {
    weft::Group group(ctx);
    const weft::Chan<std::string> names = NamesOf(group, directory);
    (void)names.Receive(ctx);
    if (weft::Error err = names.ForEach(ctx, [](const std::string&) {})) return err;
    return group.Wait();
  });
  std::printf("    drained by the reader, name by name: %s\n", drained ? drained.Message().c_str() : "it ends");

  const weft::Error canceled = weft::RunTest([&](const weft::Context& ctx) {
    weft::Group group(ctx);
    const weft::Chan<std::string> names = NamesOf(group, directory);
    (void)names.Receive(ctx);
    group.Cancel();  // or leave the scope: the same
    return group.Wait();
  });
  std::printf("    ended by the context of its group: %s\n", canceled ? canceled.Message().c_str() : "it ends");
}

weft::Error ShowCallback(const weft::Context& ctx, const fs::path& directory, const Places& places) {
  std::printf("(c) a function that is called for each name\n");
  int seen = 0;
  weft::Error err = VisitNames(ctx, directory, [&](const std::string&) { return ++seen == 1 ? kEnough : weft::Error(); });
  if (err) return err;
  std::printf("    stops when it has seen enough: after %d\n", seen);
  err = VisitNames(ctx, places.empty, [](const std::string&) { return weft::Error(); });
  std::printf("    an empty directory: %s\n", err ? err.Message().c_str() : "no names, no error");
  err = VisitNames(ctx, places.missing, [](const std::string&) { return weft::Error(); });
  std::printf("    a missing directory: %s\n", err.Message().c_str());

  weft::Result<std::vector<std::string>> all = ReadNames(ctx, directory);
  if (all.Err()) return all.Err();
  std::printf("    (a) out of it: push_back as the function: %zu names\n", all->size());

  // (b) out of it, without the faults: the caller owns the fiber, so he knows its end and its error.
  const weft::Chan<std::string> names(0);
  weft::Group group(ctx);
  group.Go("reader", [&](const weft::Context& c) -> weft::Error {
    weft::Error failed = VisitNames(c, directory, [&](const std::string& name) { return names.Send(c, name); });
    if (!failed) (void)names.Close();
    return failed;
  });
  std::size_t count = 0;
  err = names.ForEach(group.Ctx(), [&](const std::string&) { ++count; });
  if (weft::Error failed = group.Wait()) return failed;  // why no close came
  if (err) return err;
  std::printf("    (b) out of it: Send as the function, in a fiber of the caller's group: %zu names\n", count);
  std::printf("(c) wins: it starts nothing, keeps nothing, hides no error, and the caller decides what runs at the same time\n");
  return {};
}

// An empty directory for as long as this lives.
class EmptyDirectory {
 public:
  EmptyDirectory() {
    if (mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  ~EmptyDirectory() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  EmptyDirectory(const EmptyDirectory&) = delete;
  EmptyDirectory& operator=(const EmptyDirectory&) = delete;
  const std::string& Path() const { return path_; }

 private:
  std::string path_ = (fs::temp_directory_path() / "list_directory.XXXXXX").string();
};

weft::Error ShowAll(const fs::path& directory) {
  const EmptyDirectory empty;
  if (empty.Path().empty()) return weft::Error::New("no directory could be made for the example");
  const Places places{empty.Path(), fs::path(empty.Path()) / "missing"};
  const weft::RunOptions options{.loops = 1};
  weft::Error err = weft::Run(weft::Background(), options, [&](const weft::Context& ctx) -> weft::Error {
    if (weft::Error failed = ShowVector(ctx, directory, places)) return failed;
    ShowFirstFault(ctx, places);
    return {};
  });
  if (err) return err;
  ShowSecondFault(directory);
  return weft::Run(weft::Background(), options, [&](const weft::Context& ctx) { return ShowCallback(ctx, directory, places); });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && argv[1][0] != '-') {
    if (weft::Error err = ShowAll(argv[1])) {
      std::fprintf(stderr, "list_directory: %s\n", err.Message().c_str());
      return 1;
    }
    return 0;
  }
  Flags flags(argc, argv, "usage: list_directory DIRECTORY");
  while (flags.Next()) flags.Unknown();
  flags.Fail("a directory is missing");
}
