// RUN: modc-opt %s -verify-diagnostics -split-input-file

// One negative test for each constraint of the short ops; the function is named
// after it.


func.func @linear_c1(%x: tensor<?x4xf32>, %w: tensor<4xf32>) {
  // expected-error @+1 {{'modular.linear' op needs a weight of rank 2, got 'tensor<4xf32>'}}
  %y = modular.linear %x, %w : tensor<?x4xf32>, tensor<4xf32> -> tensor<?x4xf32>
  return
}

// -----

func.func @linear_c1_leading(%x: tensor<?x3x4xf32>, %w: tensor<4x2xf32>) {
  // expected-error @+1 {{'modular.linear' op maps 'tensor<?x3x4xf32>' to 'tensor<?x5x2xf32>', which must have rank 2 or more and equal leading dimensions}}
  %y = modular.linear %x, %w : tensor<?x3x4xf32>, tensor<4x2xf32> -> tensor<?x5x2xf32>
  return
}

// -----

func.func @linear_c2(%x: tensor<?x3xf32>, %w: tensor<4x2xf32>) {
  // expected-error @+1 {{'modular.linear' op has rows of 'tensor<?x3xf32>' but weight 'tensor<4x2xf32>'}}
  %y = modular.linear %x, %w : tensor<?x3xf32>, tensor<4x2xf32> -> tensor<?x2xf32>
  return
}

// -----

func.func @linear_c2_result(%x: tensor<?x4xf32>, %w: tensor<4x2xf32>) {
  // expected-error @+1 {{'modular.linear' op has result 'tensor<?x3xf32>' but weight 'tensor<4x2xf32>': their last dimensions differ}}
  %y = modular.linear %x, %w : tensor<?x4xf32>, tensor<4x2xf32> -> tensor<?x3xf32>
  return
}

// -----

func.func @linear_c3(%x: tensor<?x4xf32>, %w: tensor<4x2xf32>, %b: tensor<3xf32>) {
  // expected-error @+1 {{'modular.linear' op has bias 'tensor<3xf32>' but weight 'tensor<4x2xf32>': their last dimensions differ}}
  %y = modular.linear %x, %w, %b : tensor<?x4xf32>, tensor<4x2xf32>, tensor<3xf32> -> tensor<?x2xf32>
  return
}

// -----

func.func @linear_c4(%x: tensor<?x4xf32>, %w: tensor<4x2xf64>) {
  // expected-error @+1 {{'modular.linear' op mixes element types: 'tensor<?x4xf32>', 'tensor<4x2xf64>', 'tensor<?x2xf32>'}}
  %y = modular.linear %x, %w : tensor<?x4xf32>, tensor<4x2xf64> -> tensor<?x2xf32>
  return
}

// -----

func.func @linear_c4_bias(%x: tensor<?x4xf32>, %w: tensor<4x2xf32>, %b: tensor<2xf64>) {
  // expected-error @+1 {{'modular.linear' op mixes element types: 'tensor<4x2xf32>', 'tensor<2xf64>'}}
  %y = modular.linear %x, %w, %b : tensor<?x4xf32>, tensor<4x2xf32>, tensor<2xf64> -> tensor<?x2xf32>
  return
}

// -----

func.func @reshape_c1(%x: tensor<?x4xf32>) {
  // expected-error @+1 {{'modular.reshape' op keeps the first dimension, but maps 'tensor<?x4xf32>' to 'tensor<2x4xf32>'}}
  %y = modular.reshape %x : tensor<?x4xf32> -> tensor<2x4xf32>
  return
}

// -----

func.func @reshape_c2(%x: tensor<?x4xf32>) {
  // expected-error @+1 {{'modular.reshape' op maps 'tensor<?x4xf32>', 4 elements a row, to 'tensor<?x3xf32>', 3}}
  %y = modular.reshape %x : tensor<?x4xf32> -> tensor<?x3xf32>
  return
}

// -----

func.func @reshape_c2_dynamic(%x: tensor<?x?xf32>) {
  // expected-error @+1 {{'modular.reshape' op needs all dimensions but the first static}}
  %y = modular.reshape %x : tensor<?x?xf32> -> tensor<?x3xf32>
  return
}

// -----

func.func @reshape_c3(%x: tensor<?x4xf32>) {
  // expected-error @+1 {{'modular.reshape' op mixes element types: 'tensor<?x4xf32>', 'tensor<?x2x2xi32>'}}
  %y = modular.reshape %x : tensor<?x4xf32> -> tensor<?x2x2xi32>
  return
}

// -----

func.func @pick_c1(%x: tensor<?x4xf32>, %i: tensor<?x4xi32>) {
  // expected-error @+1 {{'modular.pick' op picks from 'tensor<?x4xf32>' by 'tensor<?x4xi32>' into 'tensor<?xf32>', which must have the shape without the last dimension}}
  %y = modular.pick %x[%i] : tensor<?x4xf32>, tensor<?x4xi32> -> tensor<?xf32>
  return
}

// -----

func.func @pick_c2(%x: tensor<?x4xf32>, %i: tensor<?xi32>) {
  // expected-error @+1 {{'modular.pick' op mixes element types: 'tensor<?x4xf32>', 'tensor<?xf64>'}}
  %y = modular.pick %x[%i] : tensor<?x4xf32>, tensor<?xi32> -> tensor<?xf64>
  return
}
