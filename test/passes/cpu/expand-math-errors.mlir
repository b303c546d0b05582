// RUN: modc-opt %s --modular-expand-math --split-input-file --verify-diagnostics

func.func @half(%x: f16) -> f16 {
  // expected-error @below {{'math.exp' op cannot be expanded for 'f16'}}
  %y = math.exp %x : f16
  return %y : f16
}

// -----

func.func @vector(%x: vector<4xf32>) -> vector<4xf32> {
  // expected-error @below {{'math.tanh' op cannot be expanded for 'vector<4xf32>'}}
  %y = math.tanh %x : vector<4xf32>
  return %y : vector<4xf32>
}
