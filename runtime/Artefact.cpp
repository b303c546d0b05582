//===- Artefact.cpp - A compiled model, ready to be called ----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads the note, compares versions and processor features, and only then hands
// the file to the dynamic loader.
//
//===----------------------------------------------------------------------===//

#include "runtime/Artefact.h"

#include "runtime/CpuFeatures.h"
#include "runtime/ElfHash.h"
#include "runtime/ElfNote.h"
#include "runtime/SignatureDevices.h"
#include "runtime/formats/File.h"

#include <dlfcn.h>

namespace modc {
namespace {

int bits(uint64_t mask) { return __builtin_popcountll(mask); }

/// Fails when no variant can run here, naming what the least demanding lacks.
Status checkTargets(const Signature &signature) {
  uint64_t have = cpuFeatures();
  const TargetSpec *nearest = nullptr;
  for (const TargetSpec &target : signature.targets) {
    uint64_t lacking = target.features & ~have;
    if (lacking == 0)
      return {};
    if (!nearest || bits(lacking) < bits(nearest->features & ~have))
      nearest = &target;
  }
  return makeError("compiled for ", nearest->name,
                   ", but this processor has no ",
                   describeFeatures(nearest->features & ~have));
}

Result<ArtefactNote> checkedNote(std::string_view text) {
  Result<Signature> signature = Signature::parse(text);
  if (!signature)
    return signature.error();
  return ArtefactNote{std::move(*signature), std::string(text)};
}

} // namespace

Result<ArtefactNote> readArtefactNote(const std::string &path) {
  Result<File> file = File::open(path);
  if (!file)
    return file.error();
  std::string_view bytes(reinterpret_cast<const char *>(file->data()),
                         file->size());
  Result<std::string_view> note = findModelNote(bytes);
  if (!note)
    return makeError(inQuotes(path),
                     " is not a modc model: ", note.error().message());
  Result<ArtefactNote> checked = checkedNote(*note);
  if (!checked)
    return checked.error().within(inQuotes(path));
  // After the version, which says more about a library of another one.
  if (Status whole = checkSeal(bytes, *note); !whole)
    return whole.error().within(inQuotes(path));
  return checked;
}

Result<std::shared_ptr<const Model>> Model::open(const std::string &path) {
  Result<ArtefactNote> note = readArtefactNote(path);
  if (!note)
    return note.error();
  if (Status targets = checkTargets(note->signature); !targets)
    return targets.error().within(inQuotes(path));
  // The loader searches its own folders for a name without a slash.
  std::string name = path.find('/') == std::string::npos ? "./" + path : path;
  void *library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *reason = dlerror();
    return makeError("cannot load ", inQuotes(path), ": ",
                     reason ? reason : "unknown reason");
  }
  std::shared_ptr<void> keep(library, [](void *handle) { dlclose(handle); });
  auto entry =
      reinterpret_cast<modc_model_entry_fn>(dlsym(library, "modc_model_entry"));
  if (!entry)
    return makeError(inQuotes(path), " exports no modc_model_entry");
  auto model = make(entry, std::move(*note), std::move(keep));
  if (!model)
    return model.error().within(inQuotes(path));
  return model;
}

Result<std::shared_ptr<const Model>>
Model::fromEntry(modc_model_entry_fn entry, std::string_view signature,
                 std::shared_ptr<void> keep) {
  if (!entry)
    return Error("the model's entry is null");
  Result<ArtefactNote> note = checkedNote(signature);
  if (!note)
    return note.error();
  if (Status targets = checkTargets(note->signature); !targets)
    return targets.error();
  return make(entry, std::move(*note), std::move(keep));
}

Result<std::shared_ptr<const Model>> Model::make(modc_model_entry_fn entry,
                                                 ArtefactNote note,
                                                 std::shared_ptr<void> keep) {
  const modc_model *loaded = entry(MODC_ABI_VERSION, cpuFeatures());
  if (!loaded)
    return makeError("the model offers no variant for version ",
                     MODC_ABI_VERSION,
                     " of the model interface and a processor with ",
                     describeFeatures(cpuFeatures()));
  const Signature &signature = note.signature;
  if (loaded->abi != MODC_ABI_VERSION)
    return makeError("the model's table has version ", loaded->abi,
                     ", its signature version ", MODC_ABI_VERSION);
  if (loaded->program_count != int64_t(signature.programs.size()))
    return makeError("the model's table has ", loaded->program_count,
                     " programs, its signature ", signature.programs.size());
  for (size_t i = 0; i < signature.programs.size(); ++i) {
    const modc_program &program = loaded->programs[i];
    if (!program.name || !program.run || !program.workspace ||
        signature.programs[i].name != program.name)
      return makeError("program ", i, " of the model's table is not ",
                       inQuotes(signature.programs[i].name));
  }
  if (loaded->device_code_bytes < 0 ||
      (loaded->device_code_bytes > 0 && !loaded->device_code))
    return makeError("the model's table has ", loaded->device_code_bytes,
                     " bytes of device code",
                     loaded->device_code ? "" : " at no address");
  if (Status status = checkImages(signature, loaded->device_code_bytes);
      !status)
    return status.error();
  std::shared_ptr<Model> model(new Model());
  model->owner = std::move(keep);
  model->spec = std::move(note.signature);
  model->text = std::move(note.text);
  model->loaded = loaded;
  return std::shared_ptr<const Model>(std::move(model));
}

} // namespace modc
