// RUN: modc-opt %s -verify-diagnostics -split-input-file

// One negative test for each constraint of modular.network; the network is named
// after it.

// expected-error @+1 {{'modular.network' op '@network_c1' has no graph}}
modular.network @network_c1 {
}

// -----

modular.network @network_c1_two {
  // expected-note @+1 {{the first is here}}
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  // expected-error @+1 {{'modular.graph' op is the second of network '@network_c1_two', which has one}}
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @network_c2 {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  // expected-note @+1 {{the first is here}}
  modular.objective gaussian
  // expected-error @+1 {{'modular.objective' op is the second of network '@network_c2', which has one}}
  modular.objective laplace
}

// -----

modular.network @network_c2_optimizer {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  // expected-note @+1 {{the first is here}}
  modular.optimizer sgd
  // expected-error @+1 {{'modular.optimizer' op is the second of network '@network_c2_optimizer', which has one}}
  modular.optimizer adam
}

// -----

// expected-error @+1 {{'modular.network' op '@network_c3' computes in 'f16', not in f32 or f64}}
modular.network @network_c3 {
  modular.graph(%x: tensor<?x2xf16>) -> tensor<?x2xf16> {
    modular.output %x : tensor<?x2xf16>
  }
}

// -----

modular.network @network_c3_mixed {
  // expected-error @+1 {{'modular.module' op has a tensor of 'f64', but the network computes in 'f32'}}
  modular.module @m(%x: tensor<?x2xf64>) -> tensor<?x2xf64> {
    modular.yield %x : tensor<?x2xf64>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @network_c4 {
  // expected-note @+1 {{module '@a' is here}}
  modular.module @a(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %y = modular.apply @b as "b"(%x) : (tensor<?x2xf32>) -> tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.module @b(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.apply' op applies modules in a cycle: '@a' applies '@b' applies '@a'}}
    %y = modular.apply @a as "a"(%x) : (tensor<?x2xf32>) -> tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @network_c4_self {
  // expected-note @+1 {{module '@a' is here}}
  modular.module @a(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.apply' op applies modules in a cycle: '@a' applies '@a'}}
    %y = modular.apply @a as "a"(%x) : (tensor<?x2xf32>) -> tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @network_c5 {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-note @+1 {{by this parameter}}
    %a = modular.parameter "weight" init(zeros) : tensor<2x2xf32>
    // expected-error @+1 {{'modular.parameter' op is named 'graph.weight', a name that is taken}}
    %b = modular.parameter "weight" init(zeros) : tensor<2x2xf32>
    %y = modular.linear %x, %a : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
    %z = modular.linear %y, %b : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
    modular.output %z : tensor<?x2xf32>
  }
}

// -----

// A controller and an instance of one name.

modular.network @network_c5_instance {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-note @+1 {{by this parameter}}
    %w = modular.parameter "weight" init(zeros) : tensor<2x2xf32>
    %y = modular.linear %x, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %y = modular.apply @m as "router"(%x) : (tensor<?x2xf32>) -> tensor<?x2xf32>
    modular.output %y : tensor<?x2xf32>
  }
  modular.controller @router(%x: tensor<?x2xf32>) -> tensor<?x1x2xf32> {
    // expected-error @+1 {{'modular.parameter' op is named 'router.weight', a name that is taken}}
    %w = modular.parameter "weight" init(zeros) : tensor<2x2xf32>
    %s = modular.linear %x, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
    %scores = modular.reshape %s : tensor<?x2xf32> -> tensor<?x1x2xf32>
    modular.yield %scores : tensor<?x1x2xf32>
  }
}

// -----

// Forty modules, each of which applies the next one twice, would be 2^40
// instances; twenty-one are enough to see the limit.

// expected-error @+1 {{'modular.network' op has more than 1048576 parameters}}
modular.network @network_c5_many {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %w = modular.parameter "w" init(zeros) : tensor<2x2xf32>
    %y = modular.linear %x, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.module @n(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %0 = modular.apply @m as "0"(%x) : (tensor<?x2xf32>) -> tensor<?x2xf32>
    %1 = modular.apply @m as "1"(%0) : (tensor<?x2xf32>) -> tensor<?x2xf32>
    modular.yield %1 : tensor<?x2xf32>
  }
  modular.pool @a [@n x 524288]
  modular.pool @b [@m]
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @network_c6 {
  // expected-note @+1 {{the graph is here}}
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  // expected-error @+1 {{'modular.objective' op has first input 0 of type 'tensor<?xf32>' but that of the graph is 'tensor<?x2xf32>'}}
  modular.objective(%y: tensor<?xf32>) -> tensor<?xf32> {
    modular.yield %y : tensor<?xf32>
  }
}

// -----

modular.network @network_c7 {
  // expected-error @+1 {{'modular.graph' op has a tensor of type 'tensor<?x0xf32>', of which a dimension is 0}}
  modular.graph(%x: tensor<?x0xf32>) -> tensor<?x0xf32> {
    modular.output %x : tensor<?x0xf32>
  }
}

// -----

modular.network @network_c7_large {
  // expected-error @+1 {{'modular.graph' op has a tensor of type 'tensor<?x1048576x1048577xf32>', which has more than 2^40 elements}}
  modular.graph(%x: tensor<?x1048576x1048577xf32>) -> tensor<?x1048576x1048577xf32> {
    modular.output %x : tensor<?x1048576x1048577xf32>
  }
}

// -----

modular.network @network_c8 {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  // expected-error @+1 {{'arith.constant' op can't stand in a network, which holds modules, pools, controllers, a graph, an objective and an optimizer}}
  %c = arith.constant 1 : i32
}
