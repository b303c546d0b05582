// RUN: modc-opt %s -verify-diagnostics -split-input-file

// One negative test for each constraint of modules, controllers, graphs, objectives
// and optimizers; the network is named after it.


modular.network @module_c1 {
  // expected-error @+1 {{'modular.module' op has input 0 of type 'tensor<4x2xf32>', but the first dimension counts rows and must be '?'}}
  modular.module @m(%x: tensor<4x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<4x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @module_c1_result {
  // expected-error @+1 {{'modular.module' op has result 0 of type 'tensor<4x2xf32>', but the first dimension counts rows and must be '?'}}
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<4x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @module_c2 {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'tensor.concat' op mixes rows: it concatenates along dimension 0, which holds the rows}}
    %y = tensor.concat dim(0) %x, %x : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
    modular.yield %y : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @module_c3 {
  // expected-note @+1 {{the result list is here}}
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x3xf32> {
    // expected-error @+1 {{'modular.yield' op has value 0 of type 'tensor<?x2xf32>' but that of the result list is 'tensor<?x3xf32>'}}
    modular.yield %x : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @module_c3_count {
  // expected-note @+1 {{the result list is here}}
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.yield' op has 2 values but the result list has 1}}
    modular.yield %x, %x : tensor<?x2xf32>, tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @module_c3_arguments {
  // expected-error @+1 {{'modular.module' op has region argument 0 of type 'tensor<?x2xf32>' but that of its type is 'tensor<?x3xf32>'}}
  "modular.module"() <{sym_name = "m", function_type = (tensor<?x3xf32>) -> tensor<?x2xf32>, arg_names = ["x"]}> ({
  ^bb0(%x: tensor<?x2xf32>):
    modular.yield %x : tensor<?x2xf32>
  }) : () -> ()
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @module_c3_names {
  // expected-error @+1 {{'modular.module' op has 1 input but 2 names}}
  "modular.module"() <{sym_name = "m", function_type = (tensor<?x2xf32>) -> tensor<?x2xf32>, arg_names = ["x", "y"]}> ({
  ^bb0(%x: tensor<?x2xf32>):
    modular.yield %x : tensor<?x2xf32>
  }) : () -> ()
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @module_c4 {
  // expected-error @+1 {{'modular.module' op has no row operand}}
  modular.module @m(shared %x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @module_c4_result {
  // expected-error @+1 {{'modular.module' op has no result}}
  modular.module @m(%x: tensor<?x2xf32>) {
    modular.yield
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @module_c4_shared {
  // expected-error @+1 {{'modular.module' op has 1 inputs, of which 2 are said to be shared}}
  "modular.module"() <{sym_name = "m", function_type = (tensor<?x2xf32>) -> tensor<?x2xf32>, arg_names = ["x"], shared = 2 : i64}> ({
  ^bb0(%x: tensor<?x2xf32>):
    modular.yield %x : tensor<?x2xf32>
  }) : () -> ()
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @controller_c1 {
  // expected-error @+1 {{'modular.controller' op must have one result, scores tensor<?xKxMxf> with K and M at least 1, but has 'tensor<?x2xf32>'}}
  modular.controller @c(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @controller_c1_zero {
  // expected-error @+1 {{'modular.controller' op must have one result, scores tensor<?xKxMxf> with K and M at least 1, but has 'tensor<?x1x0xf32>'}}
  modular.controller @c(%x: tensor<?x1x0xf32>) -> tensor<?x1x0xf32> {
    modular.yield %x : tensor<?x1x0xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @controller_c1_integers {
  // expected-error @+1 {{'modular.controller' op must have one result, scores tensor<?xKxMxf> with K and M at least 1, but has 'tensor<?x1x2xi32>'}}
  modular.controller @c(%x: tensor<?x1x2xi32>) -> tensor<?x1x2xi32> {
    modular.yield %x : tensor<?x1x2xi32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @controller_c1_rows {
  // expected-error @+1 {{'modular.controller' op has input 1 of type 'tensor<3xf32>', but the first dimension counts rows and must be '?'}}
  modular.controller @c(%x: tensor<?x1x2xf32>, %t: tensor<3xf32>) -> tensor<?x1x2xf32> {
    modular.yield %x : tensor<?x1x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @controller_c2 {
  modular.controller @c(%x: tensor<?x1x2xf32>) -> tensor<?x1x2xf32> {
    // expected-error @+1 {{'tensor.concat' op mixes rows}}
    %y = tensor.concat dim(0) %x, %x : (tensor<?x1x2xf32>, tensor<?x1x2xf32>) -> tensor<?x1x2xf32>
    modular.yield %y : tensor<?x1x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @controller_c3 {
  // expected-note @+1 {{the result list is here}}
  modular.controller @c(%x: tensor<?x2xf32>) -> tensor<?x1x2xf32> {
    // expected-error @+1 {{'modular.yield' op has value 0 of type 'tensor<?x2xf32>' but that of the result list is 'tensor<?x1x2xf32>'}}
    modular.yield %x : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @controller_c4 {
  // expected-error @+1 {{'modular.controller' op has distribution 42 : i64, which is no distribution of choices}}
  modular.controller @c(%x: tensor<?x1x2xf32>) -> tensor<?x1x2xf32> distribution(42) {
    modular.yield %x : tensor<?x1x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @graph_c1 {
  // expected-error @+1 {{'modular.graph' op has input 0 of type 'tensor<2xf32>', but the first dimension counts points and must be '?'}}
  modular.graph(%x: tensor<2xf32>) -> tensor<?xf32> {
    modular.output %x : tensor<2xf32>
  }
}

// -----

modular.network @graph_c2 {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'tensor.concat' op mixes rows}}
    %y = tensor.concat dim(0) %x, %x : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
    modular.output %y : tensor<?x2xf32>
  }
}

// -----

modular.network @graph_c3 {
  // expected-note @+1 {{the result list is here}}
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x3xf32> {
    // expected-error @+1 {{'modular.output' op has value 0 of type 'tensor<?x2xf32>' but that of the result list is 'tensor<?x3xf32>'}}
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @graph_c4 {
  // expected-error @+1 {{'modular.graph' op has no result}}
  modular.graph(%x: tensor<?x2xf32>) {
    modular.output
  }
}

// -----

// A layer-free scan too: a point's sequence has a static length.
modular.network @graph_c5 {
  // expected-error @+1 {{'modular.graph' op has input 0 of type 'tensor<?x?x2xf32>', but only the first dimension may be '?'}}
  modular.graph(%x: tensor<?x?x2xf32>, %h0: tensor<?x2xf32>) -> tensor<?x2xf32> {
    %h = modular.scan step(%t) carry(%s = %h0 : tensor<?x2xf32>) over(%e = %x : tensor<?x?x2xf32>) -> tensor<?x2xf32> {
      %a = arith.addf %s, %e : tensor<?x2xf32>
      modular.yield %a : tensor<?x2xf32>
    }
    modular.output %h : tensor<?x2xf32>
  }
}

// -----

modular.network @graph_c5_result {
  // expected-error @+1 {{'modular.graph' op has result 0 of type 'tensor<?x?xf32>', but only the first dimension may be '?'}}
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x?xf32> {
    %y = tensor.cast %x : tensor<?x2xf32> to tensor<?x?xf32>
    modular.output %y : tensor<?x?xf32>
  }
}

// -----

modular.network @graph_c4_floats {
  // expected-error @+1 {{'modular.graph' op has neither an input nor a result of floats}}
  modular.graph(%x: tensor<?x2xi32>) -> tensor<?x2xi32> {
    modular.output %x : tensor<?x2xi32>
  }
}

// -----

modular.network @objective_c1 {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  // expected-error @+1 {{'modular.objective' op needs a positive, finite sigma, got 0.000000e+00}}
  modular.objective gaussian(sigma = 0.0)
}

// -----

modular.network @objective_c1_finite {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  // expected-error @+1 {{'modular.objective' op needs a positive, finite scale, got}}
  modular.objective laplace(scale = 0x7FF0000000000000)
}

// -----

modular.network @objective_c1_neither {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  // expected-error @+1 {{'modular.objective' op is neither a shorthand nor a region}}
  "modular.objective"() <{kind = #modular<objective_kind custom>}> ({}) : () -> ()
}

// -----

modular.network @objective_c1_region {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  // expected-error @+1 {{'modular.objective' op is 'gaussian', which has no region}}
  "modular.objective"() <{kind = #modular<objective_kind gaussian>}> ({
  ^bb0(%y: tensor<?xf32>):
    modular.yield %y : tensor<?xf32>
  }) : () -> ()
}

// -----

modular.network @objective_c2 {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  // expected-error @+1 {{'modular.objective' op must have one result, log p of each point as tensor<?xf>, but has 'tensor<?x2xf32>'}}
  modular.objective(%y: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %y : tensor<?x2xf32>
  }
}

// -----

modular.network @objective_c2_rows {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  modular.objective(%y: tensor<?x2xf32>, %t: tensor<?xf32>) -> tensor<?xf32> {
    // expected-error @+1 {{'modular.softmax' op reads rows other than its own}}
    %p = modular.softmax %t : tensor<?xf32>
    modular.yield %p : tensor<?xf32>
  }
}

// -----

modular.network @objective_c3 {
  // expected-note @+1 {{the graph is here}}
  modular.graph(%x: tensor<?x2x3xf32>) -> tensor<?x2x3xf32> {
    modular.output %x : tensor<?x2x3xf32>
  }
  // expected-error @+1 {{'modular.objective' op is 'categorical', which takes one result tensor<?xDxf>, but the graph has 'tensor<?x2x3xf32>'}}
  modular.objective categorical
}

// -----

modular.network @optimizer_c1 {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  // expected-error @+1 {{'modular.optimizer' op is 'adam', which has no setting 'momentum', but beta1, beta2, epsilon}}
  modular.optimizer adam(momentum = 0.5)
}

// -----

modular.network @optimizer_c1_sgd {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  // expected-error @+1 {{'modular.optimizer' op is 'sgd', which has no setting 'momentum'}}
  modular.optimizer sgd(momentum = 0.5)
}

// -----

modular.network @optimizer_c1_finite {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  // expected-error @+1 {{'modular.optimizer' op needs a finite 'beta1', got}}
  modular.optimizer adam(beta1 = 0x7FF8000000000000)
}

// -----

modular.network @optimizer_c1_neither {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  // expected-error @+1 {{'modular.optimizer' op is neither a shorthand nor a region}}
  "modular.optimizer"() <{kind = #modular<optimizer_kind custom>}> ({}) : () -> ()
}

// -----

modular.network @optimizer_c3 {
  modular.graph(%x: tensor<?x2xf64>) -> tensor<?x2xf64> {
    modular.output %x : tensor<?x2xf64>
  }
  // expected-error @+1 {{'modular.optimizer' op needs 'beta1' to be at least 0 and below 1 in 'f64', got 1.000000e+00}}
  modular.optimizer adam(beta1 = 1.0)
}

// -----

modular.network @optimizer_c3_beta2 {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  // expected-error @+1 {{'modular.optimizer' op needs 'beta2' to be at least 0 and below 1 in 'f32', got 7.000000e+00}}
  modular.optimizer adam(beta2 = 7.0)
}

// -----

// It rounds to 1.

modular.network @optimizer_c3_rounded {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  // expected-error @+1 {{'modular.optimizer' op needs 'beta2' to be at least 0 and below 1 in 'f32', got}}
  modular.optimizer adam(beta2 = 0.999999999)
}

// -----

modular.network @optimizer_c3_momentum {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  // expected-error @+1 {{'modular.optimizer' op needs 'momentum' to be at least 0 and below 1 in 'f32', got -5.000000e-01}}
  modular.optimizer momentum(momentum = -0.5)
}

// -----

modular.network @optimizer_c3_decay {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  // expected-error @+1 {{'modular.optimizer' op needs 'decay' to be at least 0 and below 1 in 'f32', got 1.000000e+00}}
  modular.optimizer rmsprop(decay = 1.0)
}

// -----

modular.network @optimizer_c3_epsilon {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  // expected-error @+1 {{'modular.optimizer' op needs 'epsilon' to be a positive, normal number in 'f32', got -1.000000e+00}}
  modular.optimizer adam(epsilon = -1.0)
}

// -----

modular.network @optimizer_c3_epsilon_zero {
  modular.graph(%x: tensor<?x2xf64>) -> tensor<?x2xf64> {
    modular.output %x : tensor<?x2xf64>
  }
  // expected-error @+1 {{'modular.optimizer' op needs 'epsilon' to be a positive, normal number in 'f64', got 0.000000e+00}}
  modular.optimizer rmsprop(epsilon = 0.0)
}

// -----

// It rounds to 0.

modular.network @optimizer_c3_epsilon_rounded {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  // expected-error @+1 {{'modular.optimizer' op needs 'epsilon' to be a positive, normal number in 'f32', got}}
  modular.optimizer adam(epsilon = 1.0e-50)
}

// -----

// What f64 holds, and the ends of the ranges.

modular.network @optimizer_c3_good {
  modular.graph(%x: tensor<?x2xf64>) -> tensor<?x2xf64> {
    modular.output %x : tensor<?x2xf64>
  }
  modular.optimizer adam(beta1 = 0.0, beta2 = 0.999999999, epsilon = 1.0e-50)
}

// -----

modular.network @optimizer_c2 {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  // expected-error @+1 {{'modular.optimizer' op must take parameter, gradient, learning rate and step, but has 1 arguments}}
  modular.optimizer(%p: f32) {
    modular.yield %p : f32
  }
}

// -----

modular.network @optimizer_c2_types {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  // expected-error @+1 {{'modular.optimizer' op has argument 3 of type 'f64' but argument 0 is 'f32'}}
  modular.optimizer(%p: f32, %g: f32, %lr: f32, %t: f64) {
    modular.yield %p : f32
  }
}

// -----

modular.network @optimizer_c2_yield {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
  // expected-note @+1 {{the new parameter and state is here}}
  modular.optimizer(%p: f32, %g: f32, %lr: f32, %t: f32, %v: f32) {
    // expected-error @+1 {{'modular.yield' op has 1 value but the new parameter and state has 2}}
    modular.yield %p : f32
  }
}
