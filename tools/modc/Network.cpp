//===- Network.cpp - From the argument MODEL to a loaded model ------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The temporary library can be removed as soon as it is loaded: the mapping
// keeps it alive.
//
//===----------------------------------------------------------------------===//

#include "tools/modc/Network.h"

#include "runtime/formats/File.h"
#include "tools/modc/Build.h"
#include "tools/modc/DeviceFlag.h"
#include "tools/modc/Output.h"
#include "tools/modc/TemporaryDirectory.h"
#include "tools/modc/TraceOutput.h"

#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace modc::driver {

FileKind fileKind(const std::string &path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0)
    return FileKind::Missing;
  if (S_ISDIR(status.st_mode))
    return FileKind::Directory;
  // Reading a pipe would take bytes from it.
  char bytes[9] = {};
  if (!S_ISREG(status.st_mode))
    return FileKind::Text;
  int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return FileKind::Missing;
  ssize_t size = read(file, bytes, sizeof bytes);
  close(file);
  auto begins = [&](std::string_view magic, size_t at = 0) {
    return size >= ssize_t(at + magic.size()) &&
           std::memcmp(bytes + at, magic.data(), magic.size()) == 0;
  };
  if (begins("\x7f"
             "ELF"))
    return FileKind::Library;
  if (begins("MODCBC1\n") || begins("ML\xefR"))
    return FileKind::Bytecode;
  if (begins("\x93NUMPY"))
    return FileKind::Npy;
  auto named = [&](std::string_view extension) {
    return path.size() > extension.size() &&
           path.compare(path.size() - extension.size(), extension.size(),
                        extension) == 0;
  };
  // A damaged file is what its name says, so that the right reader refuses it.
  if (named(".so"))
    return FileKind::Library;
  if (named(".safetensors") || begins("{", 8))
    return FileKind::Safetensors;
  if (named(".npy"))
    return FileKind::Npy;
  return FileKind::Text;
}

void addBuildFlags(Flags &flags, BuildOptions &options) {
  flags.section("where MODEL is a network (.mlir)");
  flags.choice("--dispatch", options.dispatch, {"grouped", "naive"},
               "how the members of a layer are run");
  flags.integer("-O", "N", options.optimization, 0, 3, "optimization");
}

namespace {

/// What `use` makes of the library that the network in `path` is compiled to.
template <typename Use>
auto withLibrary(const std::string &path, const BuildOptions &options, Use use)
    -> decltype(use(path)) {
  auto directory = TemporaryDirectory::create();
  if (!directory)
    return directory.error();
  std::string library = (*directory)->path + "/model.so";
  if (Status status = buildLibrary(path, options, library); !status)
    return status.error();
  return use(library);
}

} // namespace

/// Whether `path` is a compiled model; else it is a network. An error for what
/// is neither.
static Result<bool> isCompiled(const std::string &path, const Flags &flags) {
  switch (fileKind(path)) {
  case FileKind::Library:
    for (const char *flag : {"--dispatch", "-O", "--optimizer"})
      if (flags.given(flag))
        return makeError(flag, " has no meaning for ", inQuotes(path),
                         ", which is compiled already");
    return true;
  case FileKind::Missing:
    // The reader's message has the system's reason.
    if (Result<File> file = File::open(path); !file)
      return file.error();
    return makeError("cannot read ", inQuotes(path));
  case FileKind::Directory:
    return makeError(inQuotes(path), " is a directory, not a model");
  case FileKind::Safetensors:
    return makeError(inQuotes(path), " holds weights, not a model");
  case FileKind::Npy:
    return makeError(inQuotes(path), " holds an array, not a model");
  case FileKind::Bytecode:
  case FileKind::Text:
    break;
  }
  return false;
}

Result<std::shared_ptr<const Model>> openModel(const std::string &path,
                                               const BuildOptions &options,
                                               const Flags &flags) {
  Result<bool> compiled = isCompiled(path, flags);
  if (!compiled)
    return compiled.error();
  if (*compiled)
    return Model::open(path);
  return withLibrary(path, options, [](const std::string &library) {
    return Model::open(library);
  });
}

Status checkModel(const std::string &path, const BuildOptions &options,
                  const Flags &flags) {
  Result<bool> compiled = isCompiled(path, flags);
  if (!compiled)
    return compiled.error();
  if (!*compiled)
    return checkNetwork(path, options);
  auto model = Model::open(path);
  return model ? Status() : Status(model.error());
}

Result<ArtefactNote> compiledNote(const std::string &path,
                                  const BuildOptions &options) {
  return withLibrary(path, options, readArtefactNote);
}

Result<std::unique_ptr<Session>>
openSession(const std::string &path, const BuildOptions &options,
            const Flags &flags, int64_t threads, TraceOutput *trace,
            DeviceFlag *device) {
  BuildOptions build = options;
  if (device) {
    if (Status status = device->choose(); !status)
      return status.error();
    build.deviceTargets = device->targets();
  }
  auto model = openModel(path, build, flags);
  if (!model)
    return model.error();
  SessionOptions settings;
  settings.workers = threads;
  settings.warn = warn;
  if (device) {
    auto opened = device->open((*model)->signature());
    if (!opened)
      return opened.error();
    settings.device = std::move(*opened);
  }
  if (trace)
    settings.trace = trace->sink(threads > 0 ? threads : availableProcessors(),
                                 settings.device.get());
  auto session = Session::create(*model, settings);
  if (!session)
    return session.error().within(inQuotes(path));
  return session;
}

Result<Dataset> openData(const Signature &signature, const std::string &source,
                         bool isDefault, Split split,
                         const DataOptions &options) {
  auto data = Dataset::open(signature, source, split, options);
  if (!data && isDefault)
    return makeError("no --data is given, and the default does not fit: ",
                     data.error().message());
  return data;
}

} // namespace modc::driver
