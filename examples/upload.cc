// SPDX-License-Identifier: Apache-2.0

// Takes the files of a form, however large, and keeps them in a folder under names of its own. Each
// that is under way needs some 100 KiB of memory.
//
//   build/release/examples/upload 127.0.0.1:8080 /tmp &
//   curl -F photo=@cat.jpg -F note=hello http://127.0.0.1:8080/upload

#include <atomic>
#include <csignal>
#include <cstdio>

#include <weft/concurrency/file_write.h>
#include <weft/handlers/content/json.h>
#include <weft/handlers/content/multipart.h>
#include <weft/handlers/routing/mux.h>
#include <weft/server/listen_and_serve.h>

struct Saved {
  std::string name;  // what the client calls it
  std::string file;  // what it is called here
  std::uint64_t size = 0;
};
BOOST_DESCRIBE_STRUCT(Saved, (), (name, file, size))

std::string folder = ".";
std::atomic<int> next = 0;

weft::Error Upload(weft::ResponseWriter& w, weft::Request& r) {
  r.Body().SetLimit(std::uint64_t{4} << 30);
  if (!r.LongLived()) {
    return weft::HttpError(503);  // no deadline, but a client must not stall
  }
  std::vector<Saved> all;
  weft::MultipartReader parts(r);
  while (true) {
    const weft::Result<weft::MultipartPart*> part = parts.Next(r.Ctx());
    if (weft::Error err = part.Err()) return err;
    if (*part == nullptr) return weft::WriteJson(w, 201, all);
    if (!(*part)->IsFile()) continue;
    Saved saved{std::string((*part)->FileName()), "upload-" + std::to_string(++next)};
    const weft::Result<std::uint64_t> size =
        weft::SaveTo(r.Ctx(), **part, folder + "/" + saved.file);
    if (weft::Error err = size.Err()) return err;
    saved.size = *size;
    all.push_back(saved);
  }
}

int main(int argc, char** argv) {
  if (argc > 2) folder = argv[2];
  weft::Mux mux;
  mux.Handle("POST /upload", Upload);

  weft::ServerOptions options{.address = argc > 1 ? argv[1] : "127.0.0.1:8080"};
  options.on_listen = [](std::string_view bound) { std::puts(bound.data()), std::fflush(stdout); };
  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  const weft::Error err = weft::ListenAndServe(ctx, options, mux);
  return err ? std::fprintf(stderr, "upload: %s\n", err.Message().c_str()), 1 : 0;
}
