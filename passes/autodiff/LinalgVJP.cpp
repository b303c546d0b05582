//===- LinalgVJP.cpp - Derivatives of the linalg dialect ------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The body of a linalg.generic is differentiated with respect to each operand,
// as the body of a generic whose result has that operand's map. Named ops are
// generalized first.
//
//===----------------------------------------------------------------------===//

#include "passes/autodiff/LinalgVJP.h"
#include "dialect/ModularInterfaces.h"
#include "dialect/VJPBuilders.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include "passes/autodiff/RegisterVJP.h"

using namespace mlir;
using namespace modc;
using linalg::GenericOp;

namespace {

/// What a result of a generic is.
struct ResultForm {
  enum Kind {
    /// Each element is computed once; the init's element may be read.
    Elementwise,
    /// init ± Σ term over the reduction dimensions.
    Sum,
    /// The largest or smallest of the init and the terms.
    Extremum
  } kind = Elementwise;
  /// The scalar that the body adds or compares; for Elementwise, yields.
  Value term;
  bool negated = false;
  /// The op that combines term and init; null for Elementwise.
  Operation *combiner = nullptr;
};

class GenericAdjoint {
public:
  GenericAdjoint(GenericOp op, Operation *reported, ArrayRef<Value> cotangents,
                 ValueRange results, Differentiator &differentiator)
      : op(op), reported(reported), cotangents(cotangents), results(results),
        differentiator(differentiator) {}

  LogicalResult build(OpBuilder &builder);

private:
  /// A value that bodies read by an operand of the generic: its arguments.
  struct Source {
    Value operand;
    AffineMap map;
    /// What stands for it in the forward body; a captured scalar itself.
    Value inBody;
  };

  LogicalResult analyseResult(unsigned i);
  LogicalResult collectSources();
  LogicalResult countTies(OpBuilder &builder);
  LogicalResult buildCotangent(OpBuilder &builder, unsigned source);
  Value seed(OpBuilder &b, unsigned result, Value term, ValueRange extra);

  GenericOp op;
  /// The op that diagnostics name, where `op` is a generalized copy of it.
  Operation *reported;
  ArrayRef<Value> cotangents;
  ValueRange results;
  Differentiator &differentiator;
  SmallVector<ResultForm> forms;
  SmallVector<Source> sources;
  /// For extrema: how many terms equal the result.
  SmallVector<Value> ties;
};

} // namespace

LogicalResult GenericAdjoint::analyseResult(unsigned i) {
  Operation *yield = op.getBody()->getTerminator();
  Value yielded = yield->getOperand(i);
  BlockArgument out = op.getRegionOutputArgs()[i];
  ResultForm &form = forms.emplace_back();
  form.term = yielded;
  if (op.getNumReductionLoops() == 0)
    return success();
  Operation *combiner = yielded.getDefiningOp();
  auto fail = [&]() {
    return reported->emitOpError(
        "has no derivative: its reduction is not a sum, maximum or minimum");
  };
  if (!combiner || !out.hasOneUse() || !yielded.hasOneUse() ||
      *out.user_begin() != combiner)
    return fail();
  form.combiner = combiner;
  if (isa<arith::AddFOp>(combiner)) {
    form.kind = ResultForm::Sum;
  } else if (isa<arith::SubFOp>(combiner) && combiner->getOperand(0) == out) {
    form.kind = ResultForm::Sum;
    form.negated = true;
  } else if (isa<arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp,
                 arith::MinNumFOp>(combiner)) {
    form.kind = ResultForm::Extremum;
  } else {
    return fail();
  }
  form.term = combiner->getOperand(combiner->getOperand(0) == out ? 1 : 0);
  return success();
}

LogicalResult GenericAdjoint::collectSources() {
  for (auto [i, input] : llvm::enumerate(op.getInputs()))
    sources.push_back(
        {input, op.getIndexingMapsArray()[i], op.getBody()->getArgument(i)});
  // Without reductions an init is one more input, if it is read.
  for (auto [i, init] : llvm::enumerate(op.getOutputs()))
    if (forms[i].kind == ResultForm::Elementwise &&
        !op.getRegionOutputArgs()[i].use_empty())
      sources.push_back({init,
                         op.getMatchingIndexingMap(op.getDpsInitOperand(i)),
                         op.getRegionOutputArgs()[i]});
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  for (Value value : captured) {
    if (!differentiator.isActive(value))
      continue;
    if (!isa<FloatType>(value.getType()))
      return reported->emitOpError(
          "has no derivative: its body reads a tensor by index");
    sources.push_back(
        {value, AffineMap::get(op.getNumLoops(), 0, op.getContext()), value});
  }
  return success();
}

/// The cotangent of the term of result `i`. `extra` holds the element of the
/// result's cotangent and, for an extremum, of the result and its ties.
Value GenericAdjoint::seed(OpBuilder &b, unsigned i, Value term,
                           ValueRange extra) {
  Location loc = op.getLoc();
  const ResultForm &form = forms[i];
  if (form.negated)
    return arith::NegFOp::create(b, loc, extra[0]);
  if (form.kind != ResultForm::Extremum)
    return extra[0];
  Value hit =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, term, extra[1]);
  Value share = arith::DivFOp::create(b, loc, extra[0], extra[2]);
  Value zero = createZeros(b, loc, extra[0]);
  return arith::SelectOp::create(b, loc, hit, share, zero);
}

/// Clones the forward body without the ops that combine terms.
static void cloneBody(OpBuilder &b, GenericOp op, ArrayRef<ResultForm> forms,
                      IRMapping &mapping) {
  for (Operation &each : op.getBody()->without_terminator())
    if (llvm::none_of(forms, [&](const ResultForm &form) {
          return form.combiner == &each;
        }))
      b.clone(each, mapping);
}

LogicalResult GenericAdjoint::countTies(OpBuilder &builder) {
  // The gradient of an extremum is shared by all that are equal to it.
  Location loc = op.getLoc();
  ties.resize(forms.size());
  for (unsigned i = 0, e = forms.size(); i < e; ++i) {
    const ResultForm &form = forms[i];
    if (form.kind != ResultForm::Extremum || !cotangents[i])
      continue;
    Value init = op.getOutputs()[i], result = results[i];
    AffineMap outMap = op.getMatchingIndexingMap(op.getDpsInitOperand(i));
    auto count = [&](OpBuilder &b, Value x, Value y) -> Value {
      Value hit =
          arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, x, y);
      Type type = x.getType();
      Value one = arith::ConstantOp::create(b, loc, b.getFloatAttr(type, 1.0));
      return arith::SelectOp::create(b, loc, hit, one, createZeros(b, loc, x));
    };
    Value start =
        createElementwise(builder, loc, {init, result}, result,
                          [&](OpBuilder &b, Location, ValueRange x) -> Value {
                            return count(b, x[0], x[1]);
                          });
    SmallVector<Value> inputs = {result};
    SmallVector<AffineMap> maps = {outMap};
    for (const Source &source : sources) {
      inputs.push_back(source.operand);
      maps.push_back(source.map);
    }
    maps.push_back(outMap);
    ties[i] =
        createGeneric(builder, loc, inputs, maps, start,
                      [&](OpBuilder &b, Location, ValueRange x) -> Value {
                        IRMapping mapping;
                        for (auto [s, source] : llvm::enumerate(sources))
                          mapping.map(source.inBody, x[1 + s]);
                        cloneBody(b, op, forms, mapping);
                        Value hit =
                            count(b, mapping.lookupOrDefault(form.term), x[0]);
                        return arith::AddFOp::create(b, loc, x.back(), hit);
                      });
    eraseDeadOps(*ties[i].getDefiningOp<GenericOp>().getBody());
    ties[i] = dropUnusedInputs(builder, ties[i].getDefiningOp<GenericOp>())
                  .getResult(0);
    if (differentiator.isActive(init))
      differentiator.accumulate(
          builder, init,
          createElementwise(builder, loc,
                            {cotangents[i], result, ties[i], init}, init,
                            [&](OpBuilder &b, Location, ValueRange x) -> Value {
                              return seed(b, i, x[3], x.take_front(3));
                            }));
  }
  return success();
}

LogicalResult GenericAdjoint::buildCotangent(OpBuilder &builder,
                                             unsigned target) {
  Location loc = op.getLoc();
  Source &source = sources[target];
  // The cotangents first: so adjoints of contractions read as products with
  // them.
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  auto addInput = [&](Value value, AffineMap map) {
    inputs.push_back(value);
    maps.push_back(map);
  };
  SmallVector<unsigned> firstExtra(forms.size());
  for (auto [i, form] : llvm::enumerate(forms)) {
    if (!cotangents[i])
      continue;
    AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(i));
    firstExtra[i] = inputs.size();
    addInput(cotangents[i], map);
    if (form.kind == ResultForm::Extremum) {
      addInput(results[i], map);
      addInput(ties[i], map);
    }
  }
  unsigned firstSource = inputs.size();
  for (const Source &each : sources)
    addInput(each.operand, each.map);

  // A map such as (i + k) is not one of results: its dimensions become a tensor
  // that is folded afterwards.
  AffineMap resultMap = getUnfoldedMap(source.map);
  SmallVector<OpFoldResult> sizes =
      getLoopSizes(builder, op, resultMap.getResults());
  Type element = getElementTypeOrSelf(source.operand.getType());
  bool reduces = resultMap.getNumResults() < op.getNumLoops();
  Value init =
      reduces ? createZeros(builder, loc, sizes, element)
              : Value(tensor::EmptyOp::create(builder, loc, sizes, element));
  maps.push_back(resultMap);
  bool isZero = false;
  LogicalResult status = success();
  auto body = [&](OpBuilder &b, Location, ValueRange x) -> Value {
    IRMapping mapping;
    for (auto [s, each] : llvm::enumerate(sources))
      mapping.map(each.inBody, x[firstSource + s]);
    cloneBody(b, op, forms, mapping);
    SmallVector<Value> outputs, seeds, gradients;
    for (auto [i, form] : llvm::enumerate(forms)) {
      if (!cotangents[i])
        continue;
      Value term = mapping.lookupOrDefault(form.term);
      outputs.push_back(term);
      seeds.push_back(seed(b, i, term, x.drop_front(firstExtra[i])));
    }
    status = differentiator.differentiate(b, *b.getInsertionBlock(), outputs,
                                          seeds, x[firstSource + target],
                                          source.operand, gradients);
    isZero = failed(status) || !gradients[0];
    if (isZero)
      return x.back();
    return reduces ? arith::AddFOp::create(b, loc, x.back(), gradients[0])
                         .getResult()
                   : gradients[0];
  };
  Value result = createGeneric(builder, loc, inputs, maps, init, body);
  auto generic = result.getDefiningOp<GenericOp>();
  if (isZero) {
    generic.erase();
    return status;
  }
  eraseDeadOps(*generic.getBody());
  result = dropUnusedInputs(builder, generic).getResult(0);
  if (resultMap != source.map) {
    result = foldWindows(builder, loc, result, source.map, source.operand);
    if (!result)
      return reported->emitOpError("has no derivative: indexing map ")
             << AffineMapAttr::get(source.map) << " is not linear";
  }
  if (isa<FloatType>(source.operand.getType()))
    result = tensor::ExtractOp::create(builder, loc, result, ValueRange());
  else if (result.getType() != source.operand.getType())
    result =
        tensor::CastOp::create(builder, loc, source.operand.getType(), result);
  differentiator.accumulate(builder, source.operand, result);
  return success();
}

LogicalResult GenericAdjoint::build(OpBuilder &builder) {
  for (unsigned i = 0; i < op.getNumResults(); ++i)
    if (failed(analyseResult(i)))
      return failure();
  if (failed(collectSources()) || failed(countTies(builder)))
    return failure();
  for (auto [i, form] : llvm::enumerate(forms))
    if (form.kind == ResultForm::Sum)
      differentiator.accumulate(builder, op.getOutputs()[i], cotangents[i]);
  for (unsigned i = 0; i < sources.size(); ++i)
    if (differentiator.isActive(sources[i].operand) &&
        failed(buildCotangent(builder, i)))
      return failure();
  return success();
}

namespace {

template <typename OpTy>
struct LinalgVJP : VJPOpInterface::ExternalModel<LinalgVJP<OpTy>, OpTy> {
  LogicalResult buildVJP(Operation *op, OpBuilder &builder,
                         ArrayRef<Value> cotangents,
                         Differentiator &differentiator) const {
    if (auto generic = dyn_cast<GenericOp>(op))
      return GenericAdjoint(generic, op, cotangents, op->getResults(),
                            differentiator)
          .build(builder);
    // Differentiates a generalized copy, so that the forward op keeps its name.
    auto copy = cast<linalg::LinalgOp>(builder.clone(*op));
    IRRewriter rewriter(builder);
    rewriter.setInsertionPoint(copy);
    FailureOr<GenericOp> generic = linalg::generalizeNamedOp(rewriter, copy);
    if (failed(generic)) {
      copy->erase();
      return op->emitOpError("has no derivative");
    }
    LogicalResult result = GenericAdjoint(*generic, op, cotangents,
                                          op->getResults(), differentiator)
                               .build(builder);
    generic->erase();
    return result;
  }
};

/// y ∘ (dy − Σ dy·y), the sum over the softmax's dimension.
struct SoftmaxVJP
    : VJPOpInterface::ExternalModel<SoftmaxVJP, linalg::SoftmaxOp> {
  LogicalResult buildVJP(Operation *op, OpBuilder &builder,
                         ArrayRef<Value> cotangents,
                         Differentiator &differentiator) const {
    auto softmax = cast<linalg::SoftmaxOp>(op);
    Location loc = op->getLoc();
    Value y = op->getResult(0), dy = cotangents[0];
    auto type = cast<RankedTensorType>(y.getType());
    unsigned rank = type.getRank();
    uint64_t dim = softmax.getDimension();
    AffineMap all = builder.getMultiDimIdentityMap(rank);
    AffineMap others = all.dropResult(dim);
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, y);
    SmallVector<OpFoldResult> otherSizes = sizes;
    otherSizes.erase(otherSizes.begin() + dim);
    Value sum =
        createContraction(builder, loc, dy, y, all, all, others, otherSizes);
    Value empty =
        tensor::EmptyOp::create(builder, loc, sizes, type.getElementType());
    Value dx = createGeneric(
        builder, loc, {dy, y, sum}, {all, all, others, all}, empty,
        [](OpBuilder &b, Location l, ValueRange x) -> Value {
          Value rest = arith::SubFOp::create(b, l, x[0], x[2]);
          return arith::MulFOp::create(b, l, x[1], rest);
        });
    differentiator.accumulate(builder, softmax.getInput(), dx);
    return success();
  }
};

} // namespace

template <typename... Ops>
static void attach(MLIRContext *context) {
  (Ops::template attachInterface<LinalgVJP<Ops>>(*context), ...);
}

void modc::registerLinalgVJPModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, linalg::LinalgDialect *) {
    attach<
#define GET_OP_LIST
#include "mlir/Dialect/Linalg/IR/LinalgStructuredOps.cpp.inc"
        >(context);
    linalg::SoftmaxOp::attachInterface<SoftmaxVJP>(*context);
  });
}
