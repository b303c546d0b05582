// RUN: modc-opt %s -verify-diagnostics -split-input-file

// One negative test for each constraint of modular.layer; the network is named
// after it.

modular.network @layer_c1 {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.layer' op names pool '@experts', which the network does not have}}
    %y = modular.layer @experts(%x : tensor<?x2xf32>) by @router(%x : tensor<?x2xf32>)
        choose 1 compose sum -> tensor<?x2xf32>
    modular.output %y : tensor<?x2xf32>
  }
}

// -----

modular.network @layer_c1_controller {
  // expected-note @+1 {{'@m' is a 'modular.module'}}
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.pool @experts [@m x 2]
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.layer' op names controller '@m', which the network does not have}}
    %y = modular.layer @experts(%x : tensor<?x2xf32>) by @m(%x : tensor<?x2xf32>)
        choose 1 compose sum -> tensor<?x2xf32>
    modular.output %y : tensor<?x2xf32>
  }
}

// -----

modular.network @layer_c2 {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  // expected-note @+1 {{pool '@experts' is here}}
  modular.pool @experts [@m x 3]
  modular.controller @router(%s: tensor<?x4x3xf32>) -> tensor<?x4x3xf32> {
    modular.yield %s : tensor<?x4x3xf32>
  }
  modular.graph(%x: tensor<?x2xf32>, %s: tensor<?x4x3xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.layer' op chooses 4 modules but pool '@experts' has 3}}
    %y = modular.layer @experts(%x : tensor<?x2xf32>) by @router(%s : tensor<?x4x3xf32>)
        choose 4 compose sum -> tensor<?x2xf32>
    modular.output %y : tensor<?x2xf32>
  }
}

// -----

modular.network @layer_c2_zero {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.pool @experts [@m x 3]
  modular.controller @router(%s: tensor<?x1x3xf32>) -> tensor<?x1x3xf32> {
    modular.yield %s : tensor<?x1x3xf32>
  }
  modular.graph(%x: tensor<?x2xf32>, %s: tensor<?x1x3xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.layer' op chooses 0 modules, not at least 1}}
    %y = modular.layer @experts(%x : tensor<?x2xf32>) by @router(%s : tensor<?x1x3xf32>)
        choose 0 compose sum -> tensor<?x2xf32>
    modular.output %y : tensor<?x2xf32>
  }
}

// -----

modular.network @layer_c3 {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.pool @experts [@m x 3]
  // expected-note @+1 {{controller '@router' is here}}
  modular.controller @router(%s: tensor<?x1x4xf32>) -> tensor<?x1x4xf32> {
    modular.yield %s : tensor<?x1x4xf32>
  }
  modular.graph(%x: tensor<?x2xf32>, %s: tensor<?x1x4xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.layer' op chooses 1 of 3 modules but controller '@router' scores 1 picks of 4}}
    %y = modular.layer @experts(%x : tensor<?x2xf32>) by @router(%s : tensor<?x1x4xf32>)
        choose 1 compose sum -> tensor<?x2xf32>
    modular.output %y : tensor<?x2xf32>
  }
}

// -----

modular.network @layer_c4 {
  // expected-note @+1 {{module '@m' is here}}
  modular.module @m(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {
    modular.yield %x : tensor<?x3xf32>
  }
  modular.pool @experts [@m x 2]
  modular.controller @router(%s: tensor<?x1x2xf32>) -> tensor<?x1x2xf32> {
    modular.yield %s : tensor<?x1x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>, %s: tensor<?x1x2xf32>) -> tensor<?x3xf32> {
    // expected-error @+1 {{'modular.layer' op has row operand 0 of type 'tensor<?x2xf32>' but that of module '@m' is 'tensor<?x3xf32>'}}
    %y = modular.layer @experts(%x : tensor<?x2xf32>) by @router(%s : tensor<?x1x2xf32>)
        choose 1 compose sum -> tensor<?x3xf32>
    modular.output %y : tensor<?x3xf32>
  }
}

// -----

modular.network @layer_c4_shared {
  // expected-note @+1 {{module '@m' is here}}
  modular.module @m(%x: tensor<?x2xf32>, shared %t: tensor<4x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.pool @experts [@m x 2]
  modular.controller @router(%s: tensor<?x1x2xf32>) -> tensor<?x1x2xf32> {
    modular.yield %s : tensor<?x1x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>, %s: tensor<?x1x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.layer' op has 0 shared operands but module '@m' has 1}}
    %y = modular.layer @experts(%x : tensor<?x2xf32>) by @router(%s : tensor<?x1x2xf32>)
        choose 1 compose sum -> tensor<?x2xf32>
    modular.output %y : tensor<?x2xf32>
  }
}

// -----

// The slice of a point, not the operand, has the member's type.
modular.network @layer_c4_points {
  // expected-note @+1 {{module '@m' is here}}
  modular.module @m(%x: tensor<?x2xf32>, shared %t: tensor<4x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.pool @experts [@m x 2]
  modular.controller @router(%s: tensor<?x1x2xf32>) -> tensor<?x1x2xf32> {
    modular.yield %s : tensor<?x1x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>, %t: tensor<?x3x2xf32>, %s: tensor<?x1x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.layer' op has shared operand 0 of type 'tensor<3x2xf32>' but that of module '@m' is 'tensor<4x2xf32>'}}
    %y = modular.layer @experts(%x : tensor<?x2xf32> shared %t : tensor<?x3x2xf32>) by @router(%s : tensor<?x1x2xf32>)
        choose 1 compose sum -> tensor<?x2xf32>
    modular.output %y : tensor<?x2xf32>
  }
}

// -----

// Tokens have a row each: no slice for each point.
modular.network @layer_c4_point_rows {
  modular.module @m(%x: tensor<?x2xf32>, shared %t: tensor<2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.pool @experts [@m x 2]
  modular.controller @router(%x: tensor<?x2xf32>) -> tensor<?x1x2xf32> {
    %s = modular.reshape %x : tensor<?x2xf32> -> tensor<?x1x2xf32>
    modular.yield %s : tensor<?x1x2xf32>
  }
  modular.graph(%x: tensor<?x4x2xf32>) -> tensor<?x4x2xf32> {
    %r = tensor.collapse_shape %x [[0, 1], [2]] : tensor<?x4x2xf32> into tensor<?x2xf32>
    // expected-error @+1 {{'modular.layer' op mixes rows: a shared operand of type 'tensor<?x2xf32>' is rows in dimension 0, 4 for each input row, but it needs one slice for each point, in dimension 0}}
    %y = modular.layer @experts(%r : tensor<?x2xf32> shared %r : tensor<?x2xf32>) by @router(%r : tensor<?x2xf32>)
        choose 1 compose sum rows 4 -> tensor<?x2xf32>
    modular.output %x : tensor<?x4x2xf32>
  }
}

// -----

modular.network @layer_c5 {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.pool @experts [@m x 2]
  // expected-note @+1 {{controller '@router' is here}}
  modular.controller @router(%s: tensor<?x1x2xf32>) -> tensor<?x1x2xf32> {
    modular.yield %s : tensor<?x1x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.layer' op has controller operand 0 of type 'tensor<?x2xf32>' but that of controller '@router' is 'tensor<?x1x2xf32>'}}
    %y = modular.layer @experts(%x : tensor<?x2xf32>) by @router(%x : tensor<?x2xf32>)
        choose 1 compose sum -> tensor<?x2xf32>
    modular.output %y : tensor<?x2xf32>
  }
}

// -----

modular.network @layer_c6 {
  // expected-note @+1 {{module '@m' is here}}
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.pool @experts [@m x 2]
  modular.controller @router(%s: tensor<?x2x2xf32>) -> tensor<?x2x2xf32> {
    modular.yield %s : tensor<?x2x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>, %s: tensor<?x2x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.layer' op has result 0 of type 'tensor<?x2xf32>' but that of module '@m' is 'tensor<?x4xf32>'}}
    %y = modular.layer @experts(%x : tensor<?x2xf32>) by @router(%s : tensor<?x2x2xf32>)
        choose 2 compose concat -> tensor<?x2xf32>
    modular.output %y : tensor<?x2xf32>
  }
}

// -----

modular.network @layer_c6_concat {
  modular.module @m(%x: tensor<?xf32>) -> tensor<?xf32> {
    modular.yield %x : tensor<?xf32>
  }
  modular.pool @experts [@m x 2]
  modular.controller @router(%s: tensor<?x2x2xf32>) -> tensor<?x2x2xf32> {
    modular.yield %s : tensor<?x2x2xf32>
  }
  modular.graph(%x: tensor<?xf32>, %s: tensor<?x2x2xf32>) -> tensor<?xf32> {
    // expected-error @+1 {{'modular.layer' op can't concatenate results of type 'tensor<?xf32>'}}
    %y = modular.layer @experts(%x : tensor<?xf32>) by @router(%s : tensor<?x2x2xf32>)
        choose 2 compose concat -> tensor<?xf32>
    modular.output %y : tensor<?xf32>
  }
}

// -----

modular.network @layer_c6_selection {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.pool @experts [@m x 2]
  modular.controller @router(%s: tensor<?x1x2xf32>) -> tensor<?x1x2xf32> {
    modular.yield %s : tensor<?x1x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>, %s: tensor<?x1x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.layer' op gives its selection as '!modular.selection<1 of 3>' but chooses 1 of 2}}
    %y, %a = modular.layer @experts(%x : tensor<?x2xf32>) by @router(%s : tensor<?x1x2xf32>)
        choose 1 compose sum -> tensor<?x2xf32>, !modular.selection<1 of 3>
    modular.output %y : tensor<?x2xf32>
  }
}

// -----

modular.network @layer_c7 {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.pool @experts [@m x 2]
  modular.controller @router(%s: tensor<?x1x2xf32>) -> tensor<?x1x2xf32> {
    modular.yield %s : tensor<?x1x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>, %s: tensor<?x1x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.layer' op has gate 'soft', which goes with compose gated, but composes by 'sum'}}
    %y = modular.layer @experts(%x : tensor<?x2xf32>) by @router(%s : tensor<?x1x2xf32>)
        choose 1 compose sum gate soft -> tensor<?x2xf32>
    modular.output %y : tensor<?x2xf32>
  }
}

// -----

modular.network @layer_c7_count {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.pool @experts [@m x 2]
  modular.controller @router(%s: tensor<?x2x2xf32>) -> tensor<?x2x2xf32> {
    modular.yield %s : tensor<?x2x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>, %s: tensor<?x2x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.layer' op has gate 'fixed' and chooses 2, so it takes 2 gates, but has 1}}
    %y = modular.layer @experts(%x : tensor<?x2xf32>) by @router(%s : tensor<?x2x2xf32>)
        choose 2 compose gated gate fixed [0.5] -> tensor<?x2xf32>
    modular.output %y : tensor<?x2xf32>
  }
}

// -----

modular.network @layer_c7_finite {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.pool @experts [@m x 2]
  modular.controller @router(%s: tensor<?x1x2xf32>) -> tensor<?x1x2xf32> {
    modular.yield %s : tensor<?x1x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>, %s: tensor<?x1x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.layer' op has a gate that is not finite}}
    %y = modular.layer @experts(%x : tensor<?x2xf32>) by @router(%s : tensor<?x1x2xf32>)
        choose 1 compose gated gate fixed [0x7FF0000000000000] -> tensor<?x2xf32>
    modular.output %y : tensor<?x2xf32>
  }
}

// -----

modular.network @layer_c8 {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.pool @experts [@m x 2]
  modular.controller @router(%s: tensor<?x2x2xf32>) -> tensor<?x2x2xf32> {
    modular.yield %s : tensor<?x2x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>, %s: tensor<?x2x2xf32>) -> tensor<?x4xf32> {
    // expected-error @+1 {{'modular.layer' op counts duplicates once, which does not go with compose concat}}
    %y = modular.layer @experts(%x : tensor<?x2xf32>) by @router(%s : tensor<?x2x2xf32>)
        choose 2 compose concat duplicates once -> tensor<?x4xf32>
    modular.output %y : tensor<?x4xf32>
  }
}

// -----

modular.network @layer_c9 {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.pool @experts [@m x 2]
  modular.controller @router(%s: tensor<?x1x2xf32>) -> tensor<?x1x2xf32> {
    modular.yield %s : tensor<?x1x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>, %s: tensor<?x1x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.layer' op has 3 rows per point, but its operands have 1}}
    %y = modular.layer @experts(%x : tensor<?x2xf32>) by @router(%s : tensor<?x1x2xf32>)
        choose 1 compose sum rows 3 -> tensor<?x2xf32>
    modular.output %y : tensor<?x2xf32>
  }
}

// -----

modular.network @layer_c10 {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.pool @experts [@m x 2]
  modular.controller @router(%s: tensor<?x1x2xf32>) -> tensor<?x1x2xf32> {
    modular.yield %s : tensor<?x1x2xf32>
  }
  modular.module @outer(%x: tensor<?x2xf32>, %s: tensor<?x1x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.layer' op must stand in the graph or in a scan of the graph, but stands in 'modular.module'}}
    %y = modular.layer @experts(%x : tensor<?x2xf32>) by @router(%s : tensor<?x1x2xf32>)
        choose 1 compose sum -> tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @layer_c11 {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.pool @experts [@m x 2]
  modular.controller @router(%s: tensor<?x1x2xf32>) -> tensor<?x1x2xf32> {
    modular.yield %s : tensor<?x1x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>, %s: tensor<?x1x2xf32>) -> tensor<?x2xf32> {
    // expected-note @+1 {{by this layer}}
    %y = modular.layer @experts(%x : tensor<?x2xf32>) by @router(%s : tensor<?x1x2xf32>)
        choose 1 compose sum name "a" -> tensor<?x2xf32>
    // expected-error @+1 {{'modular.layer' op is named 'a', a name that is taken}}
    %z = modular.layer @experts(%y : tensor<?x2xf32>) by @router(%s : tensor<?x1x2xf32>)
        choose 1 compose sum name "a" -> tensor<?x2xf32>
    modular.output %z : tensor<?x2xf32>
  }
}
