//===- Session.h - A model with its weights, ready to run -------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A session owns what one user of a model changes: parameters, gradients,
// optimizer state and workspace. It checks each call against the signature, so
// that no caller can make compiled code leave its memory.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_SESSION_H
#define MODC_RUNTIME_SESSION_H

#include "runtime/Arena.h"
#include "runtime/Artefact.h"
#include "runtime/Executor.h"
#include "runtime/FloatMode.h"
#include "runtime/MirroredArena.h"
#include "runtime/Trace.h"
#include "runtime/devices/DevicePrograms.h"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace modc {

struct SessionOptions {
  /// Threads; 0 takes all processors. Ignored where `host` is given.
  int64_t workers = 1;
  /// Runs the parallel loops instead of the session's own threads. It must
  /// outlive the session.
  std::optional<modc_host> host;
  Allocator allocator = Allocator::standard();
  /// Told of what runs, where it is set. Launches of a device are regions of
  /// the worker that follows the last.
  TraceSink trace;
  /// Runs every program but `init`; null or the processor's: compiled
  /// functions do. One thread at a time uses a device, whatever sessions it
  /// serves.
  std::shared_ptr<Device> device;
  /// Told of what a user should know and no call fails of, in the call.
  WarningSink warn;
};

/// Memory of a program's buffer. Inputs are not written to.
struct Buffer {
  void *data = nullptr;
  int64_t bytes = 0;
};

/// Not safe for use by two threads at once; any number of sessions may run at
/// the same time, on one model or several.
class Session {
public:
  static Result<std::unique_ptr<Session>>
  create(std::shared_ptr<const Model> model, SessionOptions options = {});

  const Model &model() const { return *shared; }
  const Signature &signature() const { return shared->signature(); }
  int64_t workers() const { return host.workers; }
  const Allocator &allocator() const { return options.allocator; }
  /// Runs a loop on the threads of programs, between two calls. A trace does
  /// not show it.
  void parallelFor(int64_t tasks, modc_task body, void *context) const;
  /// Null if the processor runs programs.
  Device *device() const { return programs ? &programs->device() : nullptr; }

  /// Draws the parameters by the model's initialisers; the optimizer starts
  /// anew. The same seed gives the same parameters everywhere.
  Status init(uint64_t seed);

  /// Forgets the optimizer's state.
  Status resetState();

  /// Arenas as the signature lays them out, matrices row by row. Fails if one
  /// cannot be allocated, or a device does not hand out what it holds. With a
  /// device, or where programs keep a matrix in panels, a pointer's contents
  /// are those of the moment when it was asked for, and what is written before
  /// the next call reaches programs. Each pointer is valid as long as the
  /// session; what was written by one of `read`, or by one of `write` after a
  /// call, may be lost. Writing to parameters counts as having set them. After
  /// `m_step`, gradients are undefined for groups whose `touched` is 0; after
  /// `train_step` for all.
  enum class ArenaKind : uint8_t { Parameters, Gradients, State };
  Result<const void *> read(ArenaKind kind) const;
  Result<void *> write(ArenaKind kind);

  /// The same, null where they fail.
  void *parameters();
  const void *parameters() const;
  void *gradients();
  void *state();

  /// Gives back the copies of arenas that were made while it lives, so that who
  /// reads or writes weights in passing leaves one of them in memory.
  class CopyScope {
  public:
    explicit CopyScope(const Session &session);
    ~CopyScope();
    CopyScope(const CopyScope &) = delete;
    CopyScope &operator=(const CopyScope &) = delete;

  private:
    const Session &session;
    std::array<bool, 3> held;
  };

  /// True once parameters were drawn, loaded or handed out for writing.
  bool isInitialised() const { return hasParameters; }

  /// Runs a program (an index into the signature's) after checking number,
  /// size and overlap of the buffers, choices against the pools, labels
  /// against the classes. `buffers` are in the order of the signature; those
  /// that are not aligned to their elements are copied on the way in and out.
  /// `points` and `candidates` are N and S.
  Status call(int program, const Buffer *buffers, size_t bufferCount,
              int64_t points, int64_t candidates, const int64_t *integers,
              size_t integerCount, const double *reals, size_t realCount);

private:
  Session(std::shared_ptr<const Model> model, SessionOptions options);
  Status openDevice();
  MirroredArena makeArena(const std::vector<StoredTensor> &tensors,
                          int64_t bytes, const char *what) const;
  /// Brings the arenas that a program uses to where it works.
  Status fetchForProgram(const ProgramSpec &program);
  /// Those of programs, untraced.
  modc_host threads() const;
  MirroredArena &arena(ArenaKind kind) const { return arenas[size_t(kind)]; }
  Status checkBuffers(const ProgramSpec &program, const Buffer *buffers,
                      const std::vector<int64_t> &needed) const;
  Status checkContents(const ProgramSpec &program, const Buffer *buffers,
                       int64_t points, int64_t candidates) const;
  Status run(int index, const Buffer *buffers, const int64_t *sizes,
             const int64_t *integers, const double *reals);
  Status runOnDevice(int index, const Buffer *buffers, const int64_t *sizes,
                     const int64_t *integers, const double *reals);

  std::shared_ptr<const Model> shared;
  SessionOptions options;
  std::unique_ptr<Executor> executor;
  std::unique_ptr<FloatModeHost> foreign; ///< a host that the caller brought
  std::unique_ptr<TracedHost> traced;
  modc_host host = {};
  // Reading fetches what a device or programs hold.
  mutable std::array<MirroredArena, 3> arenas;
  Arena workspace, staging;
  /// Null without a device.
  std::unique_ptr<DevicePrograms> programs;
  bool hasParameters = false;
  // Reused by calls, so that a warm call allocates nothing.
  std::vector<int64_t> needed;
  std::vector<void *> pointers;
};

} // namespace modc

#endif // MODC_RUNTIME_SESSION_H
