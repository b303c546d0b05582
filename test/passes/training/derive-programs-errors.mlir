// RUN: modc-opt %s --modular-derive-programs -split-input-file -verify-diagnostics

// expected-error @below {{expected one 'modular.network', found 0}}
module {
}

// -----

modular.network @dynamic {
  modular.module @m(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {
    modular.yield %x : tensor<?x3xf32>
  }
  modular.pool @p [@m x 2]
  modular.controller @c(%x: tensor<?x3xf32>) -> tensor<?x1x2xf32> {
    %w = modular.parameter "weight" init(zeros) : tensor<3x2xf32>
    %s = modular.linear %x, %w : tensor<?x3xf32>, tensor<3x2xf32> -> tensor<?x2xf32>
    %r = modular.reshape %s : tensor<?x2xf32> -> tensor<?x1x2xf32>
    modular.yield %r : tensor<?x1x2xf32>
  }
  modular.graph(%xs: tensor<?x?x3xf32>, %h0: tensor<?x3xf32>) -> tensor<?x3xf32> {
    // expected-error @below {{holds a layer, so dimension 1 of its sequences must be static}}
    %h = modular.scan step(%t) carry(%hp = %h0 : tensor<?x3xf32>) over(%x = %xs : tensor<?x?x3xf32>)
        -> tensor<?x3xf32> {
      // expected-note @below {{the layer is here}}
      %hn = modular.layer @p(%x : tensor<?x3xf32>) by @c(%hp : tensor<?x3xf32>) choose 1 compose sum -> tensor<?x3xf32>
      modular.yield %hn : tensor<?x3xf32>
    }
    modular.output %h : tensor<?x3xf32>
  }
}
