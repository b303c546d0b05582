//===- Dataset.h - Points to train on and to evaluate -----------*- C++ -*-===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads data for a model and checks it against the model's inputs and targets.
// Images stay bytes in memory; a batch is converted as it is gathered.
//
//===----------------------------------------------------------------------===//

#ifndef MODC_RUNTIME_DATASET_H
#define MODC_RUNTIME_DATASET_H

#include "runtime/BatchBuffers.h"
#include "runtime/Signature.h"
#include "runtime/formats/Tensor.h"

#include <cstdint>
#include <string>
#include <vector>

namespace modc {

enum class Split { Train, Test };

struct DataOptions {
  /// Of the built-in toy regression only.
  uint64_t seed = 0;
  int64_t toyPoints = 1000;
};

class Dataset {
public:
  /// Reads `source` for a model:
  ///   toy                     the built-in regression (ToyData.h)
  ///   fashion-mnist           Debian's dataset-fashion-mnist
  ///   images.idx:labels.idx   IDX files, gzip or not
  ///   x.npy:y.npy             one file per input, then one per target
  ///   file.csv                columns of the input, then of the target
  /// Bytes stand for x/255 where the model takes floats. Refuses another width
  /// than the model's, labels outside its classes, NaN and infinity, files of
  /// different numbers of points. `split` only matters for the first two.
  static Result<Dataset> open(const Signature &signature,
                              const std::string &source, Split split,
                              const DataOptions &options = {});

  /// Points in the caller's memory, one tensor per input and target, which must
  /// outlive the data set.
  static Result<Dataset> fromTensors(const Signature &signature,
                                     std::string name,
                                     std::vector<Tensor> inputs,
                                     std::vector<Tensor> wanted);

  const std::string &name() const { return source; }
  int64_t points() const { return count; }

  /// Which rule made each point, where that is known (toy); else empty.
  const std::vector<int32_t> &components() const { return rules; }
  /// Labels of the points, if the model is a classifier; else empty.
  std::vector<int32_t> labels() const;

  /// Copies points into the input and target buffers of a set, converted, on
  /// the session's threads.
  void gather(const Session &session, const int64_t *indices, int64_t number,
              const BatchBuffers &buffers) const;

  /// A hash of all that training sees, to tell data sets apart.
  std::string fingerprint() const;

private:
  struct Column {
    std::string name;
    DType type = DType::F32; // what the model takes
    int64_t width = 1;
    Tensor tensor; // of that type, or bytes
    bool isLabel = false;
  };
  void gatherPart(const int64_t *indices, int64_t first, int64_t last,
                  const BatchBuffers &buffers) const;
  Status addColumn(const TensorSpec &spec, Tensor tensor, int64_t classes);

  std::string source;
  int64_t count = 0;
  std::vector<Column> columns;
  std::vector<int32_t> rules;
};

} // namespace modc

#endif // MODC_RUNTIME_DATASET_H
