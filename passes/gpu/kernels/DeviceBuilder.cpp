//===- DeviceBuilder.cpp - Short forms for building kernels ---------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// See the header.
//
//===----------------------------------------------------------------------===//

#include "passes/gpu/kernels/DeviceBuilder.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace modc;

Value DeviceBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(*this, value);
}

Value DeviceBuilder::integer(int32_t value) {
  return arith::ConstantOp::create(*this, getI32IntegerAttr(value));
}

Value DeviceBuilder::real(float value) {
  return arith::ConstantOp::create(*this, getF32FloatAttr(value));
}

Value DeviceBuilder::add(Value a, Value b) {
  return createOrFold<arith::AddIOp>(a, b);
}

Value DeviceBuilder::sub(Value a, Value b) {
  return createOrFold<arith::SubIOp>(a, b);
}

Value DeviceBuilder::mul(Value a, int64_t b) {
  return b == 1 ? a : createOrFold<arith::MulIOp>(a, index(b));
}

Value DeviceBuilder::div(Value a, int64_t b) {
  return b == 1 ? a : createOrFold<arith::DivUIOp>(a, index(b));
}

Value DeviceBuilder::rem(Value a, int64_t b) {
  return b == 1 ? index(0) : createOrFold<arith::RemUIOp>(a, index(b));
}

Value DeviceBuilder::min(Value a, Value b) {
  return createOrFold<arith::MinUIOp>(a, b);
}

Value DeviceBuilder::less(Value a, Value b) {
  return createOrFold<arith::CmpIOp>(arith::CmpIPredicate::ult, a, b);
}

Value DeviceBuilder::equal(Value a, Value b) {
  return createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq, a, b);
}

Value DeviceBuilder::both(Value a, Value b) {
  if (!a || !b)
    return a ? a : b;
  return createOrFold<arith::AndIOp>(a, b);
}

Value DeviceBuilder::select(Value condition, Value yes, Value no) {
  if (!condition)
    return yes;
  // SPIR-V before 1.4 selects vectors by vectors only.
  if (auto type = dyn_cast<VectorType>(yes.getType()))
    condition =
        vector::BroadcastOp::create(*this, type.clone(getI1Type()), condition);
  return createOrFold<arith::SelectOp>(condition, yes, no);
}

Value DeviceBuilder::toIndex(Value value) {
  return createOrFold<arith::IndexCastUIOp>(getIndexType(), value);
}

Value DeviceBuilder::toInteger(Value value) {
  return createOrFold<arith::IndexCastUIOp>(getI32Type(), value);
}

Value DeviceBuilder::count(Value condition) {
  return select(condition, integer(1), integer(0));
}

Value DeviceBuilder::load(Value buffer, ValueRange at) {
  return memref::LoadOp::create(*this, buffer, at);
}

void DeviceBuilder::store(Value value, Value buffer, ValueRange at) {
  memref::StoreOp::create(*this, value, buffer, at);
}

void DeviceBuilder::atomicAdd(Value value, Value buffer, ValueRange at) {
  memref::AtomicRMWOp::create(*this, arith::AtomicRMWKind::addi, value, buffer,
                              at);
}

Value DeviceBuilder::thread() {
  return gpu::ThreadIdOp::create(*this, gpu::Dimension::x);
}

Value DeviceBuilder::group(gpu::Dimension dimension) {
  return gpu::BlockIdOp::create(*this, dimension);
}

Value DeviceBuilder::shared(int64_t size, Type element) {
  auto space =
      gpu::AddressSpaceAttr::get(getContext(), gpu::AddressSpace::Workgroup);
  return memref::AllocOp::create(
      *this,
      MemRefType::get({size}, element, MemRefLayoutAttrInterface(), space));
}

DeviceBuilder::Values DeviceBuilder::fourPlaces(Value first, int64_t size) {
  Values places;
  bool whole = size % 4 == 0;
  if (whole)
    first = clamp(first, size - 4);
  for (int64_t i = 0; i < 4; ++i) {
    Value place = add(first, i);
    places.push_back(whole ? place : clamp(place, size - 1));
  }
  return places;
}

Value DeviceBuilder::vector(ValueRange lanes) {
  return vector::FromElementsOp::create(*this, vector4(), lanes);
}

Value DeviceBuilder::lane(Value vector, int64_t i) {
  return vector::ExtractOp::create(*this, vector, i);
}

Value DeviceBuilder::splat(Value scalar) {
  return vector::BroadcastOp::create(*this, vector4(), scalar);
}

Value DeviceBuilder::fma(Value a, Value b, Value c) {
  return math::FmaOp::create(*this, a, b, c);
}

DeviceBuilder::Values DeviceBuilder::loop(Value first, Value last, Value step,
                                          ValueRange inits, LoopBody body) {
  auto op = scf::ForOp::create(*this, first, last, step, inits);
  OpBuilder::InsertionGuard guard(*this);
  // A loop without carried values comes with its terminator.
  setInsertionPointToStart(op.getBody());
  Values results = body(op.getInductionVar(), op.getRegionIterArgs());
  if (!inits.empty())
    scf::YieldOp::create(*this, results);
  return llvm::to_vector_of<Value>(op.getResults());
}

void DeviceBuilder::loop(Value first, Value last, int64_t step,
                         llvm::function_ref<void(Value)> body) {
  loop(first, last, step, {}, [&](Value i, ValueRange) {
    body(i);
    return Values();
  });
}

void DeviceBuilder::when(Value condition, llvm::function_ref<void()> body) {
  if (!condition)
    return body();
  auto op = scf::IfOp::create(*this, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(op.thenBlock());
  body();
}

void DeviceBuilder::each(Value count, int64_t threads,
                         llvm::function_ref<void(Value)> body) {
  Value own = thread();
  IntegerAttr known;
  matchPattern(count, m_Constant(&known));
  if (known && known.getInt() == threads)
    return body(own);
  if (known && known.getInt() < threads)
    return when(less(own, count), [&] { body(own); });
  loop(index(0), count, threads, [&](Value round) {
    Value i = add(round, own);
    bool full = known && known.getInt() % threads == 0;
    when(full ? Value() : less(i, count), [&] { body(i); });
  });
}

DeviceBuilder::Sums DeviceBuilder::scan(Value value, int64_t threads,
                                        Value scratch) {
  assert(llvm::isPowerOf2_64(threads));
  Value own = thread();
  barrier();
  store(value, scratch, own);
  barrier();
  // Sums over 1, 2, 4, … neighbours (Hillis and Steele 1986).
  Value sum = value;
  for (int64_t step = 1; step < threads; step *= 2) {
    Value reaches = less(index(step - 1), own);
    Value from = select(reaches, sub(own, index(step)), own);
    sum = add(sum, select(reaches, load(scratch, from), integer(0)));
    barrier();
    store(sum, scratch, own);
    barrier();
  }
  Value all = load(scratch, index(threads - 1));
  barrier();
  return {sub(sum, value), all};
}
