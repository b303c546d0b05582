//===- DoubleBits.cpp - f64 by the integers of their bits -----------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Extension and addition of f32 to f64 as integer code, rounded as IEEE 754
// says. Once a program each, so that short code counts, not fast code.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/DoubleBits.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace modc;

/// The type with i64 for f64.
static Type replaceDouble(Type type) {
  if (type.isF64())
    return IntegerType::get(type.getContext(), 64);
  if (auto buffer = dyn_cast<MemRefType>(type))
    return buffer.clone(replaceDouble(buffer.getElementType()));
  return type;
}

static bool isDouble(Type type) { return replaceDouble(type) != type; }

static bool isExtended(Value value) {
  auto extension = value.getDefiningOp<arith::ExtFOp>();
  return extension && extension.getIn().getType().isF32();
}

/// Whether the op can do with the bits of its f64.
static bool isReplaced(Operation *op) {
  if (isa<memref::LoadOp, memref::StoreOp, memref::AllocOp, memref::AllocaOp,
          scf::ForOp, scf::IfOp, scf::WhileOp, scf::ConditionOp, scf::YieldOp,
          arith::ConstantOp, arith::SelectOp>(op))
    return true;
  if (isa<arith::ExtFOp>(op))
    return isExtended(op->getResult(0));
  return isa<arith::AddFOp>(op) && isExtended(op->getOperand(0)) &&
         isExtended(op->getOperand(1));
}

namespace {

struct BitBuilder : ImplicitLocOpBuilder {
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  /// An integer as wide as `like`.
  Value constant(Value like, int64_t value) {
    return arith::ConstantOp::create(*this,
                                     getIntegerAttr(like.getType(), value));
  }
  Value binaryAnd(Value a, Value b) {
    return arith::AndIOp::create(*this, a, b);
  }
  Value binaryAnd(Value a, int64_t b) { return binaryAnd(a, constant(a, b)); }
  Value binaryOr(Value a, Value b) { return arith::OrIOp::create(*this, a, b); }
  Value add(Value a, Value b) { return arith::AddIOp::create(*this, a, b); }
  Value sub(Value a, Value b) { return arith::SubIOp::create(*this, a, b); }
  Value left(Value a, Value by) { return arith::ShLIOp::create(*this, a, by); }
  Value left(Value a, int64_t by) { return left(a, constant(a, by)); }
  Value right(Value a, Value by) {
    return arith::ShRUIOp::create(*this, a, by);
  }
  Value right(Value a, int64_t by) { return right(a, constant(a, by)); }
  Value compare(arith::CmpIPredicate how, Value a, Value b) {
    return arith::CmpIOp::create(*this, how, a, b);
  }
  Value less(Value a, Value b) {
    return compare(arith::CmpIPredicate::ult, a, b);
  }
  Value equal(Value a, Value b) {
    return compare(arith::CmpIPredicate::eq, a, b);
  }
  Value equal(Value a, int64_t b) { return equal(a, constant(a, b)); }
  Value select(Value condition, Value a, Value b) {
    return arith::SelectOp::create(*this, condition, a, b);
  }
  Value widen(Value word) {
    return arith::ExtUIOp::create(*this, getI64Type(), word);
  }

  Value bits(Value single) {
    return arith::BitcastOp::create(*this, getI32Type(), single);
  }
  Value exponent(Value word) { return binaryAnd(right(word, 23), 0xff); }
  Value isSpecial(Value word) { return equal(exponent(word), 0xff); }
  /// The sign where f64 has it.
  Value sign(Value word) { return left(widen(right(word, 31)), 63); }

  /// The bits of an f64 from those of an f32.
  Value extend(Value word) {
    Value e = exponent(word);
    // 1023 − 127; once more for infinities and NaN.
    Value wide = add(e, constant(e, 896));
    wide = select(equal(e, 0xff), add(wide, constant(e, 896)), wide);
    Value rest = left(widen(binaryAnd(word, 0x7fffff)), 29);
    Value number = binaryOr(left(widen(wide), 52), rest);
    number = select(equal(e, 0), constant(number, 0), number);
    return binaryOr(sign(word), number);
  }

  /// The 24 bits of an f32's significand, moved to bits 32 to 55.
  Value significand(Value word) {
    Value whole = binaryOr(binaryAnd(word, 0x7fffff), constant(word, 0x800000));
    whole = select(equal(exponent(word), 0), constant(word, 0), whole);
    return left(widen(whole), 32);
  }

  Value sum(Value x, Value y);
};

} // namespace

/// The bits of the f64 nearest to the sum of two f32.
Value BitBuilder::sum(Value x, Value y) {
  Value swap = less(binaryAnd(x, 0x7fffffff), binaryAnd(y, 0x7fffffff));
  Value a = select(swap, y, x), b = select(swap, x, y);
  // b where a is, with a one at its end for all that is lost there.
  Value distance = widen(sub(exponent(a), exponent(b)));
  Value far = constant(distance, 60);
  distance = select(less(distance, far), distance, far);
  Value other = significand(b);
  Value moved = right(other, distance);
  Value lost = compare(arith::CmpIPredicate::ne, left(moved, distance), other);
  moved = binaryOr(moved, widen(lost));
  Value same = equal(sign(a), sign(b));
  Value first = significand(a);
  Value s = select(same, add(first, moved), sub(first, moved));
  Value zero = equal(s, 0);
  // The first bit to place 56.
  Value e = widen(exponent(a));
  for (int64_t by : {32, 16, 8, 4, 2, 1}) {
    Value low = less(s, constant(s, int64_t(1) << (57 - by)));
    s = select(low, left(s, by), s);
    e = select(low, sub(e, constant(e, by)), e);
  }
  // 53 bits: to nearest, of two to the even one. A carry goes on to the
  // exponent.
  Value kept = right(s, 4), rest = binaryAnd(s, 15);
  Value odd = binaryAnd(kept, 1);
  Value up = less(constant(s, 8), add(rest, odd));
  kept = add(kept, widen(up));
  Value biased = add(e, constant(e, 896)); // kept adds the leading one
  Value number = binaryOr(sign(a), add(left(biased, 52), kept));
  number = select(zero, binaryAnd(sign(a), sign(b)), number);
  // Infinities of two signs.
  Value opposed =
      binaryAnd(isSpecial(b), compare(arith::CmpIPredicate::ne, a, b));
  Value special =
      select(opposed, constant(number, 0x7ff8000000000000), extend(a));
  return select(isSpecial(a), special, number);
}

LogicalResult modc::replaceDoubles(gpu::GPUFuncOp kernel) {
  SmallVector<Operation *> arithmetic;
  WalkResult walk = kernel.getBody().walk([&](Operation *op) {
    auto uses = [](TypeRange types) {
      return llvm::any_of(types, [](Type type) {
        auto vector = dyn_cast<VectorType>(type);
        return vector ? vector.getElementType().isF64() : isDouble(type);
      });
    };
    if (!uses(op->getOperandTypes()) && !uses(op->getResultTypes()))
      return WalkResult::advance();
    if (!isReplaced(op)) {
      op->emitOpError("computes in 'f64'; kernels store extended 'f32', or the "
                      "sum of two");
      return WalkResult::interrupt();
    }
    if (isa<arith::ExtFOp, arith::AddFOp, arith::ConstantOp>(op))
      arithmetic.push_back(op);
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();
  // Sums before what they sum.
  for (Operation *op : llvm::reverse(arithmetic)) {
    BitBuilder b(op->getLoc(), op);
    Value bits;
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      APInt value =
          cast<FloatAttr>(constant.getValue()).getValue().bitcastToAPInt();
      bits = arith::ConstantOp::create(
          b, b.getI64IntegerAttr(value.getSExtValue()));
    } else if (auto sum = dyn_cast<arith::AddFOp>(op)) {
      auto getWord = [&](Value wide) {
        return b.bits(wide.getDefiningOp<arith::ExtFOp>().getIn());
      };
      bits = b.sum(getWord(sum.getLhs()), getWord(sum.getRhs()));
    } else {
      bits = b.extend(b.bits(op->getOperand(0)));
    }
    op->getResult(0).replaceAllUsesWith(bits);
    op->erase();
  }
  kernel.getBody().walk([](Block *block) {
    for (BlockArgument argument : block->getArguments())
      argument.setType(replaceDouble(argument.getType()));
  });
  kernel.getBody().walk([](Operation *op) {
    for (OpResult result : op->getResults())
      result.setType(replaceDouble(result.getType()));
  });
  SmallVector<Type> inputs;
  for (Type type : kernel.getArgumentTypes())
    inputs.push_back(replaceDouble(type));
  kernel.setFunctionType(FunctionType::get(kernel.getContext(), inputs, {}));
  return success();
}
