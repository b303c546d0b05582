// RUN: modc-opt %s -verify-diagnostics -split-input-file

// One negative test for each constraint of the ops of kernels; the kernel is
// named after it.

gpu.module @kernels {
  gpu.func @launch_constant_c1() kernel {
    // expected-error @+1 {{'modular.launch_constant' op has index 32, a launch passes at most 32 constants}}
    %n = modular.launch_constant 32 : i32
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @launch_constant_c2() {
    // expected-error @+1 {{'modular.launch_constant' op stands outside a kernel}}
    %n = modular.launch_constant 0 : i32
    gpu.return
  }
}

// -----

func.func @launch_constant_c2_host() {
  // expected-error @+1 {{'modular.launch_constant' op stands outside a kernel}}
  %n = modular.launch_constant 0 : i32
  return
}

// -----

gpu.module @kernels {
  gpu.func @negative() kernel {
    // expected-error @+1 {{attribute 'index' failed to satisfy constraint: 32-bit signless integer attribute whose value is non-negative}}
    %n = modular.launch_constant -1 : i32
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @wide() kernel {
    // expected-error @+1 {{result #0 must be 32-bit signless integer or 32-bit float, but got 'i64'}}
    %n = modular.launch_constant 0 : i64
    gpu.return
  }
}
