// RUN: modc-opt %s -verify-diagnostics -split-input-file

// One negative test for each constraint of parameters, pools, applied modules and
// scans; the network is named after it.


modular.network @parameter_c1 {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.parameter' op has elements of type 'i32', not f32 or f64}}
    %p = modular.parameter "w" init(zeros) : tensor<2xi32>
    modular.yield %x : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @parameter_c1_empty {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.parameter' op has type 'tensor<2x0xf32>', which has no elements}}
    %p = modular.parameter "w" init(zeros) : tensor<2x0xf32>
    modular.yield %x : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @parameter_c1_dynamic {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{must be statically shaped tensor}}
    %p = modular.parameter "w" init(zeros) : tensor<?xf32>
    modular.yield %x : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @parameter_c2 {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.parameter' op is named 'a.b', but names hold letters, digits, '_' and '-' only}}
    %p = modular.parameter "a.b" init(zeros) : tensor<2xf32>
    modular.yield %x : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @parameter_c2_empty {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.parameter' op is named '', but names hold letters}}
    %p = modular.parameter "" init(zeros) : tensor<2xf32>
    modular.yield %x : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @parameter_c3 {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.parameter' op has initialiser 'constant' with values that are not finite in 'f32'}}
    %p = modular.parameter "p" init(constant(1.0e300)) : tensor<2xf32>
    modular.yield %x : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

// Both bounds are finite, their distance is not.

modular.network @parameter_c3_uniform {
  modular.module @m(%x: tensor<?x2xf64>) -> tensor<?x2xf64> {
    // expected-error @+1 {{'modular.parameter' op has initialiser 'uniform' with values that are not finite in 'f64'}}
    %p = modular.parameter "p" init(uniform(-1.0e308, 1.0e308)) : tensor<2xf64>
    modular.yield %x : tensor<?x2xf64>
  }
  modular.graph(%x: tensor<?x2xf64>) -> tensor<?x2xf64> {
    modular.output %x : tensor<?x2xf64>
  }
}

// -----

modular.network @parameter_c3_normal {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.parameter' op has initialiser 'normal' with values that are not finite in 'f32'}}
    %p = modular.parameter "p" init(normal(0.0, 1.0e38)) : tensor<2xf32>
    modular.yield %x : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @init_count {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{initialiser 'uniform' takes 2 values, got 1}}
    %p = modular.parameter "p" init(uniform(1.0)) : tensor<2xf32>
    modular.yield %x : tensor<?x2xf32>
  }
}

// -----

modular.network @init_order {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{initialiser 'uniform' needs ascending bounds, got 1.000000e+00 and -1.000000e+00}}
    %p = modular.parameter "p" init(uniform(1.0, -1.0)) : tensor<2xf32>
    modular.yield %x : tensor<?x2xf32>
  }
}

// -----

modular.network @init_deviation {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{initialiser 'normal' needs a standard deviation of at least 0, got -1.000000e+00}}
    %p = modular.parameter "p" init(normal(0.0, -1.0)) : tensor<2xf32>
    modular.yield %x : tensor<?x2xf32>
  }
}

// -----

modular.network @init_finite {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{initialiser 'constant' needs finite values}}
    %p = modular.parameter "p" init(constant(0x7FF0000000000000)) : tensor<2xf32>
    modular.yield %x : tensor<?x2xf32>
  }
}

// -----

modular.network @parameter_c3_good {
  modular.module @m(%x: tensor<?x2xf64>) -> tensor<?x2xf64> {
    %p = modular.parameter "p" init(constant(1.0e300)) : tensor<2xf64>
    modular.yield %x : tensor<?x2xf64>
  }
  modular.graph(%x: tensor<?x2xf64>) -> tensor<?x2xf64> {
    modular.output %x : tensor<?x2xf64>
  }
}

// -----

modular.network @pool_c1 {
  // expected-error @+1 {{'modular.pool' op has no members}}
  modular.pool @p []
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @pool_c2 {
  // expected-error @+1 {{'modular.pool' op names module '@m', which the network does not have}}
  modular.pool @p [@m]
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @pool_c3 {
  // expected-note @+1 {{module '@m' is here}}
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  // expected-note @+1 {{module '@n' is here}}
  modular.module @n(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {
    modular.yield %x : tensor<?x3xf32>
  }
  // expected-error @+1 {{'modular.pool' op has members with different interfaces: 'p.0' is '(tensor<?x2xf32>) -> tensor<?x2xf32>', 'p.2' is '(tensor<?x3xf32>) -> tensor<?x3xf32>'}}
  modular.pool @p [@m x 2, @n]
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @pool_c3_shared {
  // expected-note @+1 {{module '@m' is here}}
  modular.module @m(%x: tensor<?x2xf32>, %y: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  // expected-note @+1 {{module '@n' is here}}
  modular.module @n(%x: tensor<?x2xf32>, shared %y: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  // expected-error @+1 {{'p.1' is '(tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>' with 1 shared}}
  modular.pool @p [@m, @n]
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @pool_c4 {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  // expected-note @+1 {{by a member of this pool}}
  modular.pool @p [@m "a"]
  // expected-error @+1 {{'modular.pool' op has a member named 'a', a name that is taken}}
  modular.pool @q [@m "a"]
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @pool_c4_name {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  // expected-error @+1 {{'modular.pool' op has a member named 'a/b', but names hold letters, digits, '_', '-' and '.' only}}
  modular.pool @p [@m "a/b"]
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.output %x : tensor<?x2xf32>
  }
}

// -----

modular.network @apply_c1 {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.apply' op names module '@m', which the network does not have}}
    %y = modular.apply @m as "m"(%x) : (tensor<?x2xf32>) -> tensor<?x2xf32>
    modular.output %y : tensor<?x2xf32>
  }
}

// -----

modular.network @apply_c2 {
  // expected-note @+1 {{module '@m' is here}}
  modular.module @m(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {
    modular.yield %x : tensor<?x3xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.apply' op has operand 0 of type 'tensor<?x2xf32>' but that of module '@m' is 'tensor<?x3xf32>'}}
    %y = modular.apply @m as "m"(%x) : (tensor<?x2xf32>) -> tensor<?x2xf32>
    modular.output %y : tensor<?x2xf32>
  }
}

// -----

modular.network @apply_c2_result {
  // expected-note @+1 {{module '@m' is here}}
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x3xf32> {
    // expected-error @+1 {{'modular.apply' op has result 0 of type 'tensor<?x3xf32>' but that of module '@m' is 'tensor<?x2xf32>'}}
    %y = modular.apply @m as "m"(%x) : (tensor<?x2xf32>) -> tensor<?x3xf32>
    modular.output %y : tensor<?x3xf32>
  }
}

// -----

modular.network @apply_c3 {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.module @n(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-note @+1 {{which is applied here}}
    %y = modular.apply @m as "head"(%x) : (tensor<?x2xf32>) -> tensor<?x2xf32>
    // expected-error @+1 {{'modular.apply' op applies '@n' as 'head', but 'head' is an instance of '@m'}}
    %z = modular.apply @n as "head"(%y) : (tensor<?x2xf32>) -> tensor<?x2xf32>
    modular.output %z : tensor<?x2xf32>
  }
}

// -----

modular.network @apply_c4 {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.apply' op names its instance '', but names hold letters, digits, '_', '-' and '.' only}}
    %y = modular.apply @m as ""(%x) : (tensor<?x2xf32>) -> tensor<?x2xf32>
    modular.output %y : tensor<?x2xf32>
  }
}

// -----

modular.network @scan_c1 {
  modular.graph(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.scan' op has no sequence}}
    %h = modular.scan step(%t) carry(%hp = %x : tensor<?x2xf32>) over() -> tensor<?x2xf32> {
      modular.yield %hp : tensor<?x2xf32>
    }
    modular.output %h : tensor<?x2xf32>
  }
}

// -----

modular.network @scan_c1_rank {
  modular.graph(%x: tensor<?xf32>) -> tensor<?xf32> {
    // expected-error @+1 {{expected sequences of rank 2 or more, got 'tensor<?xf32>'}}
    %h = modular.scan step(%t) over(%e = %x : tensor<?xf32>) -> tensor<?xf32> {
      modular.yield %e : tensor<?xf32>
    }
    modular.output %h : tensor<?xf32>
  }
}

// -----

modular.network @scan_c1_lengths {
  modular.graph(%x: tensor<?x3x2xf32>, %y: tensor<?x4x2xf32>) -> tensor<?x3x2xf32> {
    // expected-error @+1 {{'modular.scan' op has sequences of different lengths: sequence 0 is 'tensor<?x3x2xf32>', sequence 1 is 'tensor<?x4x2xf32>'}}
    %h = modular.scan step(%t) over(%e = %x : tensor<?x3x2xf32>, %f = %y : tensor<?x4x2xf32>) -> tensor<?x3x2xf32> {
      modular.yield %e : tensor<?x2xf32>
    }
    modular.output %h : tensor<?x3x2xf32>
  }
}

// -----

modular.network @scan_c2 {
  modular.graph(%x: tensor<?x3x2xf32>) -> tensor<?x3x2xf32> {
    // expected-error @+1 {{'modular.scan' op has region argument 1 of type 'tensor<?x3xf32>' but that of step, carried values and elements is 'tensor<?x2xf32>'}}
    %h = "modular.scan"(%x) <{operandSegmentSizes = array<i32: 0, 1>}> ({
    ^bb0(%t: index, %e: tensor<?x3xf32>):
      modular.yield %e : tensor<?x3xf32>
    }) : (tensor<?x3x2xf32>) -> tensor<?x3x2xf32>
    modular.output %h : tensor<?x3x2xf32>
  }
}

// -----

modular.network @scan_c3 {
  modular.graph(%x: tensor<?x3x2xf32>) -> tensor<?x3x2xf32> {
    // expected-note @+1 {{the scan is here}}
    %h = modular.scan step(%t) over(%e = %x : tensor<?x3x2xf32>) -> tensor<?x3x2xf32> {
      // expected-error @+1 {{'modular.yield' op has 2 values but the scan has 1}}
      modular.yield %e, %e : tensor<?x2xf32>, tensor<?x2xf32>
    }
    modular.output %h : tensor<?x3x2xf32>
  }
}

// -----

modular.network @scan_c3_finals {
  modular.graph(%x: tensor<?x3x2xf32>, %h0: tensor<?x2xf32>) -> tensor<?x3xf32> {
    // expected-error @+1 {{'modular.scan' op has final result 0 of type 'tensor<?x3xf32>' but that of the carried values is 'tensor<?x2xf32>'}}
    %h = modular.scan step(%t) carry(%hp = %h0 : tensor<?x2xf32>) over(%e = %x : tensor<?x3x2xf32>) -> tensor<?x3xf32> {
      modular.yield %e : tensor<?x2xf32>
    }
    modular.output %h : tensor<?x3xf32>
  }
}

// -----

modular.network @scan_c3_missing {
  modular.graph(%x: tensor<?x3x2xf32>, %h0: tensor<?x2xf32>) -> tensor<?x2xf32> {
    // expected-error @+1 {{'modular.scan' op carries 1 values but has 0 results}}
    modular.scan step(%t) carry(%hp = %h0 : tensor<?x2xf32>) over(%e = %x : tensor<?x3x2xf32>) {
      modular.yield %e : tensor<?x2xf32>
    }
    modular.output %h0 : tensor<?x2xf32>
  }
}

// -----

modular.network @scan_c3_stacked {
  modular.graph(%x: tensor<?x3x2xf32>) -> tensor<?x4x2xf32> {
    // expected-error @+1 {{'modular.scan' op has stacked result 0 of type 'tensor<?x4x2xf32>', but sequence 0 is 'tensor<?x3x2xf32>'}}
    %h = modular.scan step(%t) over(%e = %x : tensor<?x3x2xf32>) -> tensor<?x4x2xf32> {
      modular.yield %e : tensor<?x2xf32>
    }
    modular.output %h : tensor<?x4x2xf32>
  }
}

// -----

modular.network @scan_c4 {
  modular.module @m(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
    modular.yield %x : tensor<?x2xf32>
  }
  modular.pool @p [@m x 2]
  modular.controller @c(%x: tensor<?x2xf32>) -> tensor<?x1x2xf32> {
    %s = modular.reshape %x : tensor<?x2xf32> -> tensor<?x1x2xf32>
    modular.yield %s : tensor<?x1x2xf32>
  }
  modular.graph(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
    // expected-error @+1 {{'modular.scan' op holds a layer, so dimension 1 of its sequences must be static, but sequence 0 is 'tensor<?x?x2xf32>'}}
    %h = modular.scan step(%t) over(%e = %x : tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
      // expected-note @+1 {{the layer is here}}
      %y = modular.layer @p(%e : tensor<?x2xf32>) by @c(%e : tensor<?x2xf32>) choose 1 compose sum -> tensor<?x2xf32>
      modular.yield %y : tensor<?x2xf32>
    }
    modular.output %h : tensor<?x?x2xf32>
  }
}
